"""The application: the table of routes on Litestar, every refusal a problem document, every request a line of log."""

import logging
import re
import secrets
from functools import lru_cache
from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.handlers import HTTPRouteHandler, get
from litestar.plugins.prometheus import PrometheusController
from litestar.response.base import ASGIResponse
from prometheus_client import Counter, Histogram

from backorder.adapters.http import callers, openapi
from backorder.adapters.http.addresses import keeping_slashes
from backorder.adapters.http.problems import AWAY, CONTENT, Refusal, busy
from backorder.adapters.http.route import OPEN, Answer, Call, House, Route
from backorder.adapters.http.table import ROUTES
from backorder.kernel.errors import Conflict, Unavailable
from backorder.worker import Worker

BODY_MAX = 1_000_000  # bytes; lists of commands may have
LIST_MAX = 8_000_000
log = logging.getLogger("backorder.http")
# Counted here with labels bound once: the framework's middleware took a seventh of a request's time.
_COUNT = Counter("backorder_requests", "Requests answered.", ["method", "route", "status"])
_TOOK = Histogram("backorder_request_seconds", "Seconds a request took.", ["method", "route"])
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
}


_SAFE_RAW = tuple((name.lower().encode(), value.encode()) for name, value in _SAFE.items())


def application(
    house: House, hosts: list[str] | None = None, plugins: list[Any] | None = None, worker: Worker | None = None
) -> Litestar:
    """The service as an ASGI application. Refuses to be made with a route that declares no permission."""
    made = Litestar(
        route_handlers=[
            *(_served(house, route, frozenset(hosts or ())) for route in ROUTES),
            _document,
            _page,
            _Metrics,
        ],
        exception_handlers={Refusal: _refused, HTTPException: _http, Exception: _failed},
        request_max_body_size=BODY_MAX,
        openapi_config=None,
        plugins=plugins or [],
        logging_config=None,
        on_startup=[house.writer.start, *([worker.start] if worker else [])],
        on_shutdown=[*([worker.close] if worker else []), house.writer.close, house.db.close],
    )
    made.asgi_handler = keeping_slashes(made.asgi_handler)
    for route in made.routes:
        for handler in getattr(route, "route_handlers", ()):
            # Litestar answers OPTIONS by itself, with the methods that there are
            assert "OPTIONS" in handler.http_methods or handler.opt.get("permission"), f"{route.path} has no permission"
    return made


def _served(house: House, route: Route, hosts: frozenset[str]) -> HTTPRouteHandler:
    took = _TOOK.labels(route.method, route.path)

    async def answer(request: Request[Any, Any, Any]) -> ASGIResponse:
        started = house.clock()
        call = Call(request, callers.NOBODY, route, _request_id(request))
        try:
            _named(request, hosts)
            if route.permission != OPEN:
                call = call._replace(caller=await callers.caller(house, request))
                house.limits.request(call.caller.account)
                _permit(call)
            found = await route.answer(house, call)
        except Refusal as refusal:
            found = _answer(refusal, request.scope["path"], call.id)
        except (Unavailable, Conflict) as error:
            log.warning("away", extra={"fields": {"request": call.id, "why": str(error)}})
            found = _answer(busy(AWAY), request.scope["path"], call.id)
        spent = house.clock() - started
        took.observe(spent / 1_000_000)
        _tell(route.method, route.path, found.status, spent, call)
        return _response(found, call.id)

    limit = LIST_MAX if route.path == "/v1/commands" else BODY_MAX
    return HTTPRouteHandler(
        route.path,
        http_method=route.method,  # type: ignore[arg-type]  # the table has the words
        opt={"permission": route.permission},
        request_max_body_size=limit,
        name=f"{route.method} {route.path}",
        status_code=200,  # each answer carries its own
    )(answer)


@get("/v1/openapi.json", opt={"permission": OPEN}, sync_to_thread=False)
def _document() -> ASGIResponse:
    return _response(Answer(openapi.document(ROUTES)), None)


@get("/v1/docs", opt={"permission": OPEN}, sync_to_thread=False)
def _page() -> ASGIResponse:
    return _response(Answer(openapi.page(ROUTES), content="text/html; charset=utf-8"), None)


class _Metrics(PrometheusController):
    """Figures for Prometheus."""

    path = "/metrics"
    opt = {"permission": OPEN}


def _named(request: Request[Any, Any, Any], hosts: frozenset[str]) -> None:
    """Refuse requests for a name that is not ours, if the settings say which are."""
    if hosts and re.sub(r":\d+$", "", request.headers.get("host", "")).lower() not in hosts:
        raise Refusal(400, "unknown_host", "the service is not known under this name (BACKORDER_HOSTS)")


def _permit(call: Call) -> None:
    if call.route.permission not in call.caller.permissions:
        raise Refusal(403, "forbidden", f"this asks for the permission {call.route.permission}")
    if call.caller.customer is not None and not call.route.bound:
        raise Refusal(403, "forbidden", "this is not for callers who are bound to one customer")


def _request_id(request: Request[Any, Any, Any]) -> str:
    """The caller's id of the request where it is plain, else one drawn at random."""
    given = request.headers.get("x-request-id", "")
    plain = given.isascii() and given.replace("-", "").isalnum() and len(given) <= 64
    return given if plain else secrets.token_hex(8)


def _answer(refusal: Refusal, instance: str, request: str) -> Answer:
    plain = instance.encode("utf-8", "replace").decode()[:200]
    return Answer(refusal.document(plain, request), refusal.status, refusal.headers, CONTENT)


def _response(answer: Answer, request: str | None) -> ASGIResponse:
    raw = list(_SAFE_RAW)
    if request is not None:
        raw.append((b"x-request-id", request.encode()))
    for name, value in (answer.headers or {}).items():
        raw.append((name.lower().encode(), value.encode("latin-1", "replace")))
    return ASGIResponse(body=answer.body(), status_code=answer.status, encoded_headers=raw, media_type=answer.content)


def _tell(method: str, path: str, status: int, took: int, call: Call | None) -> None:
    _counter(method, path, status).inc()
    if not log.isEnabledFor(logging.INFO):
        return
    fields = {"method": method, "route": path, "status": status, "microseconds": took}
    if call is not None:
        fields |= {"request": call.id, "account": call.caller.account}
    log.info("request", extra={"fields": fields})


@lru_cache(maxsize=4096)
def _counter(method: str, path: str, status: int) -> Counter:
    return _COUNT.labels(method, path, status)


def _whole(answer: Answer, request: str) -> Response[bytes]:
    """The same, as those who catch what a route did not answer have to give it."""
    headers = _SAFE | (answer.headers or {}) | {"X-Request-Id": request}
    return Response(answer.body(), status_code=answer.status, headers=headers, media_type=answer.content)


def _refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
    ident = _request_id(request)
    _tell(request.method, "-", refusal.status, 0, None)
    return _whole(_answer(refusal, request.scope["path"], ident), ident)


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the framework refuses, in our shape."""
    words = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    says = {
        404: "there is nothing here",
        405: "this cannot be done here: see the Allow header",
        413: "the body is too large: send less at a time",
    }
    status = error.status_code if 400 <= error.status_code < 500 else 400
    headers = {}
    if isinstance(error, MethodNotAllowedException) or status == 405:
        headers["Allow"] = _allowed(request.scope["path"])
    return _refused(
        request,
        Refusal(status, words.get(status, "refused"), says.get(status, "the request is malformed"), headers=headers),
    )


def _allowed(path: str) -> str:
    """The methods that an address answers."""
    found = {route.method for route in ROUTES if re.fullmatch(re.sub(r"{\w+:str}", "[^/]+", route.path), path)}
    return ", ".join(sorted(found or {"GET"}))


def _failed(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """We failed: the log says how, the caller that it is our fault."""
    ident = _request_id(request)
    log.error("failed", exc_info=error, extra={"fields": {"request": ident, "method": request.method}})
    refusal = Refusal(500, "failed", "this is our fault; the log tells it under the request's id")
    return _whole(_answer(refusal, request.scope["path"], ident), ident)
