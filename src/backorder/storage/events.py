"""Events: written last in the transaction that caused them, numbered by the database in the order of commits."""

from collections.abc import Sequence

from sqlalchemy import func, select

from backorder.kernel.events import Event
from backorder.storage.db import Tx
from backorder.storage.event_tables import events

_LAST = select(func.max(events.c.n))


def save_events(tx: Tx, told: Sequence[Event]) -> None:
    """Write events. Others who write some wait until commit: call it last in a transaction.

    Whoever reads them sees no number before all lower ones are there to be seen.
    """
    tx.insert(events, Event._fields, told)


def last_event(tx: Tx, subject: str | None = None) -> int:
    """The number of the last event, of all or of a subject; 0 where there is none."""
    chosen = _LAST if subject is None else _LAST.where(events.c.subject == subject)
    return int(tx.fetch(chosen)[0][0] or 0)
