"""What letters by e-mail are made from: notices as they were sent, and who wanted to be told that an item is back."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import BindParameter, bindparam, func, select

from backorder.storage.db import Tx, among
from backorder.storage.notice_tables import notices
from backorder.storage.tables import customers, items, orders, people
from backorder.storage.watch_tables import watches


class Notice(NamedTuple):
    """A notice to mail. `to` is None where nobody may be written to any more, `text` where there is nothing to say.

    `country` is where the goods go to, in two letters.
    """

    order: str
    n: int
    kind: str
    means: str | None
    sent_at: int | None
    to: str | None
    subject: str | None
    text: str | None
    name: str | None
    language: str | None
    country: str | None


class Watch(NamedTuple):
    """Somebody to be told that an item is back; `to` is None where nobody is to be told any more."""

    sku: str
    n: int
    item: str
    to: str | None
    name: str | None
    language: str | None
    country: str | None


_NUMBERS: BindParameter[int] = bindparam("numbers", expanding=True)
_NOTICES = (
    select(
        notices.c.order_id,
        notices.c.n,
        notices.c.kind,
        notices.c.means,
        notices.c.sent_at,
        notices.c.sent_to,
        notices.c.subject,
        notices.c.text,
        people.c.name,
        customers.c.language,
        func.coalesce(orders.c.country, customers.c.country),
    )
    .join(orders, orders.c.order_id == notices.c.order_id)
    .outerjoin(customers, customers.c.customer == orders.c.customer)
    .outerjoin(people, people.c.customer == orders.c.customer)
    .where(among(notices.c.order_id, "orders"))
)
_WATCHES = (
    select(
        watches.c.sku,
        watches.c.n,
        func.coalesce(items.c.name, items.c.sku),
        func.coalesce(watches.c.email, people.c.email),
        people.c.name,
        func.coalesce(watches.c.language, customers.c.language),
        customers.c.country,
    )
    .join(items, items.c.sku == watches.c.sku)
    .outerjoin(customers, customers.c.customer == watches.c.customer)
    .outerjoin(people, people.c.customer == watches.c.customer)
    .where(among(watches.c.sku, "skus"), watches.c.n.in_(_NUMBERS))
)


def load_notices(tx: Tx, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Notice]:
    """Notices by order and number; what there is not is left out."""
    wanted = set(keys)
    rows = tx.fetch(_NOTICES, orders=sorted({order for order, _ in keys})) if keys else []
    found = (Notice(*row) for row in rows)
    return {(one.order, one.n): one for one in found if (one.order, one.n) in wanted}


def load_watches(tx: Tx, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Watch]:
    """Watches by item and number; what there is not is left out."""
    wanted = set(keys)
    skus, numbers = sorted({sku for sku, _ in keys}), sorted({n for _, n in keys})
    rows = tx.fetch(_WATCHES, skus=skus, numbers=numbers) if keys else []
    found = (Watch(*row) for row in rows)
    return {(one.sku, one.n): one for one in found if (one.sku, one.n) in wanted}
