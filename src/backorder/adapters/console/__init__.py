"""The console: where people who run the shop work. Pages as HTML, their one style sheet and one script."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache, lru_cache, partial
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import quote

from jinja2 import Environment, FunctionLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from backorder.adapters.console import order, words
from backorder.adapters.console.backlog import Asked
from backorder.kernel.phrases import Phrase, Said, Value, phrase
from backorder.languages import Language, known
from backorder.queries.desk import WAITING_MAX, Rail

HOME = "/console/"
STATIC = "/console/static/"
NOTICES = "/console/notices"
SPOKEN = known()  # the languages that the console is read in
THEMES = ("system", "light", "dark")
_KINDS = {"console.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8"}


class Place(NamedTuple):
    """A page in the navigation: where, what it is called, the key that goes there, what it asks for."""

    path: str
    name: Phrase | str
    key: str
    permission: str


PLACES = (
    Place(HOME, phrase("Today"), "t", "orders.read"),
    Place("/console/lines", phrase("Backlog"), "b", "orders.read"),
    Place("/console/items", phrase("Items"), "m", "catalogue.read"),
    Place("/console/supplies", phrase("Supplies"), "u", "supply.read"),
    Place("/console/shipments", phrase("Shipments"), "s", "orders.read"),
    Place("/console/reallocate", phrase("Reallocate"), "r", "reallocation.read"),
    Place(NOTICES, phrase("Notices"), "n", "notices.read"),
    Place("/console/imports", phrase("Imports"), "i", "catalogue.write"),
    Place("/console/audit", phrase("Audit"), "a", "audit.read"),
    Place("/console/settings", phrase("Settings"), "e", "catalogue.read"),
)


class Frame(NamedTuple):
    """What stands round a page: who looks at it, what they may, how they like it, and where it is."""

    account: str | None
    role: str
    permissions: frozenset[str]
    theme: str
    path: str  # of the page with its query, to come back to
    language: Language
    request: str = ""
    rail: Rail | None = None

    @property
    def counts(self) -> dict[str, Value]:
        """What waits behind places of the navigation, by their paths."""
        waiting = None if self.rail is None else self.rail.waiting
        return {NOTICES: words.count(waiting, WAITING_MAX)} if waiting else {}

    @property
    def views(self) -> list[tuple[str, str]]:
        """The first of the views that somebody keeps, by name, each with its address."""
        found = [] if self.rail is None or not self.may("orders.read") else self.rail.views
        return [(one.name, Asked.of(one).address()) for one in found]

    def languages(self) -> list[tuple[str, str]]:
        """The languages that the console speaks, each by its code and as it calls itself."""
        return [(code, words.own_name(code)) for code in SPOKEN]

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
    """A page of the console; `here` is the place in the navigation that it belongs to.

    Where its values say a `zone`, its moments are as the clock on the wall shows them there.
    """
    if "zone" in values:
        frame = frame._replace(language=frame.language.at(values["zone"]))
    found = {"frame": frame, "here": here, "css": _address("console.css"), "js": _address("console.js")}
    return _environment().get_template(name).render({**found, **_voice(frame.language), **values}).encode()


def _voice(speaks: Language) -> dict[str, Callable[..., Markup]]:
    """`_` and `_n` of the templates, in a language.

    They need not ask for the context: where a loop sets something, Jinja copies all values for each call that does.
    """
    return {"_": partial(_say, speaks), "_n": partial(_say_many, speaks)}


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


def _say(speaks: Language, said: str | Phrase | Said, /, **values: Value | Markup) -> Markup:
    """`_` of the templates: a phrase in the language of whoever looks. Values that are HTML already stay HTML."""
    if not isinstance(said, Said):
        said = Said(Phrase(said) if isinstance(said, str) else said, values)
    text = speaks.text(said)
    found = _escaped(text)
    if not said.values:
        return found
    values = {name: escape(_within(text, name, speaks, one)) for name, one in said.values.items()}
    return Markup(str.format(found, **values))  # noqa: S704 - all of it is escaped: `format` of Markup is slow at it


@lru_cache(maxsize=8_192)  # phrases, in four languages
def _escaped(text: str) -> Markup:
    return Markup(escape(text))  # noqa: S704 - escaped here


def _within(text: str, name: str, speaks: Language, value: Value | Markup) -> str:
    """A value as it stands in a text: one that ends with a full stop, such as a day in short, ends its sentence."""
    word = value if isinstance(value, Markup) else speaks.word(value)
    return word[:-1] if word.endswith(".") and f"{{{name}}}." in text else word


def _say_many(speaks: Language, one: str, many: str, count: int, /, **values: Value | Markup) -> Markup:
    """`_n` of the templates: two texts, of which `count` chooses."""
    return _say(speaks, Said(Phrase(one, many), {"count": count, **values}))


def _worded(make: Callable[..., Value]) -> Callable[..., str]:
    """A filter of the templates: what is made of a value, in the language of whoever looks."""

    @pass_context
    def shown(context: Context, *given: Any) -> str:
        speaks: Language = context["frame"].language
        return speaks.word(make(*given))

    return shown


@pass_context
def _all_worded(context: Context, found: Iterable[Value], between: str = " ") -> str:
    """Values one behind the other: sentences, or what stands between commas."""
    speaks: Language = context["frame"].language
    return between.join(map(speaks.word, found))


@pass_context
def _money(context: Context, found: Mapping[str, str]) -> str:
    """Sums by currency, never added to one another."""
    return _all_worded(context, [words.amount(text, currency) for currency, text in found.items()], ", ")


@pass_context
def _heading(context: Context, day: date) -> str:
    """A day as a heading."""
    speaks: Language = context["frame"].language
    return speaks.long_day(day)


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
        word=_worded(lambda value: value),
        words=_all_worded,
        day=_worded(words.day),
        weekday=_worded(words.weekday),
        late=_worded(words.late),
        moment=_worded(words.moment),
        number=_worded(int),
        count=_worded(words.count),
        units=_worded(words.units),
        lines=_worded(words.lines),
        amount=_worded(words.amount),
        code=_worded(words.code),
        money=_money,
        heading=_heading,
        notice=_worded(order.name),
        owed=_worded(order.state),
        trouble=_worded(order.trouble),
        cause=_worded(words.cause),
        capital=lambda text: text[:1].upper() + text[1:],
        part=lambda text: quote(str(text), safe=""),
    )
    return found
