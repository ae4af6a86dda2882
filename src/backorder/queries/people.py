"""Everything that is kept about a person, and whose data may go by now."""

from typing import Any

from sqlalchemy import and_, func, or_, select

from backorder.kernel.calendars import local_day
from backorder.queries.export import plain_row
from backorder.storage.access_tables import accounts
from backorder.storage.conditions import LINE_OPEN
from backorder.storage.db import Database, Tx, among
from backorder.storage.notice_tables import clocks, evidence, notices, refunds
from backorder.storage.shipment_tables import shipment_lines, shipments
from backorder.storage.status_tables import status_choices
from backorder.storage.tables import cancellations, changes, customers, holds, lines, orders, people, promises, shop
from backorder.storage.view_tables import views
from backorder.storage.watch_tables import watches

_theirs = orders.alias("theirs")
_OF_ORDERS = (
    *(orders, lines, promises, cancellations, changes, holds, shipments, shipment_lines),
    *(clocks, notices, evidence, refunds, status_choices),
)


def everything(db: Database, customer: str) -> dict[str, Any] | None:
    """What is kept about a customer, by table, as it is exported; None if there is no such customer."""
    with db.read() as tx:
        found: dict[str, Any] = {}
        for table in (customers, people):
            found[table.name] = _rows(tx, table, table.c.customer == customer)
        if not found["customers"]:
            return None
        found[accounts.name] = [
            {name: said for name, said in row.items() if name != "password"}
            for row in _rows(tx, accounts, accounts.c.customer == customer)
        ]
        mine = [row[0] for row in tx.fetch(select(orders.c.order_id).where(orders.c.customer == customer))]
        addresses = [str(row["email"]).lower() for row in found["people"] if row["email"] is not None]
        theirs = or_(watches.c.customer == customer, among(watches.c.email, "emails"))
        found[watches.name] = _rows(tx, watches, theirs, emails=addresses)
        found[views.name] = _rows(tx, views, views.c.customer == customer)
        for table in _OF_ORDERS:
            found[table.name] = _rows(tx, table, among(table.c.order_id, "orders"), orders=mine)
    return found


def _rows(tx: Tx, table: Any, condition: Any, **parameters: Any) -> list[dict[str, Any]]:
    chosen = select(table).where(condition).order_by(*table.primary_key.columns)
    return [plain_row(table, row) for row in tx.fetch(chosen, **parameters)]


def due(db: Database, now: int) -> list[tuple[str, int]] | None:
    """Customers whose data may go, with the days since they last ordered; None where the shop keeps them.

    Those with personal data, nothing still to be shipped, and no order in the last `keep_people_days` (days in UTC).
    """
    last = func.max(orders.c.placed_at, type_=orders.c.placed_at.type)
    waiting = select(_theirs.c.customer).join(lines, and_(lines.c.order_id == _theirs.c.order_id, LINE_OPEN))
    chosen = (
        select(people.c.customer, last)
        .join(orders, orders.c.customer == people.c.customer)
        .where(people.c.customer.not_in(waiting.where(_theirs.c.customer.is_not(None))))
        .group_by(people.c.customer)
        .order_by(people.c.customer)
    )
    with db.read() as tx:
        kept = tx.fetch(select(shop.c.keep_people_days))
        if not kept or kept[0][0] is None:
            return None
        today = local_day(now, "UTC")
        ages = [(customer, today - local_day(at, "UTC")) for customer, at in tx.fetch(chosen)]
    return [(customer, days) for customer, days in ages if days > kept[0][0]]
