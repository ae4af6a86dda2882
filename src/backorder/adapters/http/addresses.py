"""Which route an address and a method lead to: the table of routes as a tree of the parts of their addresses.

What stands between two slashes is one part, and %2F is a slash within it: so the parts are read from the address as it
was sent, before it was decoded.
"""

from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from prometheus_client import Histogram

from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.request import Request
from backorder.adapters.http.route import OPEN, Answer, Call, House, Route
from backorder.kernel.composing import Overloaded, composed

BODY_MAX = 1_000_000  # bytes; lists of commands may have
LIST_MAX = 8_000_000
PART_MAX = 2_400  # bytes of a part of an address as it is sent: an id of 200 characters, each of them as %F0%9F%93%A6
_TOOK = Histogram("backorder_request_seconds", "Seconds a request took.", ["method", "route"])


class Served(NamedTuple):
    """A route as it is served, under the names in `hosts` alone if there are any; `took` counts its seconds."""

    route: Route
    parts: tuple[str, ...]  # the names of the parts of its address that are ids
    hosts: frozenset[str]
    limit: int  # bytes that a body may have
    took: Histogram


class _Place:
    """A place in the tree: what is served there by method, and the places below it."""

    __slots__ = ("below", "id", "served")

    def __init__(self) -> None:
        self.served: dict[str, Served] = {}
        self.below: dict[str, _Place] = {}  # by the next part of the address
        self.id: _Place | None = None  # where the next part is an id


class Addresses:
    """All that is served, by address."""

    def __init__(self) -> None:
        self._root = _Place()

    def put(self, route: Route, hosts: frozenset[str]) -> None:
        """Serve a route. It has to name its permission, and to be the only one of its address and method."""
        assert route.permission, f"{route.path} has no permission"
        place, names = self._root, []
        for part in route.path.split("/")[1:]:
            if part.startswith("{"):
                names.append(part[1:-1].removesuffix(":str"))
                if place.id is None:
                    place.id = _Place()
                place = place.id
            else:
                place = place.below.setdefault(part, _Place())
        assert route.method not in place.served, f"{route.method} {route.path} is there twice"
        limit = LIST_MAX if route.path == "/v1/commands" else BODY_MAX
        took = _TOOK.labels(route.method, route.path)
        place.served[route.method] = Served(route, tuple(names), hosts, limit, took)

    def find(self, request: Request) -> Served:
        """What the request asks for; it is told its ids and its limit. Refuses addresses and methods there are not."""
        place, ids = self._root, []
        for part in _parts(request.raw_path):
            below = place.below.get(part)
            if below is None:
                below = place.id
                ids.append(part)
            if below is None:
                raise _nothing()
            place = below
        served = place.served.get(request.method)
        if served is None:
            return _without(place, request.method)
        request.limit = served.limit
        if ids:
            request.path_params = dict(zip(served.parts, ids, strict=True))
        return served


def _parts(sent: bytes) -> list[str]:
    """The parts of an address, decoded one by one; empty ones do not count. Refuses what no id and no text can be."""
    parts = [part for part in sent.split(b"/") if part]
    if len(sent) > PART_MAX and max(map(len, parts)) > PART_MAX:
        raise _nothing()
    try:
        return [composed((unquote_to_bytes(part) if b"%" in part else part).decode()) for part in parts]
    except (UnicodeDecodeError, Overloaded):
        raise _nothing() from None


def _without(place: _Place, method: str) -> Served:
    """What a method gets at a place that does not serve it: OPTIONS the methods that there are, others a refusal."""
    if not place.served:
        raise _nothing()
    allowed = ", ".join(sorted(place.served))
    if method != "OPTIONS":
        says = "this cannot be done here: see the Allow header"
        raise Refusal(405, "method_not_allowed", says, headers={"Allow": allowed})

    async def answer(_house: House, _call: Call) -> Answer:
        return Answer(b"", 204, {"Allow": f"{allowed}, OPTIONS"})

    some = next(iter(place.served.values()))
    route = Route(method, some.route.path, OPEN, answer, "The methods that there are.")
    return some._replace(route=route, took=_TOOK.labels(method, route.path))


def _nothing() -> Refusal:
    return Refusal(404, "not_found", "there is nothing here")
