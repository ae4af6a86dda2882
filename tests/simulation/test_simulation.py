"""Random commands on SQLite, PostgreSQL and the oracle side by side: the same outcomes, the same state, no finding.

BACKORDER_SIMULATION_STEPS sets the number of steps in all (20,000 by default), BACKORDER_SIMULATION_SEED the first
seed: a failure names the seed that replays it alone.
"""

import os
import random
from collections.abc import Iterator

import pytest
from oracle import Oracle
from simulation.world import World
from state import apply, state

from backorder.commands import WORDS
from backorder.queries import check
from backorder.storage.db import Database, open_database

STEPS = int(os.environ.get("BACKORDER_SIMULATION_STEPS", "20000"))
STEPS_A_SEED = 250
FIRST_SEED = int(os.environ.get("BACKORDER_SIMULATION_SEED", "1"))


@pytest.fixture
def databases(sqlite_url: str, postgresql_url: str) -> Iterator[list[Database]]:
    opened = [open_database(url) for url in (sqlite_url, postgresql_url)]
    yield opened
    for database in opened:
        database.close()


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + max(1, STEPS // STEPS_A_SEED)))
def test_three_implementations_agree_after_every_batch(seed: int, databases: list[Database]) -> None:
    world, oracle, chance = World(seed), Oracle(), random.Random(seed)
    replay = f"replay with BACKORDER_SIMULATION_SEED={seed} BACKORDER_SIMULATION_STEPS=1"
    steps = 0
    batch = world.opening()
    while steps < STEPS_A_SEED:
        now = world.now
        wanted = [oracle.apply(command, now) for command in batch]
        for command, answer in zip(batch, wanted, strict=True):
            world.heard(command, answer[0] if isinstance(answer, tuple) else answer)
        for database in databases:
            outcomes = apply(database, now, batch)
            found = [_answer(command, outcome) for command, outcome in zip(batch, outcomes, strict=True)]
            for command, one, other in zip(batch, wanted, found, strict=True):
                assert other == one, f"{replay}, step {steps}, {database.dialect}: {command}"
            wrong = _differences(oracle.state(), state(database))
            assert not wrong, f"{replay}, step {steps}, {database.dialect}, after {batch}: {wrong}"
            assert check.run(database) == [], f"{replay}, step {steps}, {database.dialect}, after {batch}"
        steps += len(batch)
        batch = [world.command() for _ in range(chance.choice((1, 1, 1, 2, 4, 8)))]


def _answer(command: dict, outcome) -> object:
    """An outcome as the oracle tells it."""
    word = outcome.outcome.value
    if command["do"] in {"place_order", "add_lines"} and outcome.lines:
        accepted = "accepted"
        return word, [
            (line.outcome.value, line.promise if line.outcome.value == accepted else None) for line in outcome.lines
        ]
    return word


def _differences(one: dict, other: dict) -> list[str]:
    """What differs, subject by subject."""
    found = []
    for part, wants in one.items():
        has = other[part]
        for key in sorted(wants.keys() | has.keys(), key=str):
            wanted, is_ = wants.get(key), has.get(key)
            if wanted != is_:
                found.append(f"{key}: oracle {wanted}, database {is_}")
    return found


# What customers are owed is random in a year of its own (`test_owed_year.py`), which an auditor judges, not the oracle.
OWED = {
    "put_communication",
    "put_pack",
    "send_notice",
    "suppress_notice",
    "record_notice",
    "answer_notice",
    "record_refund",
}
# Runs are random in `test_reallocated.py`: what is planned is the planner's own oracle's affair.
RUNS = {"put_policy", "reallocate", "commit_plan", "undo_plan"}
# What changes no line of an order, or only when it takes effect as an answer: crashed too, and tested by themselves.
BESIDE = {
    "watch_item",
    "unwatch_item",
    "put_status_link",
    "revoke_status_link",
    "choose_answer",
    "withdraw_answer",
    "put_view",
    "drop_view",
    "put_webhook",
    "enable_webhook",
    "disable_webhook",
    "test_webhook",
    "replay_webhook",
}


def test_the_world_gives_every_command() -> None:
    given = set()
    for seed in range(8):
        world = World(seed)
        given |= {command["do"] for command in world.opening()}
        given |= {world.command()["do"] for _ in range(STEPS_A_SEED)}
    assert given | OWED | RUNS | BESIDE == set(WORDS)
