"""The description of the service (OpenAPI 3.1), made from the table of routes."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Union

import msgspec

from backorder import __version__
from backorder.adapters.http.problems import CONTENT, Problem
from backorder.adapters.http.route import ID, NUMBER_MAX, OPEN, Route
from backorder.commands import COMMANDS, Command
from backorder.kernel.access import PERMISSIONS

_REF = "#/components/schemas/{name}"
_ANY_COMMAND = Union[tuple(COMMANDS)]  # type: ignore[valid-type]  # noqa: UP007  # built from a table
_SHARED = {400: "unreadable", 401: "nobody known", 403: "not permitted", 404: "not there", 408: "too slow"}
_WRITING = {409: "refused", 413: "too large", 415: "not JSON", 422: "cannot be meant", 429: "come back", 503: "busy"}
# The server's own word, before there is a request: the one refusal without a problem document.
_TOO_LONG = {431: "the address and headers are longer than 64 KiB; no body"}

_ID_TEXT = {
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": ID},
    "description": "A slash in it is sent as %2F.",
}
_NUMBER = {"schema": {"type": "integer", "minimum": 1, "maximum": NUMBER_MAX}}

_PAGE = {
    "description": "Refused, in words for people.",
    "content": {CONTENT: {"schema": {"$ref": _REF.format(name="Problem")}}, "text/html": {}},
}


@lru_cache(maxsize=4)
def document(routes: Sequence[Route]) -> bytes:
    """The description as JSON."""
    kinds = [_kind(kind) for route in routes for kind in (route.takes, route.gives) if kind is not None]
    schemas, components = msgspec.json.schema_components([*kinds, Problem], ref_template=_REF)
    for kind in COMMANDS:  # what nobody may say over HTTP
        for name in ("at", "bound_to"):
            del components[kind.__name__]["properties"][name]
    named = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        takes = next(named) if route.takes is not None else None
        gives = next(named) if route.gives is not None else None
        path = re.sub(r":str}", "}", route.path)
        if takes is not None and route.omit:
            takes = _without(components[route.takes.__name__], route.omit)
        elif takes is not None and isinstance(route.takes, type) and issubclass(route.takes, Command):
            takes = _without(components[route.takes.__name__], ())
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, path, takes, gives)
    problem = {CONTENT: {"schema": {"$ref": _REF.format(name="Problem")}}}
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Backorder", "version": __version__, "description": "Promises for orders that outrun stock."},
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {
                str(status): {"description": words, "content": problem}
                for status, words in {**_SHARED, **_WRITING}.items()
            }
            | {str(status): {"description": words} for status, words in _TOO_LONG.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    return msgspec.json.encode(_sayable(whole))


def _sayable(value: Any) -> Any:
    """The description without halves of surrogate pairs: patterns refuse them, and JSON cannot say them."""
    if isinstance(value, dict):
        return {name: _sayable(said) for name, said in value.items()}
    if isinstance(value, list):
        return [_sayable(said) for said in value]
    return value.replace("\ud800-\udfff", "") if isinstance(value, str) else value


def _kind(kind: Any) -> Any:
    return list[_ANY_COMMAND] if kind == list[Command] else kind  # type: ignore[valid-type]  # see above


def _without(schema: dict[str, Any], omit: tuple[str, ...]) -> dict[str, Any]:
    """A command as the body of its own route: without its word, its id, and what the address says."""
    left_out = {"do", "id", *omit}
    properties = {name: said for name, said in schema["properties"].items() if name not in left_out}
    required = [name for name in schema.get("required", []) if name not in left_out]
    return {**schema, "title": f"{schema['title']}Body", "properties": properties, "required": required}


def _operation(route: Route, path: str, takes: Any, gives: Any) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status in route.statuses:
        answers[str(status)] = {"description": "Done."}
        if route.content != "application/json":
            answers[str(status)]["content"] = {route.content: {}}
        elif (gives is not None or route.also) and status < 300:
            said = {} if gives is None else {"application/json": {"schema": gives}}
            answers[str(status)]["content"] = said | {kind: {} for kind in route.also}
    for status in (*_SHARED, *_WRITING, *_TOO_LONG):
        answers[str(status)] = _PAGE if route.page else {"$ref": f"#/components/responses/{status}"}
    found: dict[str, Any] = {
        "summary": route.summary,
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{path}").strip("_"),
        "parameters": [*_parameters(route, path)],
        "responses": answers,
    }
    if route.permission == OPEN:
        found["security"] = []
    else:
        found["security"] = [{"token": []}]
        found["description"] = f"Asks for `{route.permission}`: {PERMISSIONS[route.permission]}"
        if route.bound:
            found["description"] += " Lets callers in who are bound to a customer."
    if takes is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": takes}}}
    return found


def _parameters(route: Route, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True} | (_NUMBER if name in route.numbers else _ID_TEXT)
        for name in re.findall(r"{(\w+)}", path)
    ]
    if route.parameters is not None:
        _, components = msgspec.json.schema_components([route.parameters], ref_template=_REF)
        schema = components[route.parameters.__name__]
        for name, said in schema["properties"].items():
            plain = next((part for part in said.get("anyOf", ()) if part.get("type") != "null"), said)
            required = name in schema.get("required", [])
            found.append({"name": name, "in": "query", "required": required, "schema": plain})
    if route.omit or route.key or (isinstance(route.takes, type) and issubclass(route.takes, Command)):
        key = {"type": "string", "pattern": r'^"[!#-\[\]-~]{1,120}"$'}
        found.append({"name": "Idempotency-Key", "in": "header", "required": route.key, "schema": key})
    return found
