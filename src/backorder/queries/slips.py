"""A table of answers: what would happen if a supply came so many days later, for several such days at once."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select

from backorder.kernel.calendars import NEVER, day_number
from backorder.kernel.cases import Case
from backorder.kernel.notices import RUNNING, owed, strictest
from backorder.kernel.outcomes import Outcome
from backorder.queries.touched import Touched
from backorder.queries.whatif import SupplySlips, what_if
from backorder.storage import cases
from backorder.storage.communication import load_rules
from backorder.storage.conditions import LINE_OPEN
from backorder.storage.db import Database
from backorder.storage.tables import lines

_NO_DAY = date.max


class Slip(NamedTuple):
    """What so many `days` later would do: lines whose promise gets later, customers who are to be told of it, those
    of them whose silence would end the order, and the last day that one of the lines would have.

    `latest` is None where one would have no day, or no line is later.
    """

    days: int
    lines: int
    customers: int
    must_agree: int
    latest: date | None
    undated: int


def few_wait(db: Database, sku: str, most: int) -> bool:
    """Whether no more than so many lines wait for an item: all of them are planned anew for each answer."""
    waiting = select(lines.c.line).where(lines.c.sku == sku, LINE_OPEN, lines.c.waiting > 0).limit(most + 1)
    with db.read() as tx:
        return bool(tx.fetch(select(func.count()).select_from(waiting.subquery()))[0][0] <= most)


def slips(db: Database, now: int, supply: str, days: Sequence[int]) -> list[Slip] | Outcome:
    """The answers for each number of days; or the Outcome that says why it cannot slip. `now` is in microseconds.

    A fixed number of statements for each, however many lines wait.
    """
    found = list[tuple[int, list[Touched], int]]()
    for count in days:
        one = what_if(db, now, [SupplySlips(supply=supply, days=count)])
        if isinstance(one, Outcome):
            return one
        later = [line for line in one.lines if line.effect == "later"]
        found.append((count, later, one.totals.later.customers))
    asked = _asked(db, sorted({line.order for _, later, _ in found for line in later}))
    answers = []
    for count, later, customers in found:
        last = max((line.promise_after or _NO_DAY for line in later), default=_NO_DAY)
        undated = sum(line.promise_after is None for line in later)
        agree = _must_agree(asked, later)
        answers.append(Slip(count, len(later), customers, agree, None if last == _NO_DAY else last, undated))
    return answers


def _asked(db: Database, names: Sequence[str]) -> Mapping[str, Case]:
    """The orders as they are told of, with the clocks of the law that run for them."""
    with db.read() as tx:
        rules = load_rules(tx) if names else None
        if rules is None:
            return {}
        return cases.load(tx, rules, dict.fromkeys(names, ()), telling=False, lock=False).cases


def _must_agree(asked: Mapping[str, Case], later: Sequence[Touched]) -> int:
    """How many customers would have to say yes: those whose silence ends the order or part of it."""
    planned = {
        (line.order, line.line): NEVER if line.planned_after is None else day_number(line.planned_after)
        for line in later
    }
    found = set()
    for touched in {line.order: line for line in later}.values():
        case = asked.get(touched.order)
        if case is None:
            continue
        owing = [
            owed(wait.pack, wait.clock, line.later(wait, planned[touched.order, line.line]))
            for line in case.lines
            if (touched.order, line.line) in planned
            for wait in line.waits
            if wait.clock.state in RUNNING
        ]
        notice = strictest(tuple(one for one in owing if one is not None))
        if notice is not None and notice.silence == "cancel":
            found.add(touched.customer or ("order", touched.order))
    return len(found)
