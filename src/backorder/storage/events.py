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


def last_event(tx: Tx) -> int:
    """The number of the last event; 0 where there is none."""
    return int(tx.fetch(_LAST)[0][0] or 0)
