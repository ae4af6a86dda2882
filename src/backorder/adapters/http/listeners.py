"""Who listens to this process: what the last looks at the database found, for all of them."""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Awaitable, Callable

from backorder.kernel.errors import StorageError
from backorder.queries.outbox import EventView

LOOK = 0.5  # seconds between looks: a page that is told is fetched again, and all of it within a second
FOUND_MAX = 2_000  # events that are remembered


class Listeners:
    """One look a second for all who listen, however many. All of it happens in the event loop's thread.

    `found` has all events behind the number `floor`, up to `last`; `news` is set when there are more, and another one
    takes its place. `looks` counts those at the database, `open` those who listen.
    """

    def __init__(self) -> None:
        self.open = self.looks = self.floor = self.last = 0
        self.found: deque[EventView] = deque(maxlen=FOUND_MAX)
        self.news, self.over = asyncio.Event(), asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    def heed(self) -> None:
        """End the streams when the process is told to stop; the server would wait for them before it says so.

        It stops at SIGINT as at SIGTERM, so that it gets the one for the other.
        """

        def stop() -> None:
            self.end()
            os.kill(os.getpid(), signal.SIGINT)

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)

    def end(self) -> None:
        """End every stream."""
        self.over.set()

    async def follow(
        self, last: Callable[[], Awaitable[int]], behind: Callable[[int, int], Awaitable[list[EventView]]]
    ) -> None:
        """See that somebody looks for news, from the last event on: by its number, and by what is behind a number."""
        if self._following is None or self._following.done():
            number = await last()
            if self._following is None or self._following.done():  # nobody else began meanwhile
                self.found.clear()
                self.floor = self.last = number
                self._following = asyncio.create_task(self._look(behind))

    async def _look(self, behind: Callable[[int, int], Awaitable[list[EventView]]]) -> None:
        """Look for news as long as anybody listens."""
        while self.open and not self.over.is_set():
            self.looks += 1
            try:
                found = await behind(self.last, FOUND_MAX)
            except StorageError:  # it is away: they wait
                found = []
            for event in found:
                if len(self.found) == FOUND_MAX:
                    self.floor = self.found[0].n
                self.found.append(event)
            if found:
                self.last = found[-1].n
                self.news.set()
                self.news = asyncio.Event()
            if len(found) < FOUND_MAX:
                await either(LOOK, self.over)


async def either(seconds: float, *events: asyncio.Event, gone: "asyncio.Future[None] | None" = None) -> None:
    """Wait for one of some events, for so long, or until something else is done."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    others: list[asyncio.Future[None]] = [] if gone is None else [gone]
    try:
        await asyncio.wait([*waits, *others], timeout=seconds, return_when="FIRST_COMPLETED")  # type: ignore[type-var]  # of two kinds
    finally:
        for each in waits:
            each.cancel()
