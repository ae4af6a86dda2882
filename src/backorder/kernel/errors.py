"""Exceptions: the world failed. Expected outcomes are values (`outcomes`), our own mistakes are assertions."""


class BackorderError(Exception):
    """Something outside the program failed; the message says what and what to do."""


class StorageError(BackorderError):
    """The database could not be reached, read or written."""


class Conflict(StorageError):
    """Another transaction was in the way; nothing was written, and the same batch may be run again."""


class Unavailable(StorageError):
    """The database is away or out of room. What was being committed may or may not stand: asking again tells."""


class Fenced(BackorderError):
    """What was claimed is somebody else's by now: what was done about it must not stand."""


class NotSent(BackorderError):
    """A message did not arrive; the message says why.

    `for_good` says that trying again is of no use; `away` that the other side takes nothing at all at the moment. With
    a `pause` (microseconds) it is left alone for so long, because it asked for it or does not answer.
    """

    def __init__(self, why: str, *, for_good: bool = False, away: bool = False, pause: int | None = None) -> None:
        super().__init__(why)
        self.for_good, self.away, self.pause = for_good, away, pause
