"""One supply beyond its units: what it is and whose, what was told of its day, and what moving it did to promises."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import func, or_, select

from backorder.kernel.calendars import moment_datetime
from backorder.kernel.events import Moved, address
from backorder.queries.lines import as_date
from backorder.storage.db import Database, Tx, among
from backorder.storage.event_tables import events
from backorder.storage.notice_tables import NOTICE_OPEN_AS, notices
from backorder.storage.tables import items, orders, pegs, suppliers, supplies

TURNS_MAX = 8  # of what was told of a supply, the newest
READ_MAX = 2_000  # events behind a change that are looked through for the promises that it moved


class About(NamedTuple):
    """What a supply is of, by whom it comes, and when it was asked for; None where nobody said."""

    item: str | None
    supplier: str | None
    supplier_name: str | None
    ordered_on: date | None


class Turn(NamedTuple):
    """Something that was told of a supply: the kind of event, with the day that it was planned for from then on."""

    at: datetime
    kind: str
    day: date | None
    quantity: int | None


class Gone(NamedTuple):
    """Promises that a change of a supply's day moved.

    `lines` had theirs moved, `later` of them to a later day and `undated` to none; `elsewhere` of them hold nothing of
    the supply any more. `latest` is the last day that one has now. `to_tell` customers have a notice that is due.
    `more` says that these are not all.
    """

    lines: int
    later: int
    undated: int
    elsewhere: int
    latest: date | None
    to_tell: int
    more: bool


class _Told(msgspec.Struct):
    """What matters of an event about a supply."""

    day: date | None = None
    quantity: int | None = None


_ABOUT = (
    select(items.c.name, supplies.c.supplier, suppliers.c.name, supplies.c.ordered_on)
    .select_from(supplies)
    .join(items, items.c.sku == supplies.c.sku)
    .outerjoin(suppliers, suppliers.c.supplier == supplies.c.supplier)
)
_DATED = "supply_rescheduled", "supply_confirmed"
_KINDS = "supply_announced", *_DATED, "supply_received", "supply_cancelled"
_WHO = func.coalesce(orders.c.customer, orders.c.order_id)
_TO_TELL = (
    select(func.count(_WHO.distinct()))
    .select_from(notices.join(orders, orders.c.order_id == notices.c.order_id))
    .where(NOTICE_OPEN_AS["due"], among(notices.c.order_id, "orders"))
)


def about(db: Database, supply: str) -> About:
    """What a supply is of and by whom it comes; it has to be there."""
    with db.read() as tx:
        name, supplier, supplier_name, ordered = tx.fetch(_ABOUT.where(supplies.c.supply == supply))[0]
    return About(name, supplier, supplier_name, as_date(ordered))


def turns(db: Database, supply: str, document: str | None) -> list[Turn]:
    """What was told of a supply, or of all of its document, the newest first and no more than a few."""
    of = [address("supplies", supply), *([] if document is None else [address("documents", document)])]
    with db.read() as tx:
        rows = [row for subject in of for row in _last(tx, subject)]
    told = [(row, msgspec.json.decode(row[3], type=_Told)) for row in sorted(rows, reverse=True)[:TURNS_MAX]]
    return [Turn(moment_datetime(at), kind, said.day, said.quantity) for (_, at, kind, _), said in told]


def _last(tx: Tx, subject: str) -> Sequence[Any]:
    chosen = select(events.c.n, events.c.at, events.c.kind, events.c.data)
    chosen = chosen.where(events.c.subject == subject).order_by(events.c.n.desc())
    return [tuple(row) for row in tx.fetch(chosen.limit(TURNS_MAX)) if row[2] in _KINDS]


def gone(db: Database, supply: str, since: int) -> Gone | None:
    """What the first change of a supply's day behind the event `since` did to promises; None if there was none."""
    changed = (
        select(events.c.n, events.c.at)
        .where(events.c.subject == address("supplies", supply), events.c.n > since)
        .where(or_(*(events.c.kind == kind for kind in _DATED)))
        .order_by(events.c.n)
        .limit(1)
    )
    moved = select(events.c.at, events.c.kind, events.c.subject, events.c.data).order_by(events.c.n).limit(READ_MAX)
    with db.read() as tx:
        first = tx.fetch(changed)
        if not first:
            return None
        at = first[0][1]
        rows = tx.fetch(moved.where(events.c.n > since))
        read = [
            (subject, msgspec.json.decode(data, type=Moved))
            for moment, kind, subject, data in rows
            if kind == "promise_moved" and moment == at
        ]
        mine = {(subject, said.line): said for subject, said in read if said.supply == supply}
        names = sorted({_order(subject) for subject, _ in mine})
        still = _holding(tx, supply, names) if names else set()
        to_tell = tx.fetch(_TO_TELL, orders=names)[0][0] if names else 0
    days = [said.to for said in mine.values() if said.to is not None]
    return Gone(
        lines=len(mine),
        later=sum(said.to is not None and said.before is not None and said.to > said.before for said in mine.values()),
        undated=sum(said.to is None for said in mine.values()),
        elsewhere=sum((_order(subject), line) not in still for subject, line in mine),
        latest=max(days, default=None),
        to_tell=int(to_tell),
        more=len(rows) == READ_MAX and rows[-1][0] == at,
    )


def _holding(tx: Tx, supply: str, names: Sequence[str]) -> set[tuple[str, str]]:
    """The lines of orders that hold units of a supply."""
    chosen = select(pegs.c.order_id, pegs.c.line).where(pegs.c.supply == supply, among(pegs.c.order_id, "orders"))
    return {(order, line) for order, line in tx.fetch(chosen, orders=names)}


def _order(subject: str) -> str:
    """The order that an event is about."""
    return subject.partition("/")[2].replace("%2F", "/").replace("%25", "%")
