"""Kills or stops the process at a named point, once: for tests, where PYTHONPATH lets the interpreter find this.

BACKORDER_FAULT is `POINT|MARKER|SIGNAL`: whoever reaches the point first makes the file MARKER and gets the signal.
"""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

_POINT, _MARKER, _SIGNAL = os.environ.get("BACKORDER_FAULT", "||").split("|")


def at(point: str) -> None:
    """Get the signal here, if this is the point and nobody got it yet."""
    if point != _POINT:
        return
    try:
        os.close(os.open(_MARKER, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    # to this very thread: another one might be woken for it, while this goes on for a moment
    signal.pthread_kill(threading.get_ident(), signal.Signals[_SIGNAL])


def around(
    owner: Any, name: str, before: str = "", after: str = "", only: Callable[..., bool] = lambda *_: True
) -> None:
    """Put points before and after a function; not after one that found nothing."""
    original = getattr(owner, name)

    def patched(*args: Any, **more: Any) -> Any:
        mine = only(*args)
        if mine:
            at(before)
        found = original(*args, **more)
        if mine and found != []:
            at(after)
        return found

    setattr(owner, name, patched)


def table(name: str, word: str = "") -> Callable[..., bool]:
    """Only what is inserted into a table, and not nothing; with a word, only where it stands in the first row."""
    return lambda _tx, target, _columns, rows: target.name == name and bool(rows) and (not word or word in rows[0])


if _POINT:
    from backorder import worker, writer
    from backorder.storage import outbox, timers
    from backorder.storage.db import Tx

    around(writer.Writer, "_transact", "writer: before begin", "writer: after commit, before the answers")
    around(writer.Writer, "_apply", after="writer: after the answers")
    around(Tx, "insert", "writer: before the first write", only=table("orders"))
    around(Tx, "insert", "writer: between writes", only=table("promises"))
    around(Tx, "insert", "writer: before the audit", only=table("audit", "place_order"))
    around(Tx, "insert", after="writer: before commit", only=table("events"))
    around(timers, "close_timers", "worker: before a timer is closed", "worker: before the timer's commit")
    around(outbox, "spread_to", after="worker: before messages are there")
    around(outbox, "claim_messages", after="worker: before the claim's commit")
    around(worker, "_hand_over", "worker: before sending", "worker: after sending")
    around(outbox, "mark_sent", after="worker: before what was sent is marked")
