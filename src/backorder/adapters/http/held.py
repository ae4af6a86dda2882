"""What a service holds in memory for a while: files that somebody looks at, and the rows of them that were refused."""

import secrets
from collections import OrderedDict
from typing import Generic, NamedTuple, TypeVar

from backorder.adapters.imports.mapping import Mapping
from backorder.adapters.imports.run import Reject
from backorder.adapters.imports.sheets import Sheet

T = TypeVar("T")
FILES_MAX = 4  # a file of 16 MB is some hundred as rows
FILES_KEPT = 60 * 60 * 10**6
REFUSED_MAX = 12
REFUSED_KEPT = 24 * 60 * 60 * 10**6


class File(NamedTuple):
    """A file that was given: by whom, its name, what is in it, and how it was first read."""

    account: str
    name: str
    kind: str
    sheet: Sheet
    mapping: Mapping


class Refused(NamedTuple):
    """The rows of a file that were not taken, and how it was read; for whoever gave it, and nobody else."""

    account: str
    sheet: Sheet
    mapping: Mapping
    rejects: list[Reject]


class Few(Generic[T]):
    """At most so many things by name, each for a while; the oldest goes where there are more."""

    def __init__(self, most: int, kept: int) -> None:
        self._most, self._kept = most, kept
        self._there: OrderedDict[str, tuple[int, T]] = OrderedDict()

    def put(self, now: int, thing: T, name: str | None = None) -> str:
        """Hold it; under which name."""
        name = name or secrets.token_urlsafe(16)
        self._there[name] = now + self._kept, thing
        while len(self._there) > self._most:
            self._there.popitem(last=False)
        return name

    def get(self, now: int, name: str) -> T | None:
        """What is held under a name; None where it is not, or not any more."""
        until, thing = self._there.get(name, (0, None))
        return thing if now < until else None
