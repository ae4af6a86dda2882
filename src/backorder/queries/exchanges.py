"""What lines of a plan take and give: from whom and to whom, and whose they are and what of. Bounded reads."""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from sqlalchemy import BindParameter, bindparam, select

from backorder.kernel.private import only_with
from backorder.queries.reallocation import PlanLineView
from backorder.storage.db import Database, Tx, among
from backorder.storage.reallocation_tables import plan_lines
from backorder.storage.tables import items, lines, orders, people

PARTNERS_MAX = 2_000  # lines that are looked at to find who takes from whom; beyond, nobody is named

Key = tuple[str, str]


class Other(msgspec.Struct):
    """A line that units come from, or go to."""

    order: str
    line: str
    units: int


class Exchange(msgspec.Struct):
    """Units of a supply that a line takes, or gives where they are negative, and the `others` who give or take them.

    Of units that two lines want it is not said which is whose: they are counted off against one another, those who
    lose first. `free` are those that nobody held before, or nobody takes after; null where that is not known.
    """

    supply: str
    units: int
    others: list[Other]
    free: int | None


class Told(msgspec.Struct):
    """A line of a plan, told: its item and its units that wait, whose it is, and what it takes and gives."""

    sku: str
    item: str | None
    units: int
    customer: str | None
    exchanges: list[Exchange]
    customer_name: Annotated[str | None, only_with("customers.read")] = None


class _Partner(NamedTuple):
    """A line of a plan with what it gets more, or fewer, of each supply."""

    key: Key
    lost: bool
    n: int
    more: dict[str, int]


_ABOUT = (
    select(
        lines.c.order_id, lines.c.line, lines.c.sku, items.c.name, plan_lines.c.waiting, orders.c.customer,
        people.c.name, plan_lines.c.part,
    )
    .select_from(
        plan_lines.join(
            lines, (lines.c.order_id == plan_lines.c.order_id) & (lines.c.line == plan_lines.c.line)
        )
        .join(orders, orders.c.order_id == lines.c.order_id)
        .join(items, items.c.sku == lines.c.sku)
        .outerjoin(people, people.c.customer == orders.c.customer)
    )
    .where(plan_lines.c.run == bindparam("run"), among(plan_lines.c.order_id, "orders"))
)  # fmt: skip
_PARTS: BindParameter[int] = bindparam("parts", expanding=True)
_PARTNERS = (
    select(
        plan_lines.c.part, plan_lines.c.n, plan_lines.c.order_id, plan_lines.c.line, plan_lines.c.outcome,
        plan_lines.c.before_pegs, plan_lines.c.after_pegs,
    )
    .where(plan_lines.c.run == bindparam("run"), plan_lines.c.part.in_(_PARTS))
    .order_by(plan_lines.c.part)
    .limit(PARTNERS_MAX + 1)
)  # fmt: skip


def tell(db: Database, run: str, rows: Sequence[PlanLineView]) -> dict[Key, Told]:
    """What there is to tell of lines of a run's plan, by their orders and lines. Two statements, however long it is."""
    if not rows:
        return {}
    with db.read() as tx:
        about = {(row[0], row[1]): row[2:] for row in tx.fetch(_ABOUT, run=run, orders=_orders(rows))}
        exchanges = _exchanges(tx, run, {about[key][-1] for row in rows if (key := (row.order, row.line)) in about})
    found = {}
    for row in rows:
        key = row.order, row.line
        if key in about:
            sku, item, units, customer, name, _ = about[key]
            mine = exchanges[key] if key in exchanges else _alone(row)
            found[key] = Told(sku, item, int(units), customer, mine, name)
    return found


def _orders(rows: Sequence[PlanLineView]) -> list[str]:
    return sorted({row.order for row in rows})


def _alone(row: PlanLineView) -> list[Exchange]:
    """What a line takes and gives, where it is not known from whom and to whom."""
    held = ([[one.supply, None, one.quantity] for one in side] for side in (row.before, row.after))
    return [Exchange(supply, units, [], None) for supply, units in sorted(_more(*held).items())]


def _exchanges(tx: Tx, run: str, parts: set[int]) -> dict[Key, list[Exchange]]:
    """What the lines of these parts take from and give to one another; parts that are too large are left out."""
    wanted = sorted(int(part) for part in parts if part)  # 0 stands for lines that do not change
    rows = tx.fetch(_PARTNERS, run=run, parts=wanted) if wanted else []
    cut = rows[-1][0] if len(rows) > PARTNERS_MAX else None
    by_part: dict[int, list[_Partner]] = {}
    for part, n, order, line, outcome, before, after in rows:
        if part != cut:
            more = _more(json.loads(before), json.loads(after))
            by_part.setdefault(part, []).append(_Partner((order, line), outcome == "lost", n, more))
    found: dict[Key, list[Exchange]] = {}
    for partners in by_part.values():
        found |= counted_off(partners)
    return found


def _more(before: Sequence[Any], after: Sequence[Any]) -> dict[str, int]:
    """How many units more of each supply there are after; fewer where negative. What stays the same is left out."""
    found: dict[str, int] = {}
    for held, sign in ((before, -1), (after, 1)):
        for supply, _, units in held:
            found[supply] = found.get(supply, 0) + sign * units
    return {supply: units for supply, units in found.items() if units}


def counted_off(partners: Sequence[_Partner]) -> dict[Key, list[Exchange]]:
    """Who takes from whom, supply by supply: takers in the order they were served, givers those first who lose."""
    found: dict[Key, dict[str, Exchange]] = {
        one.key: {supply: Exchange(supply, units, [], abs(units)) for supply, units in sorted(one.more.items())}
        for one in partners
    }
    takers = sorted(partners, key=lambda one: one.n)
    giving: dict[str, deque[Key]] = {}
    for one in sorted(partners, key=lambda one: (not one.lost, one.n)):
        for supply, units in one.more.items():
            if units < 0:
                giving.setdefault(supply, deque()).append(one.key)
    for one in takers:
        for supply, units in one.more.items():
            if units > 0:
                _take(found, one.key, supply, giving.get(supply, deque()))
    return {key: list(by_supply.values()) for key, by_supply in found.items()}


def _take(found: Mapping[Key, Mapping[str, Exchange]], taker: Key, supply: str, giving: deque[Key]) -> None:
    """Let a line take what it gets of a supply from those who give some, as long as they have some left."""
    mine = found[taker][supply]
    while mine.free and giving:
        theirs = found[giving[0]][supply]
        assert theirs.free is not None
        units = min(mine.free, theirs.free)
        mine.others.append(Other(*giving[0], units))
        theirs.others.append(Other(*taker, units))
        mine.free -= units
        theirs.free -= units
        if not theirs.free:
            giving.popleft()
