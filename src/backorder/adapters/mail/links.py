"""Links in letters, by which customers open the pages of their orders."""

import re
from collections.abc import Callable, Collection, Mapping

from backorder.adapters import drawn
from backorder.commands import run
from backorder.commands.status import PutStatusLink
from backorder.kernel.outcomes import Word
from backorder.storage.db import Database

# An address that can stand before the path of a page; without TLS on this machine only, for rehearsals.
BASE = re.compile(r"(https://[A-Za-z0-9.\[\]:-]+|http://(localhost|127\.0\.0\.1)(:[0-9]+)?)(/[A-Za-z0-9._~-]+)*\Z")
Draw = Callable[[Collection[str]], Mapping[str, str]]


def drawing(db: Database, clock: Callable[[], int], pages: str, actor: str) -> Draw:
    """What draws a link for each of some orders, and lets it open the order's page: addresses by order.

    `pages` is where customers reach the service (`https://orders.example.com`); without it no link is drawn. Tokens are
    kept nowhere, their digests are: a letter that is made again has a link of its own. There is none for an order that
    went, or that has as many links as an order may have.
    """

    def draw(orders: Collection[str]) -> Mapping[str, str]:
        if not pages or not orders:
            return {}
        found = {order: drawn.draw() for order in sorted(orders)}
        batch = [PutStatusLink(order=order, digest=one.digest) for order, one in found.items()]
        made = {one.subject for one in run(db, clock(), batch, actor=actor) if one.outcome is Word.ACCEPTED}
        return {order: pages + one.path for order, one in found.items() if order in made}

    return draw


def no_links(_orders: Collection[str]) -> Mapping[str, str]:
    """No link for anybody: of words that say where the letter is."""
    return {}
