"""Exceptions: the world failed. Expected outcomes are values (`outcomes`), our own mistakes are assertions."""


class BackorderError(Exception):
    """Something outside the program failed; the message says what and what to do."""


class StorageError(BackorderError):
    """The database could not be reached, read or written."""


class Conflict(StorageError):
    """Another transaction was in the way; nothing was written, and the same batch may be run again."""


class Unavailable(StorageError):
    """The database is away or out of room. What was being committed may or may not stand: asking again tells."""
