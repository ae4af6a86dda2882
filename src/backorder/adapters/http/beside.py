"""What goes on beside requests: work that takes longer than anybody waits for an answer, in a thread of its own."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import Protocol

from backorder.adapters.http.held import FILES_KEPT, FILES_MAX, REFUSED_KEPT, REFUSED_MAX, Few, File, Refused
from backorder.storage.db import Database

END_SECONDS = 20  # what goes on gets so long to come to the end of its step when the service goes down
log = logging.getLogger("backorder.http")


class Demo(Protocol):
    """A shop's past, day by day."""

    def days(self) -> int:
        """How many days there are."""

    def run(self, told: Callable[[date], bool] | None = None) -> bool:
        """Write it; each day is told, and whether to go on is answered. Whether it came to the end."""


class Beside:
    """Threads that a request began and that outlive it. They ask between their steps whether the service ends.

    `demo` fills a new database, where it was handed in; `resting` keeps the worker from what is due meanwhile. `files`
    are looked at before they are taken over, `refused` has the rows that were not taken.
    """

    def __init__(
        self,
        demo: Callable[[Database, int], Demo] | None = None,
        resting: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.demo, self.resting = demo, resting
        self.files: Few[File] = Few(FILES_MAX, FILES_KEPT)
        self.refused: Few[Refused] = Few(REFUSED_MAX, REFUSED_KEPT)
        self._over = threading.Event()
        self._threads: set[threading.Thread] = set()

    @property
    def over(self) -> bool:
        """Whether the service goes down: then nothing further is begun."""
        return self._over.is_set()

    def pause(self, seconds: float) -> None:
        """Give way to others for a while, or until the service goes down."""
        self._over.wait(seconds)

    def start(self, work: Callable[[], None]) -> None:
        """Do this in a thread. What goes wrong is logged; the work itself says what came of it."""
        thread = threading.Thread(target=self._run, args=(work,), name="beside", daemon=True)
        self._threads.add(thread)
        thread.start()

    def end(self, seconds: float = END_SECONDS) -> None:
        """Let what goes on stop after the step that it is at."""
        self._over.set()
        for thread in list(self._threads):
            thread.join(seconds)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.exception("beside")
        finally:
            self._threads.discard(threading.current_thread())
