"""Endpoints for webhooks: put, switched off and on, tried, sent to again; their secrets, which are shown once.

No command answers a secret, because answers are kept. Whoever puts an endpoint brings one along, or lets one be drawn
by `rotate_secret`, which shows it; nothing is sent before there is one.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from backorder import settings
from backorder.commands._batch import Command, Key, Note, Steps, invalid, perform, perform_each
from backorder.kernel import keys
from backorder.kernel.destinations import URL_MAX, Unfit, read_url
from backorder.kernel.errors import BackorderError
from backorder.kernel.events import Event
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.webhooks import (
    FAILS_FOR,
    NAME,
    OLD_SIGNS,
    PATTERN_MAX,
    SECRET_BYTES,
    TESTED,
    key_of,
    secret_of,
    sender,
    subject,
    trouble,
    wants,
)
from backorder.storage import webhooks as storage
from backorder.storage.audit import Entry, save_entries
from backorder.storage.db import Database, Tx
from backorder.storage.events import last_event, save_events
from backorder.storage.outbox import add_feed
from backorder.storage.webhooks import Attempt, Webhook

REPLAY_MAX = 10_000  # events that one command looks at
GONE = 410  # the answer of an endpoint that wants nothing any more

EventNumber = Annotated[int, Meta(ge=1, le=2**62)]
Name = Annotated[str, Meta(pattern=NAME + keys.END)]


class Missing(BackorderError):
    """There is no such endpoint."""


class PutWebhook(Command, tag="put_webhook"):
    """Put an endpoint that events are sent to, by the Standard Webhooks specification.

    It is told what happens from now on: the kinds in `events`, all where none are named. It is sent nothing before it
    has a secret: `whsec_` and 24 to 64 bytes in base64. With another secret the one before signs beside it for a day.
    """

    webhook: Name
    url: Annotated[str, Meta(min_length=1, max_length=URL_MAX)] | UnsetType = UNSET
    events: (
        Annotated[list[Annotated[str, Meta(min_length=1, max_length=PATTERN_MAX)]], Meta(max_length=100)] | UnsetType
    ) = UNSET
    secret: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET


class DisableWebhook(Command, tag="disable_webhook"):
    """Send nothing to an endpoint. What is for it waits."""

    webhook: Key
    reason: Note | None = None


class EnableWebhook(Command, tag="enable_webhook"):
    """Send to an endpoint again, first of all what happened meanwhile."""

    webhook: Key


class TestWebhook(Command, tag="test_webhook"):
    """Send a message of the kind `webhook_tested` to an endpoint, and to no other."""

    webhook: Key


class ReplayWebhook(Command, tag="replay_webhook"):
    """Send messages to an endpoint again: of one event, or of all from `event` to `until` that it wants.

    They keep their ids. At most 10,000 events are looked at.
    """

    webhook: Key
    event: EventNumber
    until: EventNumber | None = None


@dataclass(slots=True)
class _Work:
    known: dict[str, Webhook]
    last: int  # the last event when the transaction began
    new: dict[str, Webhook] = field(default_factory=dict)
    changed: dict[str, Webhook] = field(default_factory=dict)

    def keep(self, made: Webhook) -> None:
        """Take an endpoint as it is to be from now on."""
        fresh = made.webhook not in self.known or made.webhook in self.new
        (self.new if fresh else self.changed)[made.webhook] = made
        self.known[made.webhook] = made


def put_webhooks(db: Database, now: int, batch: Sequence[PutWebhook]) -> list[Outcome]:
    """Put endpoints."""
    return perform(db, now, batch, Steps(_check, _load, _put, _save))


def disable_webhooks(db: Database, now: int, batch: Sequence[DisableWebhook]) -> list[Outcome]:
    """Switch endpoints off."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _disable, _save))


def enable_webhooks(db: Database, now: int, batch: Sequence[EnableWebhook]) -> list[Outcome]:
    """Switch endpoints on."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _enable, _save))


def test_webhooks(db: Database, now: int, batch: Sequence[TestWebhook]) -> list[Outcome]:
    """Try endpoints."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _test, _save))


def replay_webhooks(db: Database, now: int, batch: Sequence[ReplayWebhook]) -> list[Outcome]:
    """Send messages again, each time in a transaction of its own."""
    return perform_each(db, now, batch, Steps(_check_span, _begin_replay, _replay, lambda _tx, _work: None))


def _check(command: PutWebhook) -> Outcome | None:
    if isinstance(command.url, str):
        try:
            read_url(command.url, settings.destinations())
        except Unfit as error:
            return invalid(command, "url", str(error))
    if isinstance(command.events, list):
        why = trouble(command.events)
        if why is not None:
            return invalid(command, "events", why)
    if isinstance(command.secret, str) and key_of(command.secret) is None:
        return invalid(command, "secret", "a secret is whsec_ and 24 to 64 bytes in base64; it may be left out")
    return None


def _load(tx: Tx, batch: Sequence[PutWebhook | DisableWebhook | EnableWebhook | TestWebhook]) -> _Work:
    return _Work(storage.lock_webhooks(tx, (command.webhook for command in batch)), last_event(tx))


def _put(work: _Work, command: PutWebhook, now: int) -> Outcome:
    before = work.known.get(command.webhook)
    if before is None:
        if command.url is UNSET:
            return invalid(command, "url", "say where it is")
        patterns = ["*"] if command.events is UNSET else command.events
        secret = None if command.secret is UNSET else command.secret
        made = Webhook(
            command.webhook, str(command.url), json.dumps(patterns), secret, None, None, now, None, None, None
        )
        work.keep(made)
        return Outcome(Word.ACCEPTED, subject=command.webhook)
    after = before
    if isinstance(command.url, str):
        after = after._replace(url=command.url)
    if isinstance(command.events, list):
        after = after._replace(events=json.dumps(command.events))
    if isinstance(command.secret, str):
        after = _with_secret(after, command.secret, now)
    if after == before:
        return Outcome(Word.EXISTS, subject=command.webhook)
    work.keep(after)
    return Outcome(Word.CHANGED, subject=command.webhook)


def _with_secret(before: Webhook, secret: str, now: int) -> Webhook:
    if before.secret == secret:
        return before
    until = None if before.secret is None else now + OLD_SIGNS
    return before._replace(secret=secret, old_secret=before.secret, old_until=until)


def _disable(work: _Work, command: DisableWebhook, now: int) -> Outcome:
    before = work.known.get(command.webhook)
    if before is None:
        return refused(Word.UNKNOWN_WEBHOOK, command.webhook)
    if before.disabled_at is not None:
        return Outcome(Word.EXISTS, subject=command.webhook)
    why = command.reason or "a person said so"
    work.keep(before._replace(disabled_at=now, disabled_why=why))
    return Outcome(Word.CHANGED, subject=command.webhook, message=why)


def _enable(work: _Work, command: EnableWebhook, _now: int) -> Outcome:
    before = work.known.get(command.webhook)
    if before is None:
        return refused(Word.UNKNOWN_WEBHOOK, command.webhook)
    if before.disabled_at is None:
        return Outcome(Word.EXISTS, subject=command.webhook)
    work.keep(before._replace(disabled_at=None, disabled_why=None, failing_since=None))
    return Outcome(Word.CHANGED, subject=command.webhook)


def _test(work: _Work, command: TestWebhook, _now: int) -> Outcome:
    found = work.known.get(command.webhook)
    if found is None:
        return refused(Word.UNKNOWN_WEBHOOK, command.webhook)
    if found.disabled_at is not None:
        return refused(Word.NOT_ALLOWED, command.webhook, "it is disabled: enable it first")
    if found.secret is None:
        return refused(Word.NOT_ALLOWED, command.webhook, "it has no secret yet: rotate it, and it is shown")
    return Outcome(Word.ACCEPTED, subject=command.webhook)


def _save(tx: Tx, work: _Work) -> None:
    storage.save_webhooks(tx, list(work.changed.values()), list(work.new.values()))
    for made in work.new.values():
        add_feed(tx, sender(made.webhook), work.last, made.made_at)


def _check_span(command: ReplayWebhook) -> Outcome | None:
    if command.until is not None and command.until < command.event:
        return invalid(command, "until", "the last event comes before the first")
    return None


def _begin_replay(tx: Tx, batch: Sequence[ReplayWebhook]) -> tuple[Tx, dict[str, Webhook]]:
    named = {command.webhook for command in batch}
    return tx, {found.webhook: found for found in storage.load_webhooks(tx) if found.webhook in named}


def _replay(work: tuple[Tx, dict[str, Webhook]], command: ReplayWebhook, now: int) -> Outcome:
    tx, known = work
    found = known.get(command.webhook)
    if found is None:
        return refused(Word.UNKNOWN_WEBHOOK, command.webhook)
    span = command.event, command.until or command.event
    count = storage.send_again(
        tx, sender(found.webhook), span, lambda kind, about: is_for(found, kind, about), now, REPLAY_MAX
    )
    if not count:
        return refused(Word.UNKNOWN_MESSAGE, command.webhook, "nothing in it is for this endpoint, and went before")
    return Outcome(Word.CHANGED, subject=command.webhook, quantity=count)


def is_for(webhook: Webhook, kind: str, about: str) -> bool:
    """Whether an event of a kind about a subject is for an endpoint; that one is tried concerns it alone."""
    if kind == TESTED:
        return about == subject(webhook.webhook)
    return wants(webhook.patterns, kind)


def rotate_secret(db: Database, now: int, webhook: str, *, by: str, role: str = "", request: str = "-") -> str:
    """Give an endpoint a new secret, which is shown this once; the one before signs beside it for a day.

    Raises Missing.
    """
    secret = secret_of(secrets.token_bytes(SECRET_BYTES))
    with db.write() as tx:
        found = storage.lock_webhooks(tx, [webhook]).get(webhook)
        if found is None:
            raise Missing(f"there is no webhook {webhook}")
        storage.save_webhooks(tx, [_with_secret(found, secret, now)])
        digest = hashlib.sha256(webhook.encode()).hexdigest()
        save_entries(tx, [Entry(by, role, request, "rotate_secret", webhook, 1, digest)], now)
    return secret


def record_attempts(tx: Tx, webhook: str, attempts: Sequence[Attempt], now: int, *, ailing: bool) -> None:
    """Write down what came of tries, in the transaction that says what became of the messages.

    Tells by an event if the endpoint is switched off by it: because it said that it wants nothing any more, or because
    it took nothing for as long as a message is tried. `ailing` says whether it took nothing before.
    """
    storage.save_attempts(tx, attempts)
    if not ailing and all(attempt.error is None for attempt in attempts):
        return
    found = storage.lock_webhooks(tx, [webhook]).get(webhook) if attempts else None
    if found is None:
        return
    after, why = found, None
    for attempt in attempts:
        since = None if attempt.error is None else after.failing_since or attempt.at
        after = after._replace(failing_since=since)
        if attempt.status == GONE:
            why = f"it answered {GONE}: it wants nothing any more"
    if why is None and after.failing_since is not None and now - after.failing_since >= FAILS_FOR:
        why = "it took nothing for three days"
    if why is not None and found.disabled_at is None:
        after = after._replace(disabled_at=now, disabled_why=why)
        told = Outcome(Word.CHANGED, subject=webhook, message=why)
        event = Event(now, "webhook_disabled", subject(webhook), msgspec.json.encode(told).decode())
        tx.endings.append(lambda tx: save_events(tx, [event]))
    if after != found:
        storage.save_webhooks(tx, [after])
