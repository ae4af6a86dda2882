"""One thing at a time: an order, a line, an item, a supply."""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from sqlalchemy import and_, bindparam, case, func, or_, select

from backorder.kernel.calendars import local_day, moment_datetime
from backorder.kernel.columns import STOCK
from backorder.kernel.money import text as money_text
from backorder.kernel.policies import LEVELLED, resolve
from backorder.kernel.private import only_with
from backorder.queries.lines import LINES, LineView, as_date, of_customer, read_lines
from backorder.storage.db import Database, Row, Tx
from backorder.storage.items import load_item_sites
from backorder.storage.policies import LEVELS, effective, load_levels
from backorder.storage.tables import items, lines, orders, pegs, sites, supplies


class SupplyPeg(msgspec.Struct):
    """Units of a supply that a line holds."""

    order: str
    line: str
    quantity: int


class SupplyView(msgspec.Struct):
    """A dated quantity: what came of it, who holds it, what is free.

    `state` is `stock`, `open`, `overdue`, `received` or `cancelled`. A transfer says `from_site` where it came and how
    many units were lost on the way.
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
    from_site: str | None = None
    lost: int = 0
    pegs: list[SupplyPeg] = []


class SiteStock(msgspec.Struct):
    """An item's units at one site, or in all."""

    site: str
    on_hand: int
    allocated: int
    free: int
    inbound: int
    inbound_free: int


class PolicyView(msgspec.Struct):
    """A field of an item's policy: its value, and the level it comes from.

    `source` is `item`, `category NAME`, `shop`, `default` or, for what is different at one site, `site CODE`.
    """

    field: str
    value: str | int | None
    source: str


class DocumentLine(msgspec.Struct):
    """A line of a purchase order: units of an item over all its dated supplies."""

    document_line: str | None
    sku: str
    quantity: int
    received: int
    cancelled: int
    to_come: int
    supplies: list[SupplyView]


class DocumentView(msgspec.Struct):
    """A purchase order, and what its supplies cost, by currency: amounts of two currencies are never added."""

    document: str
    lines: list[DocumentLine]
    costs: Annotated[dict[str, str], only_with("money.read", "empty")] = {}


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
    policy: list[PolicyView]
    cost: Annotated[str | None, only_with("money.read")] = None


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
    supplies.c.from_site,
    sites.c.zone,
).join(sites, sites.c.site == supplies.c.site)


def order(db: Database, ref: str, now: int, of: str | None = None) -> OrderView | None:
    """An order by its id; None if there is none, or none `of` this customer."""
    chosen = select(
        orders.c.order_id,
        orders.c.customer,
        orders.c.channel,
        orders.c.priority,
        orders.c.placed_at,
        orders.c.ship,
        orders.c.currency,
    ).where(orders.c.order_id == ref, of_customer(orders, of))
    with db.read() as tx:
        rows = tx.fetch(chosen)
        if not rows:
            return None
        mine = LINES.where(lines.c.order_id == ref).order_by(lines.c.position)
        found = read_lines(tx, mine, now, revisions=True)
    name, customer, channel, priority, placed_at, ship, currency = rows[0]
    return OrderView(name, customer, channel, priority, moment_datetime(placed_at), ship, currency, found)


def line(db: Database, order: str, line: str, now: int, of: str | None = None) -> LineView | None:
    """A line by its order and id, with its pegs and revisions; None if there is none, or none `of` this customer."""
    with db.read() as tx:
        mine = LINES.where(lines.c.order_id == order, lines.c.line == line, of_customer(lines, of))
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
    ident, kind, sku, site, quantity, received, cancelled, pegged, expected, available, confirmed = row[:11]
    document, from_site, zone = row[11:]
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
        from_site,
        cancelled if from_site is not None else 0,
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
        items.c.cost,
    )
    with db.read() as tx:
        rows = tx.fetch(select(*columns).select_from(LEVELS).where(items.c.sku == sku))
        if not rows:
            return None
        at_sites = _stock(tx, sku)
        waiting, covered = tx.fetch(_waiting(sku))[0]
        policy = _policy(tx, sku)
    ident, name, selling, coverage, price, currency, cost = rows[0]
    total = [sum(getattr(site, field) for site in at_sites) for field in SiteStock.__struct_fields__[1:]]
    amounts = [None if amount is None else money_text(amount, currency) for amount in (price, cost)]
    on_hand, allocated, free, inbound, inbound_free = total
    return ItemView(
        ident,
        name,
        selling,
        coverage,
        amounts[0],
        currency,
        on_hand,
        allocated,
        free,
        inbound,
        inbound_free,
        int(waiting),
        int(waiting - covered),
        at_sites,
        policy,
        amounts[1],
    )


_ITEM_POLICY = select(items.c.category, *(items.c[name] for name in LEVELLED)).where(items.c.sku == bindparam("sku"))


def _policy(tx: Tx, sku: str) -> list[PolicyView]:
    """Each field of the policy with the level that says it, nearest first; then what sites do differently."""
    category, *own = tx.fetch(_ITEM_POLICY, sku=sku)[0]
    levels = load_levels(tx, [category] if category else [])
    told = [("item", dict(zip(LEVELLED, own, strict=True)))]
    told += [(f"category {category}", dict(levels[category]))] if category is not None and category in levels else []
    told += [("shop", dict(levels[None]))]
    views = [PolicyView(name, *resolve(name, told)) for name in LEVELLED]
    for (_, site), row in sorted(load_item_sites(tx, [sku]).items()):
        for name, value in zip(("safety_stock", "backorder_cap"), row, strict=True):
            if value is not None:
                views.append(PolicyView(name, value, f"site {site}"))
    return views


def document(db: Database, ref: str, now: int) -> DocumentView | None:
    """A purchase order with its lines and their supplies; None if no supply names it."""
    chosen = SUPPLIES.add_columns(supplies.c.document_line, supplies.c.cost, supplies.c.currency)
    chosen = chosen.where(supplies.c.document == ref).order_by(supplies.c.expected_on, supplies.c.supply)
    found: dict[tuple[str, str], DocumentLine] = {}
    costs: dict[str, int] = {}
    with db.read() as tx:
        rows = tx.fetch(chosen)
    for *row, document_line, cost, currency in rows:
        view = supply_view(tuple(row), now)
        key = document_line or "", view.sku
        line = found.setdefault(key, DocumentLine(document_line, view.sku, 0, 0, 0, 0, []))
        line.quantity += view.quantity
        line.received += view.received
        line.cancelled += view.cancelled
        line.to_come += view.quantity - view.received - view.cancelled
        line.supplies.append(view)
        if cost is not None:
            costs[currency] = costs.get(currency, 0) + cost * view.quantity
    if not rows:
        return None
    totals = {currency: money_text(total, currency) for currency, total in sorted(costs.items())}
    return DocumentView(ref, [line for _, line in sorted(found.items())], totals)


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
