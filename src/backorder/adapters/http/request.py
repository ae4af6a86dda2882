"""A request as the routes see it: method, path, headers, query, cookies, and a body that is read within limits."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, overload
from urllib.parse import parse_qsl

from backorder.adapters.http.problems import Refusal

BODY_SECONDS = 30  # a body that takes longer is given up
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Headers:
    """What the headers say, by their names in small letters."""

    __slots__ = ("_first", "_raw")

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        self._raw = raw
        self._first = dict(reversed(raw))

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    def get(self, name: str, default: str | None = None) -> str | None:
        """The first header of this name."""
        found = self._first.get(name.encode())
        return default if found is None else found.decode("latin-1")

    def getall(self, name: str) -> list[str]:
        """Every header of this name, in the order they came."""
        wanted = name.encode()
        return [value.decode("latin-1") for key, value in self._raw if key == wanted]


class Request:
    """One request. `path_params` are the parts of the address by name, `limit` how many bytes its body may have.

    `page` says that people read the answer: their address may have parameters that mean nothing here.
    """

    __slots__ = (
        "_late",
        "_receive",
        "_scope",
        "headers",
        "limit",
        "method",
        "page",
        "path",
        "path_params",
        "rail",
        "raw_path",
    )

    def __init__(self, scope: dict[str, Any], receive: Receive) -> None:
        self._scope, self._receive = scope, receive
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: bytes = scope["raw_path"]
        self.headers = Headers(scope["headers"])
        self.path_params: dict[str, str] = {}
        self.limit = 0
        self.page = False
        self.rail: Any = None  # what stands beside a page of the console, once it was read
        self._late = False

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """The parameters of the address, in their order; those without a value are empty."""
        return _parameters(self._scope["query_string"])

    @property
    def query_text(self) -> str:
        """The query of the address as it was sent."""
        return str(self._scope["query_string"].decode("latin-1"))

    @property
    def client(self) -> str:
        """The address that the connection comes from; empty where there is none."""
        return str((self._scope.get("client") or ("", 0))[0])

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies by name."""
        found = (part.partition("=") for part in self.headers.get("cookie", "").split(";"))
        return {name.strip(): value.strip() for name, _, value in found}

    async def body(self) -> bytes:
        """All of the body. Refuses one that is too large, by what it declares or by what comes, or does not end."""
        declared = self.headers.get("content-length", "0")
        if len(declared) > 12 or not declared.isdecimal() or int(declared) > self.limit:
            raise _too_large()
        task = asyncio.current_task()
        assert task is not None
        deadline = asyncio.get_running_loop().call_later(BODY_SECONDS, self._give_up, task)
        try:
            return await self._whole()
        except asyncio.CancelledError:
            if not self._late:
                raise
            task.uncancel()
            raise Refusal(408, "too_slow", f"the body did not come within {BODY_SECONDS} seconds") from None
        finally:
            deadline.cancel()

    async def gone(self) -> None:
        """Wait until whoever asked hangs up."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _give_up(self, task: "asyncio.Task[Any]") -> None:
        """What `asyncio.timeout` does, which costs six times as much: as much as reading the JSON twice."""
        self._late = True
        task.cancel()

    async def _whole(self) -> bytes:
        parts, size = [], 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Refusal(400, "unreadable", "the body did not come to its end")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self.limit:
                raise _too_large()
            if not message.get("more_body", False):
                return b"".join(parts)


@lru_cache(maxsize=1_024)
def _parameters(query: bytes) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(query.decode("latin-1"), keep_blank_values=True))


def _too_large() -> Refusal:
    return Refusal(413, "too_large", "the body is too large: send less at a time")
