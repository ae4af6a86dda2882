"""What commands answered, by command id: asked again with the same content, a command gets the same answer."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import replies

_REPLIES = select(replies.c.command_id, replies.c.fingerprint, replies.c.outcome).where(
    among(replies.c.command_id, "ids")
)


def load_replies(tx: Tx, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """(fingerprint of the command, outcome as JSON) of the ids that were applied before."""
    wanted = list(ids)
    return {row[0]: (row[1], row[2]) for row in tx.fetch(_REPLIES, ids=wanted)} if wanted else {}


def save_replies(tx: Tx, rows: Sequence[Row]) -> None:
    """Remember answers, as (command id, moment, fingerprint, outcome JSON)."""
    tx.insert(replies, ("command_id", "at", "fingerprint", "outcome"), rows)
