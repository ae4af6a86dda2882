"""Endpoints as the worker sees them: a sender each, made anew from its row for every look."""

import socket
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime

from backorder.adapters.webhooks.line import Broken, Line, Reply
from backorder.commands.webhooks import GONE, is_for, record_attempts
from backorder.kernel.calendars import moment_number
from backorder.kernel.destinations import Allowed, Place, Unfit, choose, read_url
from backorder.kernel.errors import NotSent
from backorder.kernel.retries import HOUR, SECOND
from backorder.kernel.webhooks import body, sender, signatures
from backorder.storage.db import Database, Tx
from backorder.storage.outbox import Message
from backorder.storage.webhooks import Attempt, Webhook, load_webhooks

AT_ONCE = 10  # messages over one connection, and what became of them in one transaction
SENDING = 5.0  # seconds after which no further one of them is begun: what is claimed has to end within its lease
SLOW = 5_000  # milliseconds for a message: whoever takes longer waits behind others the next time
PAUSE = 30 * SECOND  # for an endpoint that does not answer, or is overrun and does not say for how long
PAUSE_MAX = 24 * HOUR
OVERRUN = {429, 502, 503, 504}

Resolve = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """The addresses that a name stands for, those first that are best reached from here. Raises OSError."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


class Endpoints:
    """All endpoints that are sent to: those that are not disabled and have a secret.

    `clock` is in microseconds; `ticks` are seconds that only go forward.
    """

    def __init__(
        self,
        db: Database,
        clock: Callable[[], int],
        ticks: Callable[[], float],
        allowed: Allowed,
        *,
        resolve: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._db, self.clock, self.ticks, self.allowed, self.resolve = db, clock, ticks, allowed, resolve
        self.trust = ssl.create_default_context() if trust is None else trust

    def __call__(self) -> "list[Endpoint]":
        """Those that there are at the moment."""
        with self._db.read() as tx:
            found = load_webhooks(tx)
        return [Endpoint(each, self) for each in found if each.disabled_at is None and each.secret is not None]


class Endpoint:
    """A sender to one endpoint."""

    at_once = AT_ONCE

    def __init__(self, webhook: Webhook, among: Endpoints) -> None:
        self.name = sender(webhook.webhook)
        self.ailing, self.slow = webhook.failing_since is not None, False
        self._webhook, self._among = webhook, among
        self._tried: list[Attempt] = []

    def wants(self, kind: str, subject: str) -> bool:
        """Whether events of this kind about this subject are for it."""
        return is_for(self._webhook, kind, subject)

    def note(self, tx: Tx, now: int) -> None:
        """Write down the attempts of the last `send`."""
        record_attempts(tx, self._webhook.webhook, self._tried, now, ailing=self.ailing)

    def send(self, messages: Sequence[Message]) -> list[NotSent | None]:
        """Post messages in order, over one connection; those after one that the endpoint did not take are not tried,
        nor are those behind another of their subject.
        """
        self._tried = []
        answers: list[NotSent | None] = []
        stuck: set[str] = set()
        began = self._among.ticks()
        line: Line | None = None
        try:
            for message in messages:
                if message.subject in stuck:
                    answers.append(NotSent("one before it did not go"))
                    continue
                if answers and self._among.ticks() - began > SENDING:
                    break
                start = self._among.ticks()
                at, status = self._among.clock(), None
                try:
                    line = line or self._line()
                    reply = line.post(self._headers(message, at), _body(message))
                    status, answer = reply.status, judged(reply, at)
                except (Unfit, Broken) as error:
                    answer = NotSent(str(error), away=True, pause=PAUSE)
                took = int((self._among.ticks() - start) * 1_000)
                said = None if answer is None else str(answer)
                self._tried.append(Attempt(self._webhook.webhook, message.event, at, took, status, said))
                answers.append(answer)
                if answer is not None:
                    stuck.add(message.subject)
                    if answer.away:
                        break
        finally:
            if line is not None:
                line.close()
        self.slow = any(attempt.took_ms > SLOW for attempt in self._tried)
        return answers

    def _line(self) -> Line:
        """A line to an address that the name stands for now. Raises Unfit where it stands for one that may not be."""
        place: Place = read_url(self._webhook.url, self._among.allowed)
        try:
            found = self._among.resolve(place.host, place.port)
        except OSError:
            raise Unfit("its name is not known") from None
        addresses = choose(place, found, self._among.allowed)
        return Line(place, addresses, self._among.trust, self._among.ticks)

    def _headers(self, message: Message, at: int) -> list[tuple[str, str]]:
        mine = self._webhook
        old = mine.old_secret if mine.old_until is not None and at < mine.old_until else None
        secrets = [secret for secret in (mine.secret, old) if secret is not None]
        ident, timestamp = str(message.event), at // SECOND
        signed = signatures(secrets, ident, timestamp, _body(message))
        return [("webhook-id", ident), ("webhook-timestamp", str(timestamp)), ("webhook-signature", signed)]


def _body(message: Message) -> bytes:
    return body(message.event, message.at, message.kind, message.subject, message.data)


def judged(reply: Reply, now: int) -> NotSent | None:
    """Why what was answered at a moment means that a message did not arrive; None where it did."""
    if 200 <= reply.status < 300:
        return None
    why = f"it answered {reply.status}"
    if 300 <= reply.status < 400:
        return NotSent(f"{why}: nobody is followed elsewhere, so give the address where it is")
    if reply.status == GONE:
        return NotSent(f"{why}: it wants nothing any more", away=True, pause=PAUSE)
    if reply.status in OVERRUN or reply.retry_after is not None:
        return NotSent(why, away=True, pause=_pause(reply.retry_after, now))
    return NotSent(why)


def _pause(said: str | None, now: int) -> int:
    """For how long an endpoint wants to be left alone, from seconds or a date; no longer than a day."""
    if said is None:
        return PAUSE
    if said.isascii() and said.isdecimal():
        return min(int(said[:9]) * SECOND, PAUSE_MAX) or PAUSE
    try:
        date = parsedate_to_datetime(said)
    except ValueError:
        return PAUSE
    moment = moment_number(date if date.tzinfo is not None else date.replace(tzinfo=UTC))
    return min(moment - now, PAUSE_MAX) if moment > now else PAUSE
