"""Lines as planners work through them: with whose and what they are, in a chosen order, page by page, and counted."""

from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, FromClause, distinct, func, literal, literal_column, select, tuple_

from backorder.kernel.calendars import DAY_MAX, day_number, moment_number
from backorder.kernel.money import text as money_text
from backorder.kernel.private import only_with
from backorder.queries import show
from backorder.queries.lines import LINES, Filters, LineView, conditions, read_lines
from backorder.queries.show import OrderView
from backorder.storage.db import Database, Tx, among
from backorder.storage.tables import items, lines, orders, people
from backorder.storage.types import Day

COUNTED_MAX = 10_000  # lines beyond which nobody counts on: it would read them all
# the orders of lines that go by a number, and the greatest that it can be
NUMBERS = {"promise": DAY_MAX, "ordered": DAY_MAX * 86_400_000_000, "units": 10**15}
Order = Literal["promise", "ordered", "order", "item", "units"]


class Sort(msgspec.Struct, frozen=True):
    """The order of a list, and the place behind which a page begins: the key of the last line before it."""

    by: Order = "promise"
    down: bool = False
    after: tuple[str | int, str, str] | None = None


class BacklogLine(msgspec.Struct):
    """A line, the name of its item, whose it is, and what its open units come to."""

    line: LineView
    item: str | None
    channel: str | None
    currency: str | None
    ship: str
    customer_name: Annotated[str | None, only_with("customers.read")] = None
    value: Annotated[str | None, only_with("money.read")] = None


class Tally(NamedTuple):
    """How many lines pass, in how many orders, with how many open units; beyond 10,000 lines it is not counted on."""

    lines: int
    orders: int
    units: int


_BEFORE_ALL: ColumnElement[int] = literal_column("'1970-01-01'", type_=Day())  # a line without a date comes first


def promise_key(of: FromClause) -> ColumnElement[int]:
    """What lines stand in order of promise by; `of` is the table, or an alias of it."""
    return func.coalesce(of.c.promise, _BEFORE_ALL, type_=Day())


_KEYS: dict[str, ColumnElement[Any]] = {
    "promise": promise_key(lines),
    "ordered": lines.c.placed_at,
    "order": lines.c.order_id,
    "item": lines.c.sku,
    "units": lines.c.waiting,
}
_NAMED = (
    select(
        lines.c.order_id,
        lines.c.line,
        items.c.name,
        orders.c.channel,
        orders.c.currency,
        orders.c.ship,
        people.c.name,
        lines.c.unit_price,
    )
    .select_from(
        lines.join(orders, orders.c.order_id == lines.c.order_id)
        .join(items, items.c.sku == lines.c.sku)
        .outerjoin(people, people.c.customer == orders.c.customer)
    )
    .where(among(lines.c.order_id, "orders"))
)


def page(db: Database, now: int, filters: Filters, sort: Sort, limit: int) -> tuple[list[BacklogLine], Tally]:
    """A page of lines that pass the filters, and how many pass in all. `now` is in microseconds."""
    with db.read() as tx:
        return read_page(tx, now, filters, sort, limit), tally(tx, now, filters)


def read_page(tx: Tx, now: int, filters: Filters, sort: Sort, limit: int) -> list[BacklogLine]:
    """A page of lines that pass the filters. A fixed number of statements."""
    key = _KEYS[sort.by], lines.c.order_id, lines.c.line
    chosen = LINES.where(*conditions(tx, filters, now))
    if sort.after is not None:
        first = literal(sort.after[0], type_=key[0].type)
        place = tuple_(first, literal(sort.after[1]), literal(sort.after[2]))
        chosen = chosen.where(tuple_(*key) < place if sort.down else tuple_(*key) > place)
    chosen = chosen.order_by(*(one.desc() if sort.down else one for one in key)).limit(limit)
    return named(tx, read_lines(tx, chosen, now))


def named(tx: Tx, found: list[LineView]) -> list[BacklogLine]:
    """Lines with the names of their items and of whose they are."""
    wanted = sorted({one.order for one in found})
    rows = tx.fetch(_NAMED, orders=wanted) if wanted else ()
    about = {(row[0], row[1]): row[2:] for row in rows}
    return [_named(one, *about[one.order, one.line]) for one in found]


def of_order(db: Database, now: int, order: str) -> tuple[OrderView, list[BacklogLine]] | None:
    """An order, and its lines with their revisions and names; None if there is none."""
    view = show.order(db, order, now)
    if view is None:
        return None
    with db.read() as tx:
        return view, named(tx, view.lines)


def _named(
    line: LineView,
    item: str | None,
    channel: str | None,
    currency: str | None,
    ship: str,
    who: str | None,
    price: int | None,
) -> BacklogLine:
    value, units = None, line.waiting + line.allocated
    if price is not None and currency is not None and units:
        value = money_text(price * units, currency)
    return BacklogLine(line, item, channel, currency, ship, who, value)


def tally(tx: Tx, now: int, filters: Filters) -> Tally:
    """How many lines pass, as far as they are counted."""
    columns = lines.c.order_id, (lines.c.waiting + lines.c.allocated).label("units")
    chosen = LINES.with_only_columns(*columns).where(*conditions(tx, filters, now)).limit(COUNTED_MAX + 1).subquery()
    row = tx.fetch(select(func.count(), func.count(distinct(chosen.c.order_id)), func.sum(chosen.c.units)))[0]
    return Tally(int(row[0]), int(row[1]), int(row[2] or 0))


def place_of(line: LineView, by: Order) -> tuple[str | int, str, str]:
    """Where a line stands in an order of lines."""
    keys: dict[str, str | int] = {
        "promise": 0 if line.promise is None else day_number(line.promise),
        "ordered": moment_number(line.placed_at),
        "order": line.order,
        "item": line.sku,
        "units": line.waiting,
    }
    return keys[by], line.order, line.line
