"""Addresses: what stands between two slashes is one id, and %2F is a slash within it.

The server decodes an address before it is routed, and then an id's slash would look like one between two parts. So
routing gets the address with `%2F` left as it came, and the parts are read from the address as it was sent.
"""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from backorder.kernel.composing import composed

_SLASH = re.compile(b"%2f", re.IGNORECASE)


def keeping_slashes(inner: Any) -> Any:
    """The ASGI application, routing by addresses whose ids may have slashes in them."""

    def routed(scope: Any, receive: Any, send: Any) -> Any:
        if scope["type"] == "http" and _SLASH.search(scope["raw_path"]):
            parts = scope["raw_path"].decode("latin-1").split("/")
            scope["path"] = "/".join(unquote(part).replace("/", "%2F") for part in parts)
        return inner(scope, receive, send)

    return routed


def part(scope: Any, path: str, name: str) -> str | None:
    """The part of an address that a route's path calls `name`; None if it is no text."""
    sent = [part for part in scope["raw_path"].split(b"/") if part]
    try:
        return composed(unquote_to_bytes(sent[_places(path)[name]]).decode())
    except UnicodeDecodeError:
        return None


@lru_cache(maxsize=256)
def _places(path: str) -> dict[str, int]:
    """Where the named parts of a route's path stand among its parts."""
    return {part[1:-5]: n for n, part in enumerate(path.strip("/").split("/")) if part.startswith("{")}
