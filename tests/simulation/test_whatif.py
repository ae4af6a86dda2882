"""What would happen is what then happens: answers of `what_if` against the real commands, in random small shops.

The real command is run in a rehearsal, which is given up; the what-if itself may leave no trace at all.
"""

import random
from datetime import date, datetime, timedelta

import pytest
from simulation.world import SITES, SKUS, World
from sqlalchemy import select
from state import apply, state

from backorder.kernel.calendars import moment_number
from backorder.kernel.outcomes import Outcome
from backorder.queries import whatif
from backorder.queries.touched import WhatIf
from backorder.storage import tables as t
from backorder.storage.db import Database

SEEDS = 5
WARM_UP, QUESTIONS = 60, 20


def everything(db: Database) -> dict[str, list]:
    """Every row of every table."""
    with db.read() as tx:
        return {table.name: sorted(map(repr, tx.fetch(select(table)))) for table in t.metadata.sorted_tables}


class Asker:
    """Thinks of what might happen, and says which commands would make it so."""

    def __init__(self, seed: int, db: Database) -> None:
        self._random, self._db = random.Random(seed), db

    def ask(self, today: date) -> tuple[whatif.If, list[dict]]:
        """A change, and the commands."""
        ask = (self._slip, self._cancel, self._short, self._more, self._cancel_order, self._policy)
        return self._random.choice(ask)(today)

    def _one(self, *columns, of) -> tuple:
        with self._db.read() as tx:
            rows = tx.fetch(select(*columns).where(of).order_by(*columns))
        return self._random.choice(rows) if rows and self._random.random() < 0.97 else (*("none" for _ in columns),)

    def _supply(self) -> tuple:
        s = t.supplies
        found = self._one(s.c.supply, s.c.available_on, of=s.c.kind != "stock")
        return found if found[0] != "none" else ("none", 20_800)

    def _slip(self, today: date) -> tuple[whatif.If, list[dict]]:
        supply, planned = self._supply()
        days = self._random.choice((-6, -1, 1, 3, 9))
        to = date(1970, 1, 1) + timedelta(days=planned + days)
        asked = whatif.SupplySlips(supply=supply, to=to) if self._random.random() < 0.4 else None
        do = {"do": "reschedule_supply", "supply": supply, "expected_on": to.isoformat()}
        return asked or whatif.SupplySlips(supply=supply, days=days), [do]

    def _cancel(self, _: date) -> tuple[whatif.If, list[dict]]:
        supply, quantity = self._supply()[0], self._random.choice((None, 1, 2, 4))
        more = {} if quantity is None else {"quantity": quantity}
        return whatif.SupplyCancelled(supply=supply, **more), [{"do": "cancel_supply", "supply": supply, **more}]

    def _short(self, _: date) -> tuple[whatif.If, list[dict]]:
        supply, quantity = self._supply()[0], self._random.choice((0, 1, 2, 5))
        do = {"do": "receive_supply", "supply": supply, "receipt": "short", "quantity": quantity, "final": True}
        return whatif.SupplyShort(supply=supply, quantity=quantity), [do]

    def _more(self, today: date) -> tuple[whatif.If, list[dict]]:
        said = {"sku": self._random.choice(SKUS), "site": self._random.choice(SITES), "supply": "more"}
        said["quantity"] = self._random.randint(1, 20)
        day = today + timedelta(days=self._random.randint(-1, 15))
        do = {"do": "announce_supply", **said, "expected_on": day.isoformat()}
        return whatif.MoreComes(**said, expected_on=day), [do]

    def _cancel_order(self, _: date) -> tuple[whatif.If, list[dict]]:
        lines = t.lines
        order, line = self._one(lines.c.order_id, lines.c.line, of=lines.c.waiting + lines.c.allocated > 0)
        if self._random.random() < 0.5:
            with self._db.read() as tx:
                mine = lines.c.order_id == order
                rows = tx.fetch(
                    select(lines.c.line)
                    .where(mine, lines.c.waiting + lines.c.allocated - lines.c.picked > 0)
                    .order_by(lines.c.position)
                )
            each = [{"do": "cancel_line", "order": order, "line": row[0]} for row in rows]
            return whatif.OrderCancelled(order=order), each or [{"do": "cancel_line", "order": order, "line": line}]
        more = self._random.choice(({}, {"quantity": 1}, {"quantity": 3}))
        do = {"do": "cancel_line", "order": order, "line": line, **more}
        return whatif.OrderCancelled(order=order, line=line, **more), [do]

    def _policy(self, today: date) -> tuple[whatif.If, list[dict]]:
        released = today + timedelta(days=self._random.randint(2, 12))
        changes = (
            {"safety_stock": self._random.randint(0, 4)},
            {"coverage": self._random.choice(("inbound", "lead_time", None))},
            {"lead_time_days": self._random.choice((None, 3, 15))},
            {"selling": "preorder", "released_on": released},
            {"selling": self._random.choice((None, "stock_only", "backorder"))},
            {"backorder_cap": 3, "max_wait_days": 9},
        )
        said = {"sku": self._random.choice(SKUS), **self._random.choice(changes)}
        told = {name: value.isoformat() if isinstance(value, date) else value for name, value in said.items()}
        return whatif.PolicyChanges(**said), [{"do": "put_item", **told}]


def live(db: Database, world: World, steps: int) -> None:
    """Let things happen, in batches of which each ends where time passes."""
    batch = []
    for step in range(steps):
        now = world.now
        batch.append((now, world.command()))
        if world.now != now or step == steps - 1:
            outcomes = apply(db, now, [command for _, command in batch])
            for (_, command), outcome in zip(batch, outcomes, strict=True):
                world.heard(command, outcome.outcome.value)
            batch = []


def really(db: Database, now: datetime, commands: list[dict]) -> tuple[list[Outcome], dict]:
    """What the commands answer, and the lines that they leave otherwise: days and cancelled units before and after."""
    with db.rehearse() as stage:
        before = state(stage)["lines"]
        outcomes = apply(stage, now, commands)
        after = state(stage)["lines"]
    found = {}
    for key, now_ in after.items():
        one, other = (_stands(row) for row in (before[key], now_))
        if one != other:
            found[key] = one[:2], other[:2], now_[3] - before[key][3], one[2], other[2]
    return outcomes, found


def _stands(row: tuple) -> tuple:
    waiting, allocated, _, cancelled, _, promise, planned, _, pegs, *_ = row
    still_open = waiting + allocated > 0
    days = (promise if still_open else None, planned if still_open else None)
    return *days, waiting + allocated, waiting, allocated, cancelled, pegs


def told(answer: WhatIf) -> dict:
    """The answer in the same form."""
    days = {}
    for line in answer.lines:
        before = _text(line.promise_before), _text(line.planned_before)
        after = _text(line.promise_after), _text(line.planned_after)
        left = line.units - line.units_cancelled
        days[line.order, line.line] = before, after, line.units_cancelled, line.units, left
    return days


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_what_would_happen_is_what_happens(seed: int, db: Database) -> None:
    world, asker = World(seed), Asker(seed, db)
    apply(db, world.now, world.opening())
    live(db, world, WARM_UP)
    answered = touched = 0
    for step in range(QUESTIONS):
        live(db, world, 4)
        asked, commands = asker.ask(world.now.date())
        whole = everything(db)
        answer = whatif.what_if(db, moment_number(world.now), [asked])
        assert everything(db) == whole, f"seed {seed}, step {step}: {asked} left something behind"
        outcomes, happens = really(db, world.now, commands)
        assert everything(db) == whole
        where = f"seed {seed}, step {step}: {asked}"
        if isinstance(answer, Outcome):
            same = {outcome.outcome.value for outcome in outcomes}
            assert answer.outcome.value in same or same <= {"not_allowed", "already_shipped", "too_many"}, where
            assert not happens, where
            assert answer.field, where
            continue
        answered += 1
        touched += bool(happens)
        assert told(answer) == happens, where
        totals = answer.totals
        counted = totals.later.lines + totals.earlier.lines + totals.cancelled.lines + totals.kept
        assert counted == len(answer.lines), where
    assert answered > QUESTIONS // 3
    assert touched > QUESTIONS // 6


@pytest.mark.parametrize("seed", range(1, 4))
def test_changes_happen_one_after_another(seed: int, db: Database) -> None:
    world, asker = World(seed), Asker(seed, db)
    apply(db, world.now, world.opening())
    live(db, world, 120)
    pairs = []
    while len(pairs) < 3:  # none that is refused, and none twice, which the second time would be
        asked, commands = asker.ask(world.now.date())
        answer = whatif.what_if(db, moment_number(world.now), [*(one for one, _ in pairs), asked])
        if not isinstance(answer, Outcome):
            pairs.append((asked, commands))
    answer = whatif.what_if(db, moment_number(world.now), [one for one, _ in pairs])
    assert isinstance(answer, WhatIf)
    outcomes, happens = really(db, world.now, [command for _, commands in pairs for command in commands])
    assert told(answer) == happens, (pairs, outcomes)
