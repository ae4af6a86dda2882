"""One thing at a time: an order, a line, an item, a supply."""

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import and_, case, func, or_, select

from backorder.kernel.calendars import local_day, moment_datetime
from backorder.kernel.columns import STOCK
from backorder.kernel.money import text as money_text
from backorder.queries.lines import LINES, LineView, as_date, read_lines
from backorder.storage.db import Database, Row, Tx
from backorder.storage.policies import LEVELS, effective
from backorder.storage.tables import items, lines, orders, pegs, sites, supplies


class SupplyPeg(msgspec.Struct):
    """Units of a supply that a line holds."""

    order: str
    line: str
    quantity: int


class SupplyView(msgspec.Struct):
    """A dated quantity: what came of it, who holds it, what is free.

    `state` is `stock`, `open`, `overdue`, `received` or `cancelled`.
    """

    supply: str
    kind: str
    sku: str
    site: str
    quantity: int
    received: int
    cancelled: int
    pegged: int
    free: int
    expected_on: date | None
    available_on: date | None
    confirmed: bool
    document: str | None
    state: str
    pegs: list[SupplyPeg] = []


class SiteStock(msgspec.Struct):
    """An item's units at one site, or in all."""

    site: str
    on_hand: int
    allocated: int
    free: int
    inbound: int
    inbound_free: int


class ItemView(msgspec.Struct):
    """An item: its policy, its units per site and in all, and what waits for it."""

    sku: str
    name: str | None
    selling: str
    coverage: str
    price: str | None
    currency: str | None
    on_hand: int
    allocated: int
    free: int
    inbound: int
    inbound_free: int
    waiting: int
    uncovered: int
    sites: list[SiteStock]


class OrderView(msgspec.Struct):
    """An order with its lines."""

    order: str
    customer: str | None
    channel: str | None
    priority: int
    placed_at: datetime
    ship: str
    currency: str | None
    lines: list[LineView]


SUPPLIES = select(
    supplies.c.supply,
    supplies.c.kind,
    supplies.c.sku,
    supplies.c.site,
    supplies.c.quantity,
    supplies.c.received,
    supplies.c.cancelled,
    supplies.c.pegged,
    supplies.c.expected_on,
    supplies.c.available_on,
    supplies.c.confirmed,
    supplies.c.document,
    sites.c.zone,
).join(sites, sites.c.site == supplies.c.site)


def order(db: Database, ref: str, now: int) -> OrderView | None:
    """An order by its id; None if there is none."""
    chosen = select(
        orders.c.order_id,
        orders.c.customer,
        orders.c.channel,
        orders.c.priority,
        orders.c.placed_at,
        orders.c.ship,
        orders.c.currency,
    ).where(orders.c.order_id == ref)
    with db.read() as tx:
        rows = tx.fetch(chosen)
        if not rows:
            return None
        mine = LINES.where(lines.c.order_id == ref).order_by(lines.c.position)
        found = read_lines(tx, mine, now, revisions=True)
    name, customer, channel, priority, placed_at, ship, currency = rows[0]
    return OrderView(name, customer, channel, priority, moment_datetime(placed_at), ship, currency, found)


def line(db: Database, order: str, line: str, now: int) -> LineView | None:
    """A line by its order and id, with its pegs and revisions; None if there is none."""
    with db.read() as tx:
        mine = LINES.where(lines.c.order_id == order, lines.c.line == line)
        found = read_lines(tx, mine, now, revisions=True)
    return found[0] if found else None


def supply(db: Database, ref: str, now: int) -> SupplyView | None:
    """A supply with the lines that hold it, in order of ship day; None if there is none."""
    held = (
        select(pegs.c.order_id, pegs.c.line, pegs.c.quantity)
        .where(pegs.c.supply == ref)
        .order_by(pegs.c.ships_on, pegs.c.order_id, pegs.c.line)
    )
    with db.read() as tx:
        rows = tx.fetch(SUPPLIES.where(supplies.c.supply == ref))
        if not rows:
            return None
        view = supply_view(rows[0], now)
        view.pegs = [SupplyPeg(*row) for row in tx.fetch(held)]
    return view


def supply_view(row: Row, now: int) -> SupplyView:
    """A supply from a row of SUPPLIES."""
    ident, kind, sku, site, quantity, received, cancelled, pegged, expected, available, confirmed, document, zone = row
    to_come = quantity - received - cancelled
    if kind == STOCK:
        state = "stock"
    elif to_come:
        state = "overdue" if expected < local_day(now, zone) else "open"
    else:
        state = "received" if received else "cancelled"
    return SupplyView(
        ident,
        kind,
        sku,
        site,
        quantity,
        received,
        cancelled,
        pegged,
        to_come - pegged,
        as_date(expected),
        as_date(available),
        bool(confirmed),
        document,
        state,
    )


def item(db: Database, sku: str) -> ItemView | None:
    """An item with its units; None if there is none."""
    columns = (
        items.c.sku,
        items.c.name,
        effective("selling"),
        effective("coverage"),
        items.c.price,
        items.c.currency,
    )
    with db.read() as tx:
        rows = tx.fetch(select(*columns).select_from(LEVELS).where(items.c.sku == sku))
        if not rows:
            return None
        at_sites = _stock(tx, sku)
        waiting, covered = tx.fetch(_waiting(sku))[0]
    ident, name, selling, coverage, price, currency = rows[0]
    total = [sum(getattr(site, field) for site in at_sites) for field in SiteStock.__struct_fields__[1:]]
    amount = None if price is None else money_text(price, currency)
    on_hand, allocated, free, inbound, inbound_free = total
    return ItemView(
        ident,
        name,
        selling,
        coverage,
        amount,
        currency,
        on_hand,
        allocated,
        free,
        inbound,
        inbound_free,
        int(waiting),
        int(waiting - covered),
        at_sites,
    )


def _stock(tx: Tx, sku: str) -> list[SiteStock]:
    stock = supplies.c.kind == STOCK
    to_come = supplies.c.quantity - supplies.c.received - supplies.c.cancelled
    in_use = or_(supplies.c.quantity > supplies.c.received + supplies.c.cancelled, stock)  # in the words of the index

    def total(condition: Any, units: Any) -> Any:
        return func.coalesce(func.sum(case((condition, units), else_=0)), 0)

    rows = tx.fetch(
        select(
            supplies.c.site,
            total(stock, supplies.c.quantity),
            total(stock, supplies.c.pegged),
            total(stock, supplies.c.quantity - supplies.c.pegged),
            total(~stock, to_come),
            total(~stock, to_come - supplies.c.pegged),
        )
        .where(supplies.c.sku == sku, in_use)
        .group_by(supplies.c.site)
        .order_by(supplies.c.site)
    )
    return [SiteStock(row[0], *map(int, row[1:])) for row in rows]


def _waiting(sku: str) -> Any:
    waiting = and_(lines.c.sku == sku, lines.c.waiting + lines.c.allocated > 0)
    return select(func.coalesce(func.sum(lines.c.waiting), 0), func.coalesce(func.sum(lines.c.covered), 0)).where(
        waiting
    )
