"""Many things at a time: supplies, stock, items and orders, filtered, in a stated order."""

from collections.abc import Iterator
from datetime import date, datetime

import msgspec
from sqlalchemy import ColumnElement, case, func, literal_column, select, tuple_

from backorder.kernel.calendars import local_day, moment_datetime
from backorder.kernel.columns import STOCK
from backorder.queries.lines import as_date, is_late, of_customer
from backorder.queries.lines import overdue as is_overdue
from backorder.queries.moments import few
from backorder.queries.show import SUPPLIES, SupplyView, supply_view
from backorder.storage.conditions import LINE_OPEN, SUPPLY_OF_USE
from backorder.storage.db import Database, among
from backorder.storage.policies import LEVELS, effective
from backorder.storage.tables import items, lines, orders, supplies


def list_supplies(
    db: Database,
    now: int,
    *,
    sku: str | None = None,
    site: str | None = None,
    supplier: str | None = None,
    document: str | None = None,
    overdue: bool = False,
    still_open: bool = False,
    limit: int = 50,
    after: str | None = None,
) -> list[SupplyView]:
    """Supplies by the day they are planned for, stock first; as pages, by id behind `after` (the first: "")."""
    chosen = SUPPLIES.order_by(supplies.c.kind != STOCK, supplies.c.available_on, supplies.c.supply)
    if after is not None:
        chosen = SUPPLIES.where(supplies.c.supply > after).order_by(supplies.c.supply)
    narrowed = {"sku": sku, "site": site, "supplier": supplier, "document": document}
    chosen = chosen.where(*(supplies.c[name] == value for name, value in narrowed.items() if value is not None))
    if still_open:
        chosen = chosen.where(
            supplies.c.kind != STOCK, supplies.c.quantity > supplies.c.received + supplies.c.cancelled
        )
    with db.read() as tx:
        if overdue:
            chosen = chosen.where(is_overdue(tx, now))
        return [supply_view(row, now) for row in tx.fetch(chosen.limit(limit))]


class StockRow(msgspec.Struct):
    """Units of an item at a site: on hand, allocated to lines, and free."""

    sku: str
    site: str
    on_hand: int
    allocated: int
    free: int


def list_stock(
    db: Database,
    *,
    sku: str | None = None,
    site: str | None = None,
    limit: int = 50,
    after: tuple[str, str] | None = None,
) -> list[StockRow]:
    """What is on hand, by item and site, behind `after`; a place where an item never was has no entry."""
    stock = supplies.c.kind == literal_column("'stock'")  # in the words of the index
    chosen = select(supplies.c.sku, supplies.c.site, supplies.c.quantity, supplies.c.pegged).where(stock)
    if sku is not None:
        chosen = chosen.where(supplies.c.sku == sku)
    if site is not None:
        chosen = chosen.where(supplies.c.site == site)
    if after is not None:
        chosen = chosen.where(tuple_(supplies.c.sku, supplies.c.site) > tuple_(*after))
    with db.read() as tx:
        rows = tx.fetch(chosen.order_by(supplies.c.sku, supplies.c.site).limit(limit))
    return [StockRow(sku, site, on_hand, held, on_hand - held) for sku, site, on_hand, held in rows]


class ItemRow(msgspec.Struct):
    """An item in a list: what is free, what is coming, what waits."""

    sku: str
    name: str | None
    selling: str
    on_hand: int
    free: int
    inbound_free: int
    waiting: int
    uncovered: int


def list_items(
    db: Database,
    *,
    waiting: bool = False,
    category: str | None = None,
    supplier: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> list[ItemRow]:
    """Items by SKU, or those that lines wait for, most waiting units first; as pages, by SKU behind `after`."""
    stock = supplies.c.kind == STOCK
    free = supplies.c.quantity - supplies.c.received - supplies.c.cancelled - supplies.c.pegged
    held = (
        select(
            supplies.c.sku,
            func.sum(case((stock, supplies.c.quantity), else_=0)).label("on_hand"),
            func.sum(case((stock, free), else_=0)).label("free"),
            func.sum(case((stock, 0), else_=free)).label("inbound_free"),
        )
        .where(SUPPLY_OF_USE)
        .group_by(supplies.c.sku)
        .subquery()
    )
    wait = (
        select(
            lines.c.sku,
            func.sum(lines.c.waiting).label("waiting"),
            func.sum(lines.c.waiting - lines.c.covered).label("uncovered"),
        )
        .where(LINE_OPEN)
        .group_by(lines.c.sku)
        .subquery()
    )
    units = func.coalesce(wait.c.waiting, 0)
    chosen = (
        select(
            items.c.sku,
            items.c.name,
            effective("selling"),
            held.c.on_hand,
            held.c.free,
            held.c.inbound_free,
            units,
            wait.c.uncovered,
        )
        .select_from(LEVELS.outerjoin(held, held.c.sku == items.c.sku).outerjoin(wait, wait.c.sku == items.c.sku))
        .limit(limit)
    )
    if category is not None:
        chosen = chosen.where(items.c.category == category)
    if supplier is not None:
        chosen = chosen.where(items.c.supplier == supplier)
    if waiting:
        chosen = chosen.where(units > 0)
    if after is not None:
        chosen = chosen.where(items.c.sku > after)
    elif waiting:
        chosen = chosen.order_by(units.desc())
    chosen = chosen.order_by(items.c.sku)
    with db.read() as tx:
        return [ItemRow(*row[:3], *(int(n or 0) for n in row[3:])) for row in tx.fetch(chosen)]


class OrderRow(msgspec.Struct):
    """An order in a list."""

    order: str
    customer: str | None
    channel: str | None
    placed_at: datetime
    ship: str
    lines: int
    units: int
    waiting: int
    promise: date | None


def list_orders(
    db: Database,
    *,
    waiting: bool = False,
    late_at: int | None = None,
    held: bool = False,
    customer: str | None = None,
    channel: str | None = None,
    since: int | None = None,
    until: int | None = None,
    limit: int = 50,
    after: str | None = None,
    of: str | None = None,
) -> list[OrderRow]:
    """Orders by id, behind `after`, with their units and the latest promise among their open lines.

    `late_at`: with a line that is late at this moment, `held`: on hold, `since` and `until` (before it): placed then.
    Moments are in microseconds. `of` is the customer beside whose orders there are none for whoever asks.
    """
    units, left = func.sum(lines.c.quantity), func.sum(lines.c.waiting)
    chosen = (
        select(
            orders.c.order_id,
            orders.c.customer,
            orders.c.channel,
            orders.c.placed_at,
            orders.c.ship,
            func.count(),
            units,
            left,
            func.max(case((lines.c.waiting + lines.c.allocated > 0, lines.c.promise)), type_=lines.c.promise.type),
        )
        .join(lines, lines.c.order_id == orders.c.order_id)
        .where(of_customer(orders, of), *_of_orders(customer, channel, since, until, held=held))
        .group_by(orders.c.order_id)
        .order_by(orders.c.order_id)
        .limit(limit)
    )
    if after is not None:
        chosen = chosen.where(orders.c.order_id > after, lines.c.order_id > after)  # both enter their index there
    for wanted in (
        (lines.c.waiting > 0) & LINE_OPEN if waiting else None,
        None if late_at is None else is_late(local_day(late_at, "UTC")),
    ):
        if wanted is not None:
            chosen = chosen.where(orders.c.order_id.in_(select(lines.c.order_id).where(wanted).scalar_subquery()))
    with db.read() as tx:
        placed = few(tx, orders.c.order_id, orders.c.placed_at, list(_of_time(since, until)))
        if placed is not None:
            rows = tx.fetch(chosen.where(among(orders.c.order_id, "placed")), placed=placed)
        else:
            rows = tx.fetch(chosen)
    return [
        OrderRow(
            order, who, channel, moment_datetime(placed_at), ship, count, int(units), int(waiting), as_date(promise)
        )
        for order, who, channel, placed_at, ship, count, units, waiting, promise in rows
    ]


def _of_orders(
    customer: str | None, channel: str | None, since: int | None, until: int | None, *, held: bool
) -> Iterator[ColumnElement[bool]]:
    if customer is not None:
        yield orders.c.customer == customer
    if channel is not None:
        yield orders.c.channel == channel
    yield from _of_time(since, until)
    if held:
        yield orders.c.held == 1


def _of_time(since: int | None, until: int | None) -> Iterator[ColumnElement[bool]]:
    if since is not None:
        yield orders.c.placed_at >= since
    if until is not None:
        yield orders.c.placed_at < until
