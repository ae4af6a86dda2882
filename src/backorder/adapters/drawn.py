"""A link to an order's page as whoever makes one draws it: the token goes to the customer, its digest is kept."""

import hashlib
import secrets
from typing import NamedTuple


class Drawn(NamedTuple):
    """A link that opens nothing yet: its path under the service's address, and the digest for `put_status_link`."""

    path: str
    digest: str


def draw() -> Drawn:
    """A link of 256 random bits."""
    token = secrets.token_urlsafe(32)
    return Drawn(f"/s/{token}", hashlib.sha256(token.encode()).hexdigest())
