"""What is kept for a while only: messages that ended, events, sessions, plans. A step at a time.

Answers to commands are kept as long as the database: whoever asks again, however late, must not do a thing twice.
"""

from sqlalchemy import Select, bindparam, exists, func, select
from sqlalchemy.sql.expression import literal_column

from backorder.kernel.retries import HOUR
from backorder.storage.access_tables import sessions
from backorder.storage.db import Tx
from backorder.storage.event_tables import events, outbox
from backorder.storage.import_tables import imports
from backorder.storage.inbound_tables import inbound_deliveries
from backorder.storage.reallocation_tables import plan_lines, plans
from backorder.storage.types import Moment
from backorder.storage.watch_tables import watches
from backorder.storage.webhook_tables import webhook_attempts

ATTEMPTS_KEPT = 7 * 24 * HOUR  # what came of the tries to reach endpoints
DELIVERIES_KEPT = 30 * 24 * HOUR  # what came of what shops sent: they send again for some days
STEP = 2_000  # rows of a table in one transaction: so nobody waits long behind it

_BEFORE = bindparam("before", type_=Moment())
_MESSAGES = select(outbox.c.event, outbox.c.sender).where(
    outbox.c.state.in_(("sent", "discarded")), outbox.c.ended_at < _BEFORE
)
# Events that a message is still about stay, and so does the last: its number is the one that the next is counted from.
_EVENTS = select(events.c.n).where(
    events.c.at < _BEFORE,
    events.c.n < select(func.max(events.c.n)).scalar_subquery(),
    ~exists(select(literal_column("1")).where(outbox.c.event == events.c.n)),
)
_RUNS = select(plans.c.run).where(plans.c.forget_at <= _BEFORE).order_by(plans.c.forget_at, plans.c.run)
# Of watches that ended the last of an item stays: its number is the one that the next is counted from.
_other = watches.alias("other")
_WATCHES = select(watches.c.sku, watches.c.n).where(
    watches.c.ended_at < _BEFORE,
    watches.c.n < select(func.max(_other.c.n)).where(_other.c.sku == watches.c.sku).scalar_subquery(),
)
_IMPORTS = select(imports.c.run).where(imports.c.begun_at < _BEFORE)
_ATTEMPTS = select(webhook_attempts.c.n).where(webhook_attempts.c.at < _BEFORE)
_DELIVERIES = select(inbound_deliveries.c.source, inbound_deliveries.c.delivery).where(
    inbound_deliveries.c.at < _BEFORE
)
_SESSIONS = select(sessions.c.digest).where(sessions.c.expires_at < _BEFORE)


def forget(tx: Tx, now: int, before: int) -> None:
    """Delete a step of what ended before a moment; of sessions and links, what ended by now; a run whose time is over.

    Messages that a person has still to decide on stay, with their events. Tries to reach endpoints go after a week, and
    what came of what shops sent after a month.
    """
    tx.delete(outbox, ("event", "sender"), _some(tx, _MESSAGES, before))
    tx.delete(events, ("n",), _some(tx, _EVENTS, before))
    tx.delete(watches, ("sku", "n"), _some(tx, _WATCHES, before))
    tx.delete(imports, ("run",), _some(tx, _IMPORTS, before))
    tx.delete(webhook_attempts, ("n",), _some(tx, _ATTEMPTS, now - ATTEMPTS_KEPT))
    tx.delete(inbound_deliveries, ("source", "delivery"), _some(tx, _DELIVERIES, now - DELIVERIES_KEPT))
    tx.delete(sessions, ("digest",), _some(tx, _SESSIONS, now))
    over = tx.fetch(_RUNS.limit(1), before=now)
    tx.delete(plan_lines, ("run",), over)
    tx.delete(plans, ("run",), over)


def is_left(tx: Tx, now: int, before: int) -> bool:
    """Whether there is more to forget from before a moment, or of runs by now."""
    olds = [(old, before) for old in (_MESSAGES, _EVENTS, _WATCHES, _IMPORTS)]
    timed = ((_ATTEMPTS, now - ATTEMPTS_KEPT), (_DELIVERIES, now - DELIVERIES_KEPT), (_RUNS, now))
    return any(tx.fetch(old.limit(1), before=moment) for old, moment in (*olds, *timed))


def _some(tx: Tx, old: "Select[tuple[str, ...]]", before: int) -> list[tuple[str, ...]]:
    return tx.fetch(old.limit(STEP), before=before)
