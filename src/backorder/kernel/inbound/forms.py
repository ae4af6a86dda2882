"""The forms in which shops sign what they send, as one table: which headers, which key, what is signed.

A delivery is known by what is signed of it. Standard Webhooks sign an id and a moment. Shopify and WooCommerce sign the
body alone, so theirs is known by its digest and the topic: an id in a header that nobody signed could be another each
time that somebody sends the same body again.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import NamedTuple

from backorder.kernel.errors import BackorderError
from backorder.kernel.webhooks import key_of

MINUTE = 60  # seconds
TOLERANCE = 5 * MINUTE  # so far a signed moment may be from ours, either way
SIGNATURES_MAX = 10  # of one delivery that are looked at
IDENT_MAX = 200  # characters of the id of a delivery
HEADER_MAX = 2_000  # characters of a header that are looked at


class Unproven(BackorderError):
    """A delivery that nothing proves to be the shop's; the message says what to do."""


class Form(NamedTuple):
    """How a kind of shop signs: by its headers (in small letters), and with a key made from its secret.

    `topic` names the header that says what happened; None where the body says it. `draws` says whether the secret may
    be drawn here; else the shop gives it.
    """

    name: str
    signature: str
    ident: str
    topic: str | None
    timestamp: str | None
    key: Callable[[str], bytes | None]
    draws: bool


def _as_it_is(secret: str) -> bytes | None:
    return secret.encode() if 16 <= len(secret) <= 200 else None


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form("standard", "webhook-signature", "webhook-id", None, "webhook-timestamp", key_of, draws=True),
        Form(
            "shopify", "x-shopify-hmac-sha256", "x-shopify-webhook-id", "x-shopify-topic", None, _as_it_is, draws=False
        ),
        Form(
            "woocommerce",
            "x-wc-webhook-signature",
            "x-wc-webhook-delivery-id",
            "x-wc-webhook-topic",
            None,
            _as_it_is,
            draws=True,
        ),
    )
}


class Proven(NamedTuple):
    """A delivery that is the shop's. `ident` is what it is known by, `given` the id in its header, for people."""

    ident: str
    given: str
    topic: str | None


def prove(form: Form, headers: Callable[[str], list[str]], body: bytes, secrets: Iterable[str], seconds: int) -> Proven:
    """What a delivery says of itself, proven by a signature with one of the secrets over the body as it came.

    `headers` are the values of a header, `seconds` is now, since 1970. Compared in constant time, with every secret.
    Raises Unproven.
    """
    given = _one(headers, form.ident, needed=form.timestamp is not None, most=IDENT_MAX)
    topic = None if form.topic is None else _one(headers, form.topic, needed=True)
    said, signed = _one(headers, form.signature, needed=True), body
    if form.timestamp is not None:
        moment = _one(headers, form.timestamp, needed=True)
        signed = f"{given}.{moment}.".encode() + body
    right = False
    for secret in secrets:
        key = form.key(secret)
        expected = hmac.new(key or b"-", signed, hashlib.sha256).digest()
        for one in _signatures(form, said):
            right |= hmac.compare_digest(expected, one) and key is not None
    if not right:
        raise Unproven(f"{form.signature} does not prove this body with the secret of the source")
    if form.timestamp is not None:
        _in_time(moment, seconds, form.timestamp)
        return Proven(given, given, topic)
    return Proven(hashlib.sha256(f"{topic}\n".encode() + body).hexdigest(), given, topic)


def _one(headers: Callable[[str], list[str]], name: str, *, needed: bool, most: int = HEADER_MAX) -> str:
    """The only header of a name: where there are two, one reader would take the first and another the last."""
    found = headers(name)
    if len(found) > 1:
        raise Unproven(f"{name} is there {len(found)} times: send it once")
    said = found[0].strip() if found else ""
    if needed and not said:
        raise Unproven(f"{name} is missing")
    if len(said) > most or not said.isascii() or not said.isprintable():
        raise Unproven(f"{name} is no plain text of at most {most} characters")
    return said


def _signatures(form: Form, said: str) -> list[bytes]:
    """The signatures of a header; of Standard Webhooks there may be several, those of version 1 count."""
    if form.timestamp is None:
        words = [said]
    else:
        words = [word[3:] for word in said.split(" ")[:SIGNATURES_MAX] if word.startswith("v1,")]
    return [_bytes(word) for word in words]


def _bytes(word: str) -> bytes:
    try:
        return base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _in_time(said: str, seconds: int, name: str) -> None:
    if not (said.isdecimal() and len(said) <= 12):
        raise Unproven(f"{name} is no number of seconds since 1970")
    away = seconds - int(said)
    if abs(away) > TOLERANCE:
        when = "ago" if away > 0 else "ahead"
        raise Unproven(f"{name} is {abs(away)} seconds {when}, more than {TOLERANCE}: set the clock, or send it anew")
