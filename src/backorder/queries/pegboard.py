"""Who waits for an item on which supply: line by line while they are few, else the lines of a day together."""

from datetime import date
from typing import Annotated, Any

import msgspec
from sqlalchemy import Select, func, literal_column, select

from backorder.kernel.private import only_with
from backorder.queries.lines import as_date
from backorder.queries.show import SUPPLIES, SupplyView, supply_view
from backorder.storage.conditions import LINE_OPEN, SUPPLY_TO_COME
from backorder.storage.db import Database, Row
from backorder.storage.tables import lines, orders, pegs, people, supplies

LINES_MAX = 36  # lines that are shown one by one
SUPPLIES_MAX = 16


class End(msgspec.Struct):
    """Where ribbons end: a line, or all lines that are promised for a day.

    `late` of its units ship after that, or stand on overdue supply. `ordered` are the units of a line in
    all, of which the others stand elsewhere; 0 for the lines of a day.
    """

    key: str
    promise: date | None
    lines: int
    units: int
    order: str | None = None
    line: str | None = None
    late: int = 0
    ordered: int = 0
    customer: str | None = None
    customer_name: Annotated[str | None, only_with("customers.read")] = None

    @property
    def who(self) -> str | None:
        """Whose line it is, as far as whoever looks may know."""
        return self.customer_name or self.customer


class Ribbon(msgspec.Struct):
    """Units of a supply that an end holds; `late` where they can ship only after the promise, or it is overdue."""

    supply: str
    end: str
    units: int
    late: bool


class Board(msgspec.Struct):
    """Supplies that are to come, by day, and who holds them. `lines` wait in all; `more` ends are not shown."""

    supplies: list[SupplyView]
    ends: list[End]
    ribbons: list[Ribbon]
    lines: int
    more: int
    more_supplies: int


_WAITING = (LINE_OPEN, lines.c.waiting > literal_column("0"))
_ONE_BY_ONE = (
    select(
        pegs.c.supply,
        lines.c.order_id,
        lines.c.line,
        lines.c.promise,
        pegs.c.quantity,
        pegs.c.ships_on,
        lines.c.quantity,
        orders.c.customer,
        people.c.name,
    )
    .select_from(
        pegs.join(lines, (lines.c.order_id == pegs.c.order_id) & (lines.c.line == pegs.c.line))
        .join(orders, orders.c.order_id == lines.c.order_id)
        .outerjoin(people, people.c.customer == orders.c.customer)
    )
    .where(*_WAITING)
    .order_by(lines.c.promise, lines.c.order_id, lines.c.line, pegs.c.ships_on)
)
_BY_DAY = (
    select(
        pegs.c.supply,
        literal_column("''"),
        literal_column("''"),
        lines.c.promise,
        func.sum(pegs.c.quantity),
        func.max(pegs.c.ships_on, type_=pegs.c.ships_on.type),
        func.count(),
        literal_column("NULL"),
        literal_column("NULL"),
    )
    .select_from(pegs.join(lines, (lines.c.order_id == pegs.c.order_id) & (lines.c.line == pegs.c.line)))
    .where(*_WAITING)
    .group_by(pegs.c.supply, lines.c.promise)
    .order_by(lines.c.promise, pegs.c.supply)
)


def board(db: Database, now: int, sku: str) -> Board:
    """The peg board of an item. Three statements, and its size does not depend on how many wait."""
    mine = lines.c.sku == sku
    with db.read() as tx:
        count = tx.fetch(select(func.count()).select_from(lines).where(mine, *_WAITING))[0][0]
        coming = SUPPLIES.where(supplies.c.sku == sku, SUPPLY_TO_COME)
        found = [
            supply_view(row, now)
            for row in tx.fetch(coming.order_by(supplies.c.available_on, supplies.c.supply).limit(200))
        ]
        shown = found[:SUPPLIES_MAX]
        chosen: Select[Any] = _ONE_BY_ONE if count <= LINES_MAX else _BY_DAY
        rows = tx.fetch(chosen.where(mine)) if found else []
    names = {one.supply for one in shown}  # to look there for each peg would cost more than to add up all of them
    overdue = {one.supply for one in shown if one.state == "overdue"}
    ends, ribbons = _ends([row for row in rows if row[0] in names], overdue)
    kept = ends[:LINES_MAX]
    keys = {end.key for end in kept}
    ribbons = [one for one in ribbons if one.end in keys]
    return Board(shown, kept, ribbons, int(count), len(ends) - len(kept), len(found) - len(shown))


def _ends(rows: list[Row], overdue: set[str]) -> tuple[list[End], list[Ribbon]]:
    ends: dict[str, End] = {}
    ribbons = []
    for supply, order, line, promise, units, ships_on, count, customer, name in rows:
        day = as_date(promise)
        key = f"{len(order)} {order} {line}" if order else str(day)
        late = supply in overdue or (promise is not None and ships_on > promise)
        end = ends.setdefault(key, End(key, day, 0, 0, order or None, line or None))
        end.customer, end.customer_name = customer, name
        end.lines = 1 if order else end.lines + int(count)
        end.ordered = int(count) if order else 0
        end.units += int(units)
        end.late += int(units) if late else 0
        ribbons.append(Ribbon(supply, key, int(units), late))
    return list(ends.values()), ribbons
