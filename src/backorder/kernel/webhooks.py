"""Webhooks by the Standard Webhooks specification (1.0.0): who wants what, what is said, and how it is signed."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence

import msgspec

from backorder.kernel.calendars import moment_datetime
from backorder.kernel.events import KINDS, cloud
from backorder.kernel.retries import HOUR, MESSAGES

NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
PATTERN_MAX = 60  # characters of a pattern
SENDER = "webhook/"  # what the outbox calls an endpoint begins so
SECRET = "whsec_"  # noqa: S105  # what a secret begins with, not one
SECRET_BYTES = 32
BODY_MAX = 20_000  # bytes, by the specification
OLD_SIGNS = 24 * HOUR  # so long the secret before signs too, after a rotation
FAILS_FOR = sum(MESSAGES)  # an endpoint that took nothing for as long as a message is tried is switched off
TESTED = "webhook_tested"

_PATTERN = re.compile(r"(\*|[a-z_]+\*?)\Z")


def sender(webhook: str) -> str:
    """What the outbox calls an endpoint."""
    return SENDER + webhook


def subject(webhook: str) -> str:
    """The subject of events about an endpoint."""
    return f"webhooks/{webhook}"


def trouble(patterns: Sequence[str]) -> str | None:
    """What is wrong with the kinds that an endpoint wants; None if nothing is."""
    if not patterns:
        return "say which kinds of events it wants; * for all"
    for pattern in patterns:
        if not _PATTERN.match(pattern) or not any(wants([pattern], kind) for kind in KINDS):
            return f"{pattern} is no kind of event, nor the beginning of one with * behind it, such as order_*"
    return None


def wants(patterns: Iterable[str], kind: str) -> bool:
    """Whether one of the patterns is this kind, or its beginning with a star behind it."""
    return any(kind == pattern or (pattern[-1] == "*" and kind.startswith(pattern[:-1])) for pattern in patterns)


def key_of(secret: str) -> bytes | None:
    """The bytes that a secret stands for: 24 to 64 of them in base64, behind `whsec_`; None for other text."""
    try:
        found = base64.b64decode(secret.removeprefix(SECRET).encode(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if secret.startswith(SECRET) and 24 <= len(found) <= 64 else None


def secret_of(key: bytes) -> str:
    """The secret that stands for some bytes."""
    return SECRET + base64.b64encode(key).decode()


def signatures(secrets: Iterable[str], ident: str, timestamp: int, body: bytes) -> str:
    """What the header says: a signature by each secret, the newest first, with blanks between.

    `timestamp` is in seconds since 1970. A receiver takes a message if one of them is right.
    """
    said = b"%s.%d.%s" % (ident.encode(), timestamp, body)
    return " ".join("v1," + base64.b64encode(_signed(secret, said)).decode() for secret in secrets)


def _signed(secret: str, said: bytes) -> bytes:
    key = key_of(secret)
    assert key is not None, "a secret was looked at when it was put"
    return hmac.new(key, said, hashlib.sha256).digest()


def body(event: int, at: int, kind: str, about: str, data: str) -> bytes:
    """What is sent: the event in the form of CloudEvents 1.0, with the `timestamp` that Standard Webhooks wants.

    Where it would be longer than a receiver has to take, the lists and objects of its data are left out, the longest
    first, and named in `left_out`: the address in `subject`, or `/v1/events`, has them.
    """
    said = cloud(event, at, kind, about, data) | {"timestamp": moment_datetime(at)}
    whole = msgspec.json.encode(said)
    if len(whole) <= BODY_MAX:
        return whole
    facts = msgspec.json.decode(data)
    left_out: list[str] = []
    sizes = {name: len(msgspec.json.encode(value)) for name, value in facts.items()} if isinstance(facts, dict) else {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        del facts[name]
        left_out.append(name)
        whole = msgspec.json.encode(said | {"data": {**facts, "left_out": sorted(left_out)}})
        if len(whole) <= BODY_MAX:
            return whole
    return msgspec.json.encode(said | {"data": {"left_out": ["data"]}})
