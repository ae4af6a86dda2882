"""What a route is: a row of the table that the service, its permissions, its document and its tests are made from."""

import asyncio
import hashlib
import os
import re
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from typing import Any, NamedTuple

import msgspec

from backorder.adapters.http.beside import Beside
from backorder.adapters.http.limits import Limits
from backorder.adapters.http.listeners import Listeners
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.request import Request
from backorder.adapters.openid import Provider
from backorder.commands.accounts import Identity
from backorder.storage.db import Database
from backorder.writer import Writer

OPEN = "open"  # the permission of routes that ask for none
PAGE_MAX = 200
PIECE = 65_536  # bytes of a long body that go together
ID = r"^[^\x00-\x1f\x7f]{1,200}$"  # what an id can be; in an address its slashes are sent as %2F
_ID = re.compile(ID.replace("$", r"\Z"))
NUMBER_MAX = 10**6  # of what is numbered within an order
_NUMBER = re.compile(r"[1-9][0-9]{0,6}\Z")


class Long:
    """A body too long to be held: it goes in pieces, read from an open file that `owner` keeps open."""

    def __init__(self, owner: object, descriptor: int) -> None:
        self._owner, self._descriptor = owner, descriptor
        self._size = os.fstat(descriptor).st_size

    def __len__(self) -> int:
        return self._size

    def pieces(self) -> Iterator[bytes]:
        """The body from its beginning; others may read the same file meanwhile."""
        for start in range(0, self._size, PIECE):
            yield os.pread(self._descriptor, PIECE, start)


class Answer(NamedTuple):
    """What goes back: a body that is encoded already, or a value that becomes JSON.

    `told` says the body bit by bit instead, by what it is given to say, until what it is given besides is done.
    """

    value: Any
    status: int = 200
    headers: dict[str, str] | None = None
    content: str = "application/json"
    told: "Callable[[Callable[[bytes], Awaitable[None]], asyncio.Future[None]], Awaitable[None]] | None" = None

    def encoded(self) -> "Answer":
        """The same, with the bytes of the body for its value. Raises what encoding does where it cannot be said."""
        return self if isinstance(self.value, bytes | Long) else self._replace(value=msgspec.json.encode(self.value))


class House(NamedTuple):
    """What answering takes: the database, the writer, the clock (microseconds), threads for reading."""

    db: Database
    writer: Writer
    clock: Callable[[], int]
    readers: Executor
    asked: set[str]  # idempotency keys whose commands are being applied
    callers: dict[str, tuple[float, Identity]]  # who showed what, until when it is believed without looking
    shelf: dict[str, tuple[float, bytes, str]]  # availability by SKU: until when, body, ETag
    limits: Limits
    listeners: Listeners
    beside: Beside
    openid: Provider | None = None  # by whom people sign in, besides by password and link


class Call(NamedTuple):
    """One request: who asks, by which route, under which id."""

    request: Request
    caller: Identity
    route: "Route"
    id: str

    def path(self, name: str) -> str:
        """A part of the address. Refuses what no id can be as not found."""
        value = self.request.path_params[name]
        if not _ID.match(value):
            raise Refusal(404, "not_found", "there is nothing here")
        return value

    def part(self, name: str) -> str | int:
        """A part of the address: an id, or a number where the route says so. Refuses other text as not found."""
        value = self.path(name)
        if name not in self.route.numbers:
            return value
        if not _NUMBER.match(value) or int(value) > NUMBER_MAX:
            raise Refusal(404, "not_found", "there is nothing here")
        return int(value)

    def may(self, permission: str) -> bool:
        """Whether the caller has a permission beside the route's own."""
        return permission in self.caller.permissions


class Route(NamedTuple):
    """A row of the table. `key` says that an Idempotency-Key is required, `takes` and `gives` are body types.

    `bound` lets callers in who are bound to a customer: the route then narrows itself to that customer, or tells of
    none. Without it they are denied, whatever their permissions.
    """

    method: str
    path: str
    permission: str
    answer: Callable[[House, Call], Awaitable[Answer]]
    summary: str
    gives: Any = None
    takes: Any = None
    parameters: type | None = None
    key: bool = False
    omit: tuple[str, ...] = ()  # fields of `takes` that the address says
    statuses: tuple[int, ...] = (200,)
    bound: bool = False
    also: tuple[str, ...] = ()  # media types in which it answers besides JSON
    content: str = "application/json"
    numbers: tuple[str, ...] = ()  # parts of the address that are numbers; the others are ids
    page: bool = False  # people read it in a browser: what it refuses it says as a page, too


def digest(text: bytes) -> str:
    """A digest of what was asked, for the audit trail."""
    return hashlib.sha256(text).hexdigest()
