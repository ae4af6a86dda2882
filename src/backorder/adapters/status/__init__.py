"""The page on which an order's customer sees where it is and chooses what to do: HTML, a piece of it, and JSON."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec
from jinja2 import Environment, FunctionLoader, StrictUndefined

from backorder.adapters.status import words as w
from backorder.adapters.status.page import Confirm, Note, Page
from backorder.kernel.calendars import moment_datetime
from backorder.kernel.phrases import Phrase, Said
from backorder.languages import Language, known
from backorder.queries.status import LineStatus, Option, Status

_FRAME = {
    "skip": w.SKIP,
    "where": w.WHERE,
    "first_told": w.FIRST_TOLD,
    "history": w.HISTORY,
    "choose": w.CHOOSE,
    "choices": w.CHOICES,
    "next": w.NEXT,
    "next_note": w.NEXT_NOTE,
    "for_these": w.FOR_THESE,
    "back": w.BACK,
    "to_page": w.TO_PAGE,
    "snippet": w.SNIPPET,
}


class Place(NamedTuple):
    """Where a page is: the address of the order's page (None where there is none), and how its forms are proved."""

    path: str | None
    language: Language
    nonce: str = ""


class PendingView(msgspec.Struct):
    """What was chosen and when it takes effect; until then it can be taken back."""

    answer: str
    takes_effect_at: datetime


class Embedded(msgspec.Struct):
    """The page for programs: words of the tables, and the same as sentences in `language`."""

    order: str
    language: str
    says: list[str]
    lines: list[LineStatus]
    choices: list[Option]
    answer_by: date | None
    pending: PendingView | None


def whole(page: Page, place: Place) -> bytes:
    """The page of an order."""
    return _render("page.html", place, page=page)


def confirming(page: Confirm, place: Place, answer: str, eyebrow: str) -> bytes:
    """The second page of a choice; `answer` is what the choice is called in the form."""
    return _render("confirm.html", place, page=page, answer=answer, eyebrow=eyebrow)


def note(page: Note, place: Place) -> bytes:
    """A page that says one thing, with the way back to the order's page if there is one."""
    return _render("note.html", place, page=page)


def piece(page: Page, place: Place) -> bytes:
    """The order in short, to stand within a page of the shop's own: no style, no script."""
    return _render("snippet.html", place, page=page)


def embedded(found: Status, page: Page, language: Language) -> Embedded:
    """The page for programs."""
    one = found.pending
    pending = None if one is None else PendingView(one.answer, moment_datetime(one.effective_at))
    asked = None if found.asking is None else found.asking.answer_by
    says = [page.heading, *page.lead]
    return Embedded(found.evidence.order, language.tag, says, found.lines, found.options, asked, pending)


@cache
def style() -> tuple[bytes, str]:
    """The style sheet, and its address, which changes with it."""
    text = files("backorder.adapters.status").joinpath("style.css").read_bytes()
    return text, f"style.css?v={hashlib.sha256(text).hexdigest()[:12]}"


def _render(name: str, place: Place, **values: Any) -> bytes:
    code = place.language.code
    found: Mapping[str, Any] = {
        "lang": place.language.tag,
        "lang_code": code,
        "sheet": f"/s/{style()[1]}",
        "w": _words(place.language),
        "action": None if place.path is None else f"{place.path}?lang={code}",
        "nonce": place.nonce,
        "languages_label": _say(place.language, w.LANGUAGES),
        "languages": [(one, _name(one), f"?lang={one}") for one in known()],
    }
    return _environment().get_template(name).render({**found, **values}).encode()


def _say(language: Language, said: Phrase) -> str:
    return language.say(Said(said))


def _words(language: Language) -> dict[str, str]:
    return {name: _say(language, said) for name, said in _FRAME.items()}


@cache
def _name(code: str) -> str:
    """What a language calls itself."""
    from babel import Locale

    name = str(Locale.parse(code).get_display_name(code))
    return name[:1].upper() + name[1:]


@cache
def _environment() -> Environment:
    folder = files("backorder.adapters.status")
    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8")),
        auto_reload=False,
    )
