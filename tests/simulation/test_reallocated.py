"""The random shop with reallocations among its commands: on both databases the same, and no rule ever broken.

Policies are random too. Some plans are committed at once, some after others changed lines, some are undone.
BACKORDER_REALLOCATION_SEEDS sets the number of seeds (6 by default), BACKORDER_SIMULATION_SEED the first.
"""

import os
import random
from collections.abc import Iterator

import pytest
from simulation.world import CUSTOMERS, SKUS, World
from state import apply, state

from backorder.queries import check
from backorder.queries.reallocation import show_run
from backorder.storage.db import Database, open_database

SEEDS = int(os.environ.get("BACKORDER_REALLOCATION_SEEDS", "6"))
FIRST_SEED = int(os.environ.get("BACKORDER_SIMULATION_SEED", "1"))
ROUNDS = 22
STRATEGIES = ("win", "gain", "redistribute", "redistribute", "fill", "lose", "improve", "skip")
RANKINGS = (["priority", "first_promise"], ["-id"], ["-placed_at"], ["quantity", "promise"], ["late_already", "wait"])


@pytest.fixture
def databases(sqlite_url: str, postgresql_url: str) -> Iterator[list[Database]]:
    opened = [open_database(url) for url in (sqlite_url, postgresql_url)]
    yield opened
    for database in opened:
        database.close()


def policy(chance: random.Random) -> dict:
    """Up to three segments, each with a filter but the last."""
    segments = []
    for n in range(chance.randint(1, 3)):
        segment = {"name": f"S{n}", "strategy": chance.choice(STRATEGIES), "ranking": chance.choice(RANKINGS)}
        named = {"customer": [chance.choice((*CUSTOMERS, ""))]}, {"sku": [chance.choice(SKUS)]}, {"state": ["late"]}
        segment["filter"] = chance.choice((*named, {"quantity": {"at_least": 2 + n}}))
        if segment["strategy"] == "redistribute":
            segment["sharing"] = chance.choice(("strict", "proportional", "max_min", "equal"))
        if segment["strategy"] not in {"lose", "skip"} and chance.random() < 0.2:
            segment["maximum"] = {"units": chance.randint(1, 6), "days": 7}
        if all(other["filter"] != segment["filter"] for other in segments):
            segments.append(segment)
    if chance.random() < 0.5:
        segments.append({"name": "rest", "strategy": chance.choice(STRATEGIES)})
    options = {
        "take_allocated": chance.random() < 0.4,
        "take_held": chance.random() < 0.3,
        "violated": chance.choice(("leave", "report", "stop")),
        "keep_days": 30,
    }
    if chance.random() < 0.3:
        options["changes_max"] = chance.randint(0, 4)
    if chance.random() < 0.3:
        options["freeze_days"] = chance.randint(0, 6)
    return {"do": "put_policy", "policy": "P", "segments": segments, **options}


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
def test_runs_among_other_commands_break_no_rule(seed: int, databases: list[Database]) -> None:
    world, chance = World(seed), random.Random(seed)
    _both(databases, world, world.opening())
    for turn in range(ROUNDS):
        _both(databases, world, [world.command() for _ in range(chance.randint(2, 6))])
        run = {"run": f"R-{turn}", "policy": "P"}
        _both(databases, world, [policy(chance), {"do": "reallocate", **run}])
        before = [state(database)["lines"] for database in databases]
        pinned = _pinned(databases[0])
        if chance.random() < 0.4:
            _both(databases, world, [world.command() for _ in range(chance.randint(1, 3))])
            before, pinned = [], _pinned(databases[0])
        answers = _both(databases, world, [{"do": "commit_plan", "run": run["run"]}])
        for database in databases:
            _comes_out_as_told(database, run["run"], answers[0], quiet=bool(before))
            assert _pinned(database) == pinned, f"seed {seed}, turn {turn}"
        if chance.random() < 0.4:
            if chance.random() < 0.3:
                _both(databases, world, [world.command()])
                before = []
            _both(databases, world, [{"do": "undo_plan", "run": run["run"]}])
            for database, lines in zip(databases, before, strict=False):
                after = state(database)["lines"]
                assert {key: values[:9] for key, values in after.items()} == {
                    key: values[:9] for key, values in lines.items()
                }, f"seed {seed}, turn {turn}"


def _both(databases: list[Database], world: World, batch: list[dict]) -> list[str]:
    """Give commands to both databases: the same answers, the same state, no rule broken."""
    answers = [[outcome.outcome.value for outcome in apply(db, world.now, batch)] for db in databases]
    assert answers[0] == answers[1], batch
    assert state(databases[0]) == state(databases[1]), batch
    for database in databases:
        assert check.run(database) == [], batch
    for command, word in zip(batch, answers[0], strict=True):
        world.heard(command, word)
    return answers[0]


def _pinned(db: Database) -> dict:
    """What persons pinned: units by line and supply. No run moves any of it."""
    return {key: values[-1][-1] for key, values in state(db)["lines"].items() if values[-1][-1]}


def _comes_out_as_told(db: Database, run: str, word: str, *, quiet: bool) -> None:
    """Every line that was to change did or refused; where it was `quiet` in between, none refused."""
    seen = show_run(db, run)
    if seen is not None and word == "changed":
        assert seen.state == "committed"
        assert seen.totals.applied + seen.totals.refused == seen.totals.changed
        assert not (quiet and seen.totals.refused)
