"""Notices of orders: reading how they stand, writing what changed, and their texts once, when they go."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from backorder.kernel.cases import Notice
from backorder.storage.db import Changed, Row, Tx, among
from backorder.storage.notice_tables import notices

# The text of a notice, and what it was made from, are written once and not read again here.
_NOTICE = ("n", "kind", "state", "made_at", "changed_at", "send_at", "deadline", "gist", "trouble", "sent_at")
_HOW = ("answer_by", "silence", "by_whom", "means", "sent_to")
_NOTICES = (
    select(notices.c.order_id, *(notices.c[name] for name in (*_NOTICE, *_HOW)))
    .where(among(notices.c.order_id, "orders"))
    .order_by(notices.c.order_id, notices.c.n)
)
_STANDING = (
    "kind",
    "state",
    "changed_at",
    "send_at",
    "deadline",
    "gist",
    "trouble",
    "by_whom",
    "means",
)
_SENT = ("sent_at", "answer_by", "silence", "facts", "subject", "text", "version", "digest", "sent_to")
_UNKNOWN = (...,) * len(_SENT)  # what was there is not read: it differs from whatever is written
_KEY = ("order_id", "n")


def load_notices(tx: Tx, names: Sequence[str]) -> list[tuple[str, Notice]]:
    """The notices of orders, in order, without their texts."""
    found = []
    for order, *fields in tx.fetch(_NOTICES, orders=names):
        notice = Notice(*fields[: len(_NOTICE)])
        notice.answer_by, notice.silence, notice.by, notice.means, notice.to = fields[len(_NOTICE) :]
        found.append((order, notice))
    return found


def standing(notice: Notice) -> Row:
    """What can change of a notice whatever its state, in the order of _STANDING."""
    times = notice.changed_at, notice.send_at, notice.deadline
    return (notice.kind, notice.state, *times, notice.gist, notice.trouble, notice.by, notice.means)


def _as_sent(notice: Notice) -> Row:
    content = notice.facts, notice.subject, notice.text, notice.version, notice.digest, notice.to
    return (notice.sent_at, notice.answer_by, notice.silence, *content)


def save_notices(tx: Tx, found: Sequence[tuple[str, Notice]], before: Mapping[Row, Row]) -> None:
    """Write notices that are new or stand otherwise than before; of those that went, the text."""
    made, told, moved, sent, reasons = list[Row](), list[Row](), list[Changed](), list[Changed](), list[Row]()
    for order, notice in found:
        key, now = (order, notice.n), standing(notice)
        if key not in before and notice.text is None:
            made.append((*key, notice.made_at, notice.silence, *now))
        elif key not in before:
            told.append((*key, notice.made_at, *now, *_as_sent(notice)))
        elif notice.text is not None:
            sent.append((key, (*before[key], *_UNKNOWN), (*now, *_as_sent(notice))))
        elif now != before[key]:
            moved.append((key, before[key], now))
        if notice.reason is not None:
            reasons.append((*key, notice.reason))
    tx.change(notices, _KEY, _STANDING, moved)
    tx.change(notices, _KEY, (*_STANDING, *_SENT), sent)
    tx.insert(notices, (*_KEY, "made_at", "silence", *_STANDING), made)
    tx.insert(notices, (*_KEY, "made_at", *_STANDING, *_SENT), told)
    tx.update(notices, _KEY, ("reason",), reasons)
