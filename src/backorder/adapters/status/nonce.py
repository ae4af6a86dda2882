"""What proves that a form came from the page of this link, and what it showed: made with the link's token as its key.

Nothing has to be kept for it, and whoever does not have the token cannot make one.
"""

import hashlib
import hmac
import secrets
from typing import NamedTuple

LIFE = 12 * 3_600  # seconds for which a page can be left open
LENGTH_MAX = 200
_SECOND = 1_000_000


class Nonce(NamedTuple):
    """A proof that was checked: `shown` is the digest of what the page said, `text` the whole of it."""

    shown: str
    text: str


def make(token: str, step: str, now: int, shown: str = "") -> str:
    """A proof for one step; `now` is the moment in microseconds, `shown` what the page says."""
    body = f"{now // _SECOND + LIFE:x}.{secrets.token_urlsafe(9)}.{digest(shown)}"
    return f"{body}.{_sign(token, step, body)}"


def check(token: str, step: str, now: int, text: str) -> Nonce | None:
    """The proof, if it was made for this step with this token and is not too old."""
    body, _, signed = text.rpartition(".")
    parts = body.split(".")
    if len(text) > LENGTH_MAX or not text.isascii() or len(parts) != 3:
        return None
    if not hmac.compare_digest(signed, _sign(token, step, body)):
        return None
    return Nonce(parts[2], text) if int(parts[0], 16) > now // _SECOND else None


def digest(shown: str) -> str:
    """The digest of what a page said."""
    return hashlib.sha256(shown.encode()).hexdigest()[:32]


def _sign(token: str, step: str, body: str) -> str:
    return hmac.new(token.encode(), f"{step} {body}".encode(), hashlib.sha256).hexdigest()[:40]
