"""Endpoints for webhooks and how they fare, without their secrets."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import bindparam, func, select

from backorder.kernel.calendars import moment_datetime
from backorder.kernel.webhooks import sender
from backorder.storage.db import Database, Tx, among
from backorder.storage.event_tables import outbox
from backorder.storage.webhook_tables import webhook_attempts
from backorder.storage.webhooks import Webhook, load_webhooks

ATTEMPTS_MAX = 50  # of one endpoint that are shown

State = Literal["well", "failing", "disabled", "without_secret"]


class AttemptView(msgspec.Struct):
    """What came of one try to reach an endpoint; `took_ms` is in milliseconds."""

    event: int
    at: datetime
    took_ms: int
    status: int | None
    error: str | None


class WebhookView(msgspec.Struct):
    """An endpoint: which kinds it is told of where, and how it fares.

    `failing_since` says since when it took nothing, `waiting` how many messages wait for it, and `dead` how many were
    given up. Until `old_secret_until` the secret before signs too.
    """

    webhook: str
    url: str
    events: list[str]
    state: State
    made_at: datetime
    disabled_at: datetime | None
    disabled_why: str | None
    failing_since: datetime | None
    old_secret_until: datetime | None
    waiting: int
    dead: int


class WebhookWithAttempts(WebhookView):
    """An endpoint with the last attempts to reach it, the newest first."""

    attempts: list[AttemptView]


_COUNTS = (
    select(outbox.c.sender, outbox.c.state, func.count())
    .where(among(outbox.c.sender, "senders"), outbox.c.state.in_(("waiting", "dead")))
    .group_by(outbox.c.sender, outbox.c.state)
)
_ATTEMPTS = (
    select(
        webhook_attempts.c.event,
        webhook_attempts.c.at,
        webhook_attempts.c.took_ms,
        webhook_attempts.c.status,
        webhook_attempts.c.error,
    )
    .where(webhook_attempts.c.webhook == bindparam("webhook"))
    .order_by(webhook_attempts.c.n.desc())
    .limit(ATTEMPTS_MAX)
)


def list_webhooks(db: Database, now: int, *, limit: int = 50, after: str = "") -> list[WebhookView]:
    """The endpoints by name, behind `after`, as they are at a moment."""
    with db.read() as tx:
        found = [each for each in load_webhooks(tx) if each.webhook > after][:limit]
        counts = _counts(tx, found)
    return [WebhookView(*_told(each, now, counts)) for each in found]


def webhook(db: Database, name: str, now: int) -> WebhookWithAttempts | None:
    """An endpoint by its name, with its last attempts; None if there is none."""
    with db.read() as tx:
        found = [each for each in load_webhooks(tx) if each.webhook == name]
        counts = _counts(tx, found)
        attempts = tx.fetch(_ATTEMPTS, webhook=name)
    tried = [AttemptView(event, moment_datetime(at), *said) for event, at, *said in attempts]
    return WebhookWithAttempts(*(*_told(found[0], now, counts), tried)) if found else None


def _counts(tx: Tx, found: list[Webhook]) -> dict[str, tuple[int, int]]:
    """How many messages wait for endpoints, and how many were given up, by name."""
    rows = tx.fetch(_COUNTS, senders=[sender(each.webhook) for each in found]) if found else []
    counted = {(name, state): int(count) for name, state, count in rows}
    names = {each.webhook: sender(each.webhook) for each in found}
    return {name: (counted.get((of, "waiting"), 0), counted.get((of, "dead"), 0)) for name, of in names.items()}


def _told(each: Webhook, now: int, counts: dict[str, tuple[int, int]]) -> tuple[Any, ...]:
    state: State = "well"
    if each.disabled_at is not None:
        state = "disabled"
    elif each.secret is None:
        state = "without_secret"
    elif each.failing_since is not None:
        state = "failing"
    old = each.old_until if each.old_until is not None and each.old_until > now else None
    moments = (each.failing_since, old)
    return (
        *(each.webhook, each.url, each.patterns, state, moment_datetime(each.made_at)),
        *(_moment(each.disabled_at), each.disabled_why, *map(_moment, moments)),
        *counts[each.webhook],
    )


def _moment(number: int | None) -> datetime | None:
    return None if number is None else moment_datetime(number)
