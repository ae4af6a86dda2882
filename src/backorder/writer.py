"""Coalesces concurrent requests into batches: many callers, one transaction.

Batching is natural: while one transaction commits, the next batch forms from whatever arrived, without a timer. Alone,
a caller waits for nobody; under load, hundreds share one commit.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from backorder.commands import BATCH_MAX, COMMANDS, Command, shares, size, takes_long
from backorder.kernel.errors import BackorderError, Unavailable
from backorder.kernel.outcomes import Outcome
from backorder.storage.audit import Entry, save_entries
from backorder.storage.db import Database

LINES_MAX = 1_024  # commands and order lines of one transaction: beyond it a larger batch is hardly faster
WAITING_MAX = 16_384  # commands and order lines, some seconds' work: while so much waits, no more are let in

Said = list[Outcome] | Exception  # what a caller is told
Pending = Future[list[Outcome]] | asyncio.Future[list[Outcome]]  # of a caller in a thread, or on an event loop


class Full(BackorderError):
    """So much is waiting already that more would only grow the queue; nothing was done, come back in a moment."""


class Closed(BackorderError):
    """The service is going down and takes no more commands; nothing was done, come back in a moment."""


@dataclass(slots=True)
class _Call:
    """What one caller asked in one request: commands of one kind that share a transaction, and its audit entry."""

    commands: Sequence[Command]
    entry: Entry | None
    size: int
    answer: Pending


class Writer:
    """One thread that applies what many callers ask, a batch of one kind of command after the other.

    Batches are taken from the head of the queue: the oldest call chooses the kind, and calls of that kind that wait
    behind it join. So no kind waits longer than the batches of those who came before. Commands of one call stay in
    their order and in one transaction. Each caller gets its own outcomes, or its own error.
    """

    def __init__(self, db: Database, clock: Callable[[], int], *, waiting_max: int = WAITING_MAX) -> None:
        self._db = db
        self._clock = clock
        self._waiting_max = waiting_max
        self._calls: deque[_Call] = deque()
        self._waiting = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._long: deque[_Call] = deque()  # what takes long and holds no lock meanwhile has a thread of its own
        self._running: _Call | None = None
        self._beside = threading.Thread(target=self._run_long, name="beside the writer", daemon=True)
        self.batches = 0  # transactions so far
        self.commands = 0  # commands in them

    @property
    def waiting(self) -> int:
        """Commands and order lines that wait for a transaction."""
        return self._waiting

    def admit(self) -> None:
        """Raise Full while as much waits as may: a door asks before it reads what it would turn away."""
        if self._waiting >= self._waiting_max:
            raise Full(f"{self._waiting} commands are waiting already: send it again in a moment")

    def start(self) -> None:
        """Start applying."""
        self._thread.start()
        self._beside.start()

    def submit(self, commands: Sequence[Command], entry: Entry | None = None) -> Future[list[Outcome]]:
        """Let commands of one kind join the batch now forming; the future gives their outcomes, in their order.

        `entry` says who asks, for the audit trail; it is written in the same transaction. Raises Full or Closed
        before anything is done. The future raises Unavailable where the database was away: then it is not known
        whether the commands were applied, and asking again with the same ids tells.
        """
        answer: Future[list[Outcome]] = Future()
        self._join(commands, entry, answer)
        return answer

    async def outcomes(self, commands: Sequence[Command], entry: Entry | None = None) -> list[Outcome]:
        """The same for callers on an event loop: all of a batch are woken at once, where each alone costs as much."""
        answer: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._join(commands, entry, answer)
        return await answer

    def _join(
        self,
        commands: Sequence[Command],
        entry: Entry | None,
        answer: Pending,
    ) -> None:
        kind = type(commands[0])
        assert all(type(command) is kind for command in commands), "a call has commands of one kind"
        call = _Call(commands, entry, sum(map(size, commands)), answer)
        assert call.size <= BATCH_MAX, f"a call has at most {BATCH_MAX} commands and order lines"
        with self._changed:
            if self._closed:
                raise Closed("the service is going down: send it again in a moment")
            self.admit()
            (self._long if takes_long(kind) else self._calls).append(call)
            self._waiting += call.size
            self._changed.notify_all()

    def close(self, seconds: float = 30.0) -> None:
        """Take no more, finish what waits, stop; what is not done after `seconds` is told that the service closed."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in (self._thread, self._beside):
            if thread.is_alive():
                thread.join(seconds)
        with self._changed:
            left, self._waiting = [*self._calls, *self._long], 0
            self._calls.clear()
            self._long.clear()
            if self._running is not None:  # asked again it goes on where it stopped
                left.append(self._running)
        _tell(left, [Closed("the service went down before this was its turn: send it again")] * len(left))

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._calls and not self._closed:
                    self._changed.wait()
                if not self._calls:
                    return
                batch = self._take()
            self._apply(batch)
            with self._changed:
                self._waiting -= sum(call.size for call in batch)

    def _run_long(self) -> None:
        """Apply what takes long, one call after another; what did not begin before the end is told so."""
        while True:
            with self._changed:
                while not self._long and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                call = self._running = self._long.popleft()
            self._apply([call])
            with self._changed:
                self._running = None
                self._waiting -= call.size

    def _take(self) -> list[_Call]:
        """The oldest call and those of its kind that may share its transaction, in the order they came."""
        head = self._calls.popleft()
        batch, room = [head], LINES_MAX - head.size
        kind = type(head.commands[0])
        if not shares(kind):
            return batch
        others: list[_Call] = []
        while self._calls and room > 0:
            call = self._calls.popleft()
            if type(call.commands[0]) is kind and call.size <= room:
                batch.append(call)
                room -= call.size
            else:
                others.append(call)
        self._calls.extendleft(reversed(others))
        return batch

    def _apply(self, batch: list[_Call]) -> None:
        """Apply the calls in one transaction; where that fails, in halves, so that only those at fault fail.

        A transaction that failed wrote nothing, so running the rest again is safe. Where the database itself is away
        nobody is at fault and all are told.
        """
        try:
            outcomes = self._transact(batch)
        except Unavailable as error:
            _tell(batch, [error] * len(batch))
            return
        except Exception as error:  # whatever it is, it must not reach callers who did not cause it
            if len(batch) == 1:
                _tell(batch, [error])
                return
            middle = len(batch) // 2
            self._apply(batch[:middle])
            self._apply(batch[middle:])
            return
        each = iter(outcomes)
        _tell(batch, [list(islice(each, len(call.commands))) for call in batch])

    def _transact(self, batch: list[_Call]) -> list[Outcome]:
        commands: list[Any] = [command for call in batch for command in call.commands]
        entries = [call.entry for call in batch if call.entry is not None]
        now = self._clock()
        db = self._db.closing_with(lambda tx: save_entries(tx, entries, now)) if entries else self._db
        outcomes = COMMANDS[type(commands[0])](db, now, commands)
        self.batches += 1
        self.commands += len(commands)
        return outcomes


def _tell(batch: Sequence[_Call], answers: Sequence[Said]) -> None:
    """Give each caller its answer. Those on an event loop get theirs by one call into it."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[list[Outcome]], Said]]] = {}
    for call, said in zip(batch, answers, strict=True):
        if isinstance(call.answer, asyncio.Future):
            loops.setdefault(call.answer.get_loop(), []).append((call.answer, said))
        elif not call.answer.done() and (call.answer.running() or call.answer.set_running_or_notify_cancel()):
            _settle(call.answer, said)
    for loop, told in loops.items():
        with suppress(RuntimeError):  # the loop ended, and with it whoever waited
            loop.call_soon_threadsafe(_settle_all, told)


def _settle_all(told: Sequence[tuple[asyncio.Future[list[Outcome]], Said]]) -> None:
    for answer, said in told:
        if not answer.done():  # whoever left cancelled it
            _settle(answer, said)


def _settle(answer: Pending, said: Said) -> None:
    if answer.done():  # what took too long was told that the service closed
        return
    if isinstance(said, Exception):
        answer.set_exception(said)
    else:
        answer.set_result(said)
