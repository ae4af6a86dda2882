"""Letters that come back by mail: reports on their delivery (RFC 3464) are read, and what they say is recorded."""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser, Parser
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from backorder.adapters.mail.message import marked
from backorder.adapters.mail.posts import NOTICE
from backorder.commands import run
from backorder.commands.notices import RecordNotice
from backorder.queries.mail import has_arrived, load_notices
from backorder.queries.outbox import list_events
from backorder.storage.db import Database

MAIL_MAX = 1_000_000  # bytes of a mail that are read: a report stands at its beginning
_LETTER = re.compile(r"\s*<([1-9][0-9]{0,17})\.([0-9a-f]{24})@[^<>\s]+>\s*\Z")  # see `composed`
_STATUS = re.compile(r"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")  # RFC 3463


class Returned(NamedTuple):
    """What a mail was: a notice that did not arrive, by order and number, and why; else why it is none of that."""

    notice: tuple[str, int] | None
    why: str


class _Noticed(msgspec.Struct):
    """What the event of a notice says of it."""

    notice: int


def returned(db: Database, now: int, mail: bytes) -> Returned:
    """Record that a notice came back, where a mail is a report of that. Whoever it went to was not told.

    Nobody has to be believed who wrote the mail: it has to hold the Message-ID of the letter, and that can be known by
    those alone who had it. Of what the report says the number of its status is kept: its text may hold anything.
    """
    read = BytesParser().parsebytes(mail[:MAIL_MAX])
    status = next(_failed(read), None)
    if status is None:
        return Returned(None, "it is no report that a letter did not arrive")
    found = next((key for one in _letters(read) if (key := _notice(db, one)) is not None), None)
    if found is None:
        return Returned(None, "it is about no notice that was mailed from here")
    order, n = found
    with db.read() as tx:
        if has_arrived(tx, order, n):
            return Returned(None, f"the customer of order {order} was reached by other means")
    why = f"a mail server reported {status}"
    run(db, now, [RecordNotice(order=order, notice=n, became="bounced", reason=why)], actor="mail")
    return Returned(found, why)


def _failed(read: Message) -> Iterator[str]:
    """The status of each delivery that failed; a letter that is late only may still arrive."""
    for part in read.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            for said in part.get_payload():
                assert isinstance(said, Message)
                if str(said.get("Action", "")).strip().lower() == "failed":
                    status = _STATUS.match(str(said.get("Status", "")))
                    yield status[1] if status else "a failure"


def _letters(read: Message) -> Iterator[str]:
    """The Message-IDs of what came back, whole or its headers alone."""
    for part in read.walk():
        kind = part.get_content_type()
        if kind == "message/rfc822" and part.is_multipart():
            yield from (str(one.get("Message-ID", "")) for one in part.get_payload() if isinstance(one, Message))
        elif kind == "text/rfc822-headers":
            held = part.get_payload(decode=True)
            text = held.decode("ascii", "replace") if isinstance(held, bytes) else ""
            yield str(Parser().parsestr(text, headersonly=True).get("Message-ID", ""))


def _notice(db: Database, letter: str) -> tuple[str, int] | None:
    """The notice that went as the letter with a Message-ID."""
    said = _LETTER.match(letter)
    if said is None:
        return None
    number = int(said[1])
    for event in list_events(db, after=number - 1, limit=1):
        if (event.n, event.kind) != (number, NOTICE):
            continue
        key = unquote(event.subject.partition("/")[2]), msgspec.json.decode(event.data, type=_Noticed).notice
        with db.read() as tx:
            one = load_notices(tx, [key]).get(key)
        if one is not None and one.sent_at is not None and said[2] == marked(number, one.sent_at, event.subject):
            return key
    return None
