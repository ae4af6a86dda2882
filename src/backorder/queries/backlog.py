"""Lines as planners work through them: with whose and what they are, in a chosen order, page by page, and counted."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec
from sqlalchemy import func, literal, literal_column, select

from backorder.kernel.calendars import DAY_MAX, day_number, moment_number
from backorder.kernel.money import text as money_text
from backorder.kernel.private import only_with
from backorder.queries import show
from backorder.queries.destinations import place
from backorder.queries.lines import LINES, Filters, LineView, read_lines
from backorder.queries.passing import (
    COUNTED_MAX,
    SORTS,
    Order,
    Sort,
    Tally,
    passing,
    read_keys,
    sorts_of,
)
from backorder.queries.show import OrderView
from backorder.storage.cases import address
from backorder.storage.db import Database, Tx, among
from backorder.storage.tables import customers, items, lines, orders, people

__all__ = ["CHANNELS_MAX", "COUNTED_MAX", "NUMBERS", "SORTS", "Order", "Sort", "Tally"]

CHANNELS_MAX = 20  # that anybody looks through
# the orders of lines that go by a number, and the greatest that it can be
NUMBERS = {"promise": DAY_MAX, "ordered": DAY_MAX * 86_400_000_000, "units": 10**15}


class BacklogLine(msgspec.Struct):
    """A line, the name of its item, whose it is, and what its open units come to.

    `goes_to` is where it goes, as far as the order says it or its customer.
    """

    line: LineView
    item: str | None
    channel: str | None
    currency: str | None
    ship: str
    tier: str | None
    goes_to: str | None
    customer_name: Annotated[str | None, only_with("customers.read")] = None
    value: Annotated[str | None, only_with("money.read")] = None


_NAMED = (
    select(
        lines.c.order_id,
        lines.c.line,
        items.c.name,
        orders.c.channel,
        orders.c.currency,
        orders.c.ship,
        customers.c.tier,
        people.c.name,
        lines.c.unit_price,
        orders.c.country,
        orders.c.region,
        customers.c.country.label("customer_country"),
        customers.c.region.label("customer_region"),
    )
    .select_from(
        lines.join(orders, orders.c.order_id == lines.c.order_id)
        .join(items, items.c.sku == lines.c.sku)
        .outerjoin(customers, customers.c.customer == orders.c.customer)
        .outerjoin(people, people.c.customer == orders.c.customer)
    )
    .where(among(lines.c.order_id, "orders"))
)


class Page(NamedTuple):
    """A page of lines, how many pass in all, and the order in which they come, which is one of `sorts`."""

    rows: list[BacklogLine]
    tally: Tally
    sort: Sort
    sorts: tuple[Order, ...]


def page(db: Database, now: int, filters: Filters, sort: Sort, limit: int) -> Page:
    """A page of lines that pass the filters, and how many pass in all. `now` is in microseconds."""
    with db.read() as tx:
        tx.plan_by_values()
        found = passing(tx, filters, now)
        keys, many, sort = read_keys(tx, found, sort, limit)
        return Page(_read(tx, now, keys), many, sort, sorts_of(found, many))


_other = orders.alias("another")
_next_channel = select(func.min(_other.c.channel)).where(_other.c.channel.is_not(None))
_channels = select(_next_channel.scalar_subquery().label("channel"), literal(1).label("n")).cte("ways", recursive=True)
_channels = _channels.union_all(
    select(_next_channel.where(_other.c.channel > _channels.c.channel).scalar_subquery(), _channels.c.n + 1).where(
        _channels.c.channel.is_not(None), _channels.c.n <= literal_column(str(CHANNELS_MAX))
    )
)
_CHANNELS = select(_channels.c.channel).where(_channels.c.channel.is_not(None)).order_by(_channels.c.n)


def channels(db: Database) -> list[str]:
    """The channels that orders came by, each found behind the one before it; of very many the first."""
    with db.read() as tx:
        return [name for (name,) in tx.fetch(_CHANNELS)]


def first(tx: Tx, now: int, filters: Filters, limit: int) -> tuple[list[BacklogLine], Tally]:
    """The most urgent lines that pass the filters, and how many pass in all."""
    keys, many, _ = read_keys(tx, passing(tx, filters, now), Sort(), limit)
    return _read(tx, now, keys), many


def _read(tx: Tx, now: int, keys: Sequence[tuple[str, str]]) -> list[BacklogLine]:
    """The lines of a page, in its order. A fixed number of statements."""
    if not keys:
        return []
    chosen = LINES.where(among(lines.c.order_id, "wanted"))
    found = read_lines(tx, chosen, now, wanted=sorted({order for order, _ in keys}))
    by_key = {(one.order, one.line): one for one in found}
    return named(tx, [by_key[key] for key in keys])


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
    tier: str | None,
    who: str | None,
    price: int | None,
    *goes_to: str | None,
) -> BacklogLine:
    value, units = None, line.waiting + line.allocated
    to = place(*address(goes_to[:2], goes_to[2:]))
    if price is not None and currency is not None and units:
        value = money_text(price * units, currency)
    return BacklogLine(line, item, channel, currency, ship, tier, to, who, value)


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
