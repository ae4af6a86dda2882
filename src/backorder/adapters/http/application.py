"""The application (ASGI): every request to its route, every refusal a problem document, every answer a line of log."""

import asyncio
import logging
import re
import secrets
import sys
from collections.abc import Awaitable, Callable
from functools import lru_cache
from itertools import count
from typing import Any

from prometheus_client import Counter

from backorder.adapters.http import callers, console, openapi, pages
from backorder.adapters.http.addresses import Addresses, Served
from backorder.adapters.http.figures import Figures
from backorder.adapters.http.packed import packed
from backorder.adapters.http.problems import AWAY, CONTENT, Refusal, busy
from backorder.adapters.http.request import Receive, Request
from backorder.adapters.http.route import OPEN, Answer, Call, House, Long, Route
from backorder.adapters.http.table import CONSOLE, ROUTES
from backorder.commands.accounts import Identity
from backorder.kernel.errors import Conflict, Unavailable
from backorder.worker import Worker

Send = Callable[[dict[str, Any]], Awaitable[None]]
log = logging.getLogger("backorder.http")
# Seconds that a thread keeps the interpreter while others want it, a tenth of the default: an order goes through a
# dozen statements, and after each it would wait so long for the worker to have decided.
SWITCH = 0.0005
_COUNT = Counter("backorder_requests", "Requests answered.", ["method", "route", "status"])
_SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"),
)
_SECRET = re.compile(r"^(/+(?:s|sign-in)/+).*", re.DOTALL)  # addresses whose rest is a proof
_EMPTY = {204, 304}  # statuses of answers that have no body at all


async def _document(_house: House, _call: Call) -> Answer:
    return Answer(openapi.document(ROUTES))


async def _page(_house: House, _call: Call) -> Answer:
    return Answer(pages.api(ROUTES), content=pages.HTML)


def _pages() -> tuple[Route, ...]:
    """What tells of the service itself: answered under any name, and no part of what it describes."""
    return (
        Route("GET", "/v1/openapi.json", OPEN, _document, "The description of the service."),
        Route("GET", "/v1/docs", OPEN, _page, "The routes as a page."),
        pages.SHEET,
        Route("GET", "/metrics", OPEN, Figures().answer, "Figures for Prometheus."),
    )


class Application:
    """The service as an ASGI application. Refuses to be made with a route that declares no permission."""

    def __init__(self, house: House, hosts: list[str] | None = None, worker: Worker | None = None) -> None:
        self._house, self._worker = house, worker
        self._addresses = Addresses()
        self._ids = map(f"{secrets.token_hex(6)}{{:06x}}".format, count())  # to draw each would let the writer cut in
        for route in (*ROUTES, *CONSOLE):
            self._addresses.put(route, frozenset(hosts or ()))
        for route in _pages():
            self._addresses.put(route, frozenset())

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One request; or the life of the process, in which the writer starts and finishes."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        request = Request(scope, receive)
        ident = _given_id(request) or next(self._ids)
        answer = packed(await self._answer(request, ident), request)
        if answer.told is not None:
            await _say(answer, request, ident, send)
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer, ident)})
        if isinstance(answer.value, Long):
            for piece in answer.value.pieces():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.body", "body": b"" if answer.status in _EMPTY else answer.value})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._house.writer.start()
        self._house.listeners.heed()
        if self._worker is not None:
            sys.setswitchinterval(SWITCH)
            self._worker.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._house.listeners.end()
        await asyncio.to_thread(self._house.beside.end)
        if self._worker is not None:
            await asyncio.to_thread(self._worker.close)
        await asyncio.to_thread(self._house.writer.close)  # in a thread, so that what it finishes is answered meanwhile
        self._house.db.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Request, ident: str) -> Answer:
        """The answer of the request's route, encoded, or the problem that stood in its way."""
        house, served, caller = self._house, None, callers.NOBODY
        started = house.clock()
        try:
            served = self._addresses.find(request)
            route = served.route
            request.page = route.page
            if served.hosts:
                _named(request, served.hosts)
            if route.permission != OPEN:
                caller = await callers.caller(house, request)
                house.limits.request(caller.account)
                _permit(route, caller)
            found = (await route.answer(house, Call(request, caller, route, ident))).encoded()
        except Refusal as refusal:
            found = _refused(refusal, request, ident, caller)
        except (Unavailable, Conflict) as error:
            log.warning("away", extra={"fields": {"request": ident, "why": str(error)}})
            found = _refused(busy(AWAY), request, ident, caller)
        except Exception as error:  # whatever it is, it must not reach callers but as a problem
            found = _failed(error, request, ident, caller)
        spent = house.clock() - started
        if served is not None:
            served.took.observe(spent / 1_000_000)
        _tell(request, served, found.status, spent, caller, ident)
        return found


async def _say(answer: Answer, request: Request, ident: str, send: Send) -> None:
    """Send a body bit by bit."""
    assert answer.told is not None
    start = {"type": "http.response.start", "status": answer.status, "headers": _headers(answer, ident)}
    await send(start)
    gone = asyncio.ensure_future(request.gone())

    async def say(text: bytes) -> None:
        await send({"type": "http.response.body", "body": text, "more_body": True})

    try:
        await answer.told(say, gone)
    except Exception as error:  # what was begun cannot be answered otherwise any more: it ends, and the log says why
        fields = {"request": ident, "method": request.method}
        log.log(logging.ERROR, "failed", exc_info=error, extra={"fields": fields})
    finally:
        gone.cancel()
    await send({"type": "http.response.body", "body": b""})


def _named(request: Request, hosts: frozenset[str]) -> None:
    """Refuse requests for a name that is not ours, if the settings say which are."""
    if re.sub(r":\d+$", "", request.headers.get("host", "")).lower() not in hosts:
        raise Refusal(400, "unknown_host", "the service is not known under this name (BACKORDER_HOSTS)")


def _permit(route: Route, caller: Identity) -> None:
    if route.permission not in caller.permissions:
        raise Refusal(403, "forbidden", f"this asks for the permission {route.permission}")
    if caller.customer is not None and not route.bound:
        raise Refusal(403, "forbidden", "this is not for callers who are bound to one customer")


def _given_id(request: Request) -> str | None:
    """The caller's id of the request, where it is plain."""
    given = request.headers.get("x-request-id", "")
    plain = given.isascii() and given.replace("-", "").isalnum() and len(given) <= 64
    return given if plain else None


def _refused(refusal: Refusal, request: Request, ident: str, caller: Identity) -> Answer:
    if console.is_here(request):
        return console.refused(refusal, request, ident, caller)
    plain = _SECRET.sub(r"\1...", request.path.encode("utf-8", "replace").decode())[:200]
    return Answer(refusal.document(plain, ident), refusal.status, refusal.headers, CONTENT)


def _failed(error: Exception, request: Request, ident: str, caller: Identity) -> Answer:
    """We failed: the log says how, the caller that it is our fault."""
    log.error("failed", exc_info=error, extra={"fields": {"request": ident, "method": request.method}})
    ours = Refusal(500, "failed", "this is our fault; the log tells it under the request's id")
    return _refused(ours, request, ident, caller)


def _headers(answer: Answer, ident: str) -> list[tuple[bytes, bytes]]:
    own = {name.lower().encode(): value.encode("latin-1", "replace") for name, value in (answer.headers or {}).items()}
    found = [*(safe for safe in _SAFE if safe[0] not in own), (b"x-request-id", ident.encode())]
    if answer.status not in _EMPTY:
        found += ((b"content-type", answer.content.encode()),)
        found += () if answer.told is not None else ((b"content-length", b"%d" % len(answer.value)),)
    return [*found, *own.items()]


def _tell(request: Request, served: Served | None, status: int, spent: int, caller: Identity, ident: str) -> None:
    """Count the request, and write its line of log."""
    method, path = ("-", "-") if served is None else (served.route.method, served.route.path)
    _counter(method, path, status).inc()
    if log.isEnabledFor(logging.INFO):
        fields = {"method": request.method, "route": path, "status": status, "microseconds": spent}
        log.info("request", extra={"fields": fields | {"request": ident, "account": caller.account}})


@lru_cache(maxsize=4_096)
def _counter(method: str, path: str, status: int) -> Counter:
    return _COUNT.labels(method, path, status)
