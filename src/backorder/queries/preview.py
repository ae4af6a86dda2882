"""What a preview of messages is made from: an order as it stands, or nothing of anybody's."""

from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select

from backorder.kernel.calendars import local_day
from backorder.kernel.rules import Pack
from backorder.queries.communication import CommunicationView, communication
from backorder.storage.communication import load_rules
from backorder.storage.db import Database
from backorder.storage.notice_tables import clocks
from backorder.storage.rules import bundled
from backorder.storage.tables import customers, items, lines, orders, people

_USUAL = "us-ftc"  # the pack whose notices are shown where no pack of the order asks for any


class Shown(NamedTuple):
    """Goods of an order: units that are not cancelled, what they are, and the day they are promised for, if any."""

    quantity: int
    item: str
    day: int | None


class Material(NamedTuple):
    """An order as messages tell of it; `today` is a day number where its goods go to, `paid` in minor units."""

    order: str
    name: str | None
    language: str | None
    country: str | None
    today: int
    goods: list[Shown]
    paid: int
    currency: str | None
    tracking: str
    pack: Pack


_ORDER = (
    select(
        orders.c.order_id,
        people.c.name,
        customers.c.language,
        func.coalesce(orders.c.country, customers.c.country),
        func.coalesce(orders.c.zone, customers.c.zone),
        orders.c.paid,
        orders.c.currency,
    )
    .select_from(orders)
    .outerjoin(customers, customers.c.customer == orders.c.customer)
    .outerjoin(people, people.c.customer == customers.c.customer)
    .where(orders.c.order_id == bindparam("order"))
)
_GOODS = (
    select(lines.c.quantity - lines.c.cancelled, func.coalesce(items.c.name, items.c.sku), lines.c.promise)
    .join(items, items.c.sku == lines.c.sku)
    .where(lines.c.order_id == bindparam("order"))
    .order_by(lines.c.position)
)
_PACKS = select(clocks.c.pack).where(clocks.c.order_id == bindparam("order")).distinct().order_by(clocks.c.pack)


def material(db: Database, now: int, order: str | None) -> tuple[CommunicationView, Material | None]:
    """How the shop speaks, and an order as messages would tell of it now.

    No order is given: one that is made up. None in its place: there is no such order.
    """
    said = communication(db)
    if order is None:
        return said, _made_up(local_day(now, "UTC"))
    with db.read() as tx:
        rows = tx.fetch(_ORDER, order=order)
        if not rows:
            return said, None
        found = [Shown(*row) for row in tx.fetch(_GOODS, order=order)]
        rules = load_rules(tx)
        packs: dict[str, Any] = bundled() if rules is None else rules.packs
        asking = [packs[name] for (name,) in tx.fetch(_PACKS, order=order) if name in packs and packs[name].delay]
    ident, name, language, country, zone, paid, currency = rows[0]
    goods = [one for one in found if one.quantity] or found
    today = local_day(now, zone or "UTC")
    pack = asking[0] if asking else bundled()[_USUAL]
    return said, Material(ident, name, language, country, today, goods, paid, currency, "TRACK-1", pack)


def _made_up(today: int) -> Material:
    goods = [Shown(2, "Oak chair", today + 17), Shown(1, "Desk lamp", today + 24)]
    return Material("A-1001", "Ada Example", None, None, today, goods, 43_200, "EUR", "TRACK-1", bundled()[_USUAL])
