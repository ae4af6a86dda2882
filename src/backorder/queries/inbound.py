"""The sources of what shops send, without their secrets, and what came of the last deliveries."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, case, func, literal_column, select

from backorder.kernel.calendars import moment_datetime
from backorder.storage.db import Database, among
from backorder.storage.inbound_tables import inbound_deliveries, inbound_sources
from backorder.storage.types import Moment

DELIVERIES_MAX = 50  # of one source that are shown

State = Literal["done", "refused", "ignored", "early", "invalid"]


class DeliveryView(msgspec.Struct):
    """What came of a delivery. `delivery` is what it is known by, `given` the id that the shop gave it.

    `refused`: a command was, and somebody has to see to it. `ignored`: nothing that is taken from this form. `early`:
    it cancelled an order that had not come. `invalid`: it could not be read. `message` says why.
    """

    delivery: str
    given: str
    at: datetime
    topic: str
    state: State
    order: str | None
    message: str | None


class SourceView(msgspec.Struct):
    """Who may send, in which form, as which account. Until `old_secret_until` the secret before proves too."""

    source: str
    form: str
    account: str
    has_secret: bool
    old_secret_until: datetime | None
    made_at: datetime


class SourceWithDeliveries(SourceView):
    """A source with its last deliveries, the newest first."""

    deliveries: list[DeliveryView]


class Lately(msgspec.Struct):
    """When a source sent last, and how many of its later deliveries were refused or could not be read."""

    last: datetime
    refused: int
    invalid: int


_columns = inbound_sources.c
_SOURCES = select(
    _columns.source, _columns.form, _columns.account, _columns.secret, _columns.old_until, _columns.made_at
).order_by(_columns.source)
_LAST = (
    select(
        inbound_deliveries.c.delivery,
        inbound_deliveries.c.given,
        inbound_deliveries.c.at,
        inbound_deliveries.c.topic,
        inbound_deliveries.c.state,
        inbound_deliveries.c.order_id,
        inbound_deliveries.c.message,
    )
    .where(inbound_deliveries.c.source == bindparam("source"))
    .order_by(inbound_deliveries.c.at.desc(), inbound_deliveries.c.delivery)
    .limit(DELIVERIES_MAX)
)


def _count(state: State) -> ColumnElement[int]:
    """How many deliveries ended so since a moment, and have not ended otherwise when they were sent again."""
    found = inbound_deliveries.c
    ended = and_(found.state == state, found.at >= bindparam("since", type_=Moment()))
    return func.sum(case((ended, literal_column("1")), else_=literal_column("0")))


_LATELY = (
    select(
        inbound_deliveries.c.source,
        func.max(inbound_deliveries.c.at),
        _count("refused"),
        _count("invalid"),
    )
    .where(among(inbound_deliveries.c.source, "sources"))
    .group_by(inbound_deliveries.c.source)
)


def list_sources(db: Database, *, after: str | None = None, limit: int | None = None) -> list[SourceView]:
    """Sources by name, behind one."""
    asked = _SOURCES if after is None else _SOURCES.where(_columns.source > after)
    with db.read() as tx:
        return [SourceView(**_view(row)) for row in tx.fetch(asked.limit(limit))]


def source(db: Database, name: str) -> SourceWithDeliveries | None:
    """A source with its last deliveries; None if there is none."""
    with db.read() as tx:
        rows = tx.fetch(_SOURCES.where(_columns.source == name))
        if not rows:
            return None
        last = tx.fetch(_LAST, source=name)
    found = [DeliveryView(row[0], row[1], moment_datetime(row[2]), *row[3:]) for row in last]
    return SourceWithDeliveries(**_view(rows[0]), deliveries=found)


def lately(db: Database, names: list[str], since: int) -> dict[str, Lately]:
    """How sources fared since a moment, by name; those from which nothing came in the last month are left out."""
    with db.read() as tx:
        rows = tx.fetch(_LATELY, sources=names, since=since) if names else []
    return {name: Lately(moment_datetime(last), int(refused), int(invalid)) for name, last, refused, invalid in rows}


def _view(row: Any) -> dict[str, Any]:
    name, form, account, secret, old_until, made_at = row
    until = None if old_until is None else moment_datetime(old_until)
    return {
        "source": name,
        "form": form,
        "account": account,
        "has_secret": secret is not None,
        "old_secret_until": until,
        "made_at": moment_datetime(made_at),
    }
