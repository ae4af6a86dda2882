"""The application: the table of routes on Litestar, every refusal a problem document, every request a line of log."""

import logging
import re
import secrets
from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.handlers import HTTPRouteHandler, get
from litestar.plugins.prometheus import PrometheusConfig, PrometheusController

from backorder.adapters.http import callers, openapi
from backorder.adapters.http.problems import CONTENT, Refusal
from backorder.adapters.http.route import OPEN, Answer, Call, House, Route
from backorder.adapters.http.table import ROUTES

BODY_MAX = 1_000_000  # bytes; lists of commands may have
LIST_MAX = 8_000_000
log = logging.getLogger("backorder.http")
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
}


def application(house: House, hosts: list[str] | None = None, plugins: list[Any] | None = None) -> Litestar:
    """The service as an ASGI application. Refuses to be made with a route that declares no permission."""
    metrics = PrometheusConfig(app_name="backorder", prefix="backorder", group_path=True)
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
        middleware=[metrics.middleware],
        plugins=plugins or [],
        logging_config=None,
        on_startup=[house.writer.start],
        on_shutdown=[house.writer.close, house.db.close],
    )
    for route in made.routes:
        for handler in getattr(route, "route_handlers", ()):
            # Litestar answers OPTIONS by itself, with the methods that there are
            assert "OPTIONS" in handler.http_methods or handler.opt.get("permission"), f"{route.path} has no permission"
    return made


def _served(house: House, route: Route, hosts: frozenset[str]) -> HTTPRouteHandler:
    async def answer(request: Request[Any, Any, Any]) -> Response[bytes]:
        started = house.clock()
        call = Call(request, callers.NOBODY, route, _request_id(request))
        try:
            _named(request, hosts)
            if route.permission != OPEN:
                call = call._replace(caller=await callers.caller(house, request))
                _permit(call)
            found = await route.answer(house, call)
        except Refusal as refusal:
            found = _answer(refusal, request.url.path, call.id)
        _tell(route.method, route.path, found.status, house.clock() - started, call)
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
def _document() -> Response[bytes]:
    return _response(Answer(openapi.document(ROUTES)), None)


@get("/v1/docs", opt={"permission": OPEN}, sync_to_thread=False)
def _page() -> Response[bytes]:
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


def _request_id(request: Request[Any, Any, Any]) -> str:
    """The caller's id of the request where it is plain, else one drawn at random."""
    given = request.headers.get("x-request-id", "")
    plain = given.isascii() and given.replace("-", "").isalnum() and len(given) <= 64
    return given if plain else secrets.token_hex(8)


def _answer(refusal: Refusal, instance: str, request: str) -> Answer:
    plain = instance.encode("utf-8", "replace").decode()[:200]
    return Answer(refusal.document(plain, request), refusal.status, refusal.headers, CONTENT)


def _response(answer: Answer, request: str | None) -> Response[bytes]:
    headers = _SAFE | (answer.headers or {}) | ({"X-Request-Id": request} if request else {})
    return Response(answer.body(), status_code=answer.status, headers=headers, media_type=answer.content)


def _tell(method: str, path: str, status: int, took: int, call: Call | None) -> None:
    fields = {"method": method, "route": path, "status": status, "microseconds": took}
    if call is not None:
        fields |= {"request": call.id, "account": call.caller.account}
    log.info("request", extra={"fields": fields})


def _refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
    ident = _request_id(request)
    _tell(request.method, "-", refusal.status, 0, None)
    return _response(_answer(refusal, request.url.path, ident), ident)


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
        headers["Allow"] = _allowed(request.url.path)
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
    return _response(_answer(refusal, request.url.path, ident), ident)
