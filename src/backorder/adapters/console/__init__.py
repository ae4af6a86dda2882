"""The console: where people who run the shop work. Pages as HTML, their one style sheet and one script."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import quote

from jinja2 import Environment, FunctionLoader, StrictUndefined

from backorder.adapters.console import words

HOME = "/console/"
STATIC = "/console/static/"
THEMES = ("system", "light", "dark")
_KINDS = {"console.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8"}


class Place(NamedTuple):
    """A page in the navigation: where, what it is called, the key that goes there, what it asks for."""

    path: str
    name: str
    key: str
    permission: str


PLACES = (
    Place(HOME, "Today", "t", "orders.read"),
    Place("/console/lines", "Backlog", "b", "orders.read"),
    Place("/console/shipments", "Shipments", "s", "orders.read"),
    Place("/console/reallocate", "Reallocate", "r", "reallocation.read"),
    Place("/console/notices", "Notices", "n", "notices.read"),
    Place("/console/imports", "Imports", "i", "catalogue.write"),
    Place("/console/audit", "Audit", "a", "audit.read"),
    Place("/console/settings", "Settings", "e", "catalogue.read"),
)


class Frame(NamedTuple):
    """What stands round a page: who looks at it, what they may, how they like it, and where it is."""

    account: str | None
    role: str
    permissions: frozenset[str]
    theme: str
    path: str  # of the page with its query, to come back to
    request: str = ""

    def places(self) -> list[Place]:
        """The pages that there are for whoever looks."""
        return [place for place in PLACES if self.account is not None and place.permission in self.permissions]

    def may(self, permission: str) -> bool:
        """Whether whoever looks has a permission."""
        return permission in self.permissions


class Asset(NamedTuple):
    """A file that pages load: its bytes and its kind."""

    text: bytes
    content: str


def page(name: str, frame: Frame, here: str = "", **values: Any) -> bytes:
    """A page of the console; `here` is the place in the navigation that it belongs to."""
    found: Mapping[str, Any] = {"frame": frame, "here": here, "css": _address("console.css")}
    return _environment().get_template(name).render({**found, "js": _address("console.js"), **values}).encode()


@cache
def assets() -> dict[str, Asset]:
    """The files that pages load, by names that change with them."""
    found = {}
    for name, content in _KINDS.items():
        text = files("backorder.adapters.console").joinpath(name).read_bytes()
        stem, _, kind = name.partition(".")
        found[f"{stem}.{hashlib.sha256(text).hexdigest()[:12]}.{kind}"] = Asset(text, content)
    return found


@cache
def _address(name: str) -> str:
    stem, _, kind = name.partition(".")
    return STATIC + next(one for one in assets() if one.startswith(f"{stem}.") and one.endswith(f".{kind}"))


@cache
def _environment() -> Environment:
    folder = files("backorder.adapters.console")
    found = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8")),
        auto_reload=False,
    )
    found.filters.update(
        day=words.day,
        weekday=words.weekday,
        moment=words.moment,
        count=words.count,
        units=words.units,
        lines=words.lines,
        money=words.money,
        part=lambda text: quote(str(text), safe=""),
    )
    return found
