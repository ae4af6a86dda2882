"""Turns among threads: who asks first goes first, so that none of them waits without end."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from backorder.kernel.errors import Conflict


class Turns:
    """A lock that is handed on in the order in which it was asked for."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()
        self._waited = False

    @contextmanager
    def turn(self, seconds: int) -> Iterator[None]:
        """Wait for one's turn and have it. Raises Conflict where it does not come within `seconds`."""
        self._take(seconds)
        try:
            yield
        finally:
            self._give()

    def come(self) -> None:
        """Say that somebody writes, where nobody has to wait for a turn: the database is shared all the same."""
        self._waited = True

    def waited(self) -> bool:
        """Whether anybody had to wait for their turn, or came without one, since this was asked last."""
        with self._guard:
            waited, self._waited = self._waited, False
        return waited

    def _take(self, seconds: int) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append(gate)
            self._waited = True
        if gate.acquire(timeout=seconds):
            return  # whoever went before opened it and left the lock taken for us
        with self._guard:
            if gate in self._waiting:
                self._waiting.remove(gate)
                raise Conflict("the database is busy: others write without end")

    def _give(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
