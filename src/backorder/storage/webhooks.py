"""Endpoints for webhooks, what came of the last attempts, and what is sent to one again."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, select

from backorder.storage.db import Row, Tx, among
from backorder.storage.event_tables import events, outbox
from backorder.storage.outbox import lock_feeds, revive
from backorder.storage.webhook_tables import webhook_attempts, webhooks


class Webhook(NamedTuple):
    """An endpoint as its row has it; `events` are patterns as JSON."""

    webhook: str
    url: str
    events: str
    secret: str | None
    old_secret: str | None
    old_until: int | None
    made_at: int
    disabled_at: int | None
    disabled_why: str | None
    failing_since: int | None

    @property
    def patterns(self) -> list[str]:
        """The kinds of events that it wants, and the beginnings of some."""
        return list(json.loads(self.events))


class Attempt(NamedTuple):
    """What came of one try: the answer's status, or none, and what was wrong, if anything was.

    `took_ms` is in milliseconds.
    """

    webhook: str
    event: int
    at: int
    took_ms: int
    status: int | None
    error: str | None


_ALL = select(webhooks).order_by(webhooks.c.webhook)
_LOCKED = select(webhooks).where(among(webhooks.c.webhook, "names")).order_by(webhooks.c.webhook).with_for_update()
_RANGE = (
    select(events.c.n, events.c.kind, events.c.subject, outbox.c.state)
    .select_from(events.outerjoin(outbox, (outbox.c.event == events.c.n) & (outbox.c.sender == bindparam("sender"))))
    .where(events.c.n.between(bindparam("first"), bindparam("last")))
    .order_by(events.c.n)
    .limit(bindparam("most"))
)


def load_webhooks(tx: Tx) -> list[Webhook]:
    """Every endpoint, by name."""
    return [Webhook(*row) for row in tx.fetch(_ALL)]


def lock_webhooks(tx: Tx, names: Iterable[str]) -> dict[str, Webhook]:
    """Endpoints by name, as far as they are there; nobody else changes them until commit."""
    return {row[0]: Webhook(*row) for row in tx.fetch(_LOCKED, names=sorted(set(names)))}


def save_webhooks(tx: Tx, put: Sequence[Webhook], new: Sequence[Webhook] = ()) -> None:
    """Write endpoints that are there, and new ones."""
    tx.insert(webhooks, Webhook._fields, new)
    tx.update(webhooks, ("webhook",), Webhook._fields[1:], put)


def save_attempts(tx: Tx, attempts: Sequence[Attempt]) -> None:
    """Write down what came of tries."""
    tx.insert(webhook_attempts, Attempt._fields, attempts)


def send_again(
    tx: Tx, sender: str, span: tuple[int, int], wanted: Callable[[str, str], bool], now: int, most: int
) -> int:
    """Let the messages of a sender about events in a span (both ends in it) be sent again; how many, at most `most`.

    Those of kinds and subjects that it did not want when they happened, and wants by now, are among them. What waits
    already, or is not in the outbox yet, comes by itself.
    """
    until = lock_feeds(tx, [sender])[sender]
    found = tx.fetch(_RANGE, sender=sender, first=span[0], last=min(span[1], until), most=most)
    mine = [row for row in found if wanted(row[1], row[2]) and row[3] != "waiting"]
    revive(tx, [(n, sender, now) for n, _, _, state in mine if state is not None])
    fresh: list[Row] = [(n, sender, about, "waiting", now, 0, 0) for n, _, about, state in mine if state is None]
    tx.insert(outbox, ("event", "sender", "subject", "state", "due_at", "attempts", "claim"), fresh)
    return len(mine)
