"""The console's tab of wordings: the merchant's own words, tried on a whole message before they are kept."""

from collections.abc import Mapping
from functools import partial

import msgspec

from backorder.adapters.console import letters as said
from backorder.adapters.console import settings
from backorder.adapters.console.letters import Look
from backorder.adapters.console.words import own_name
from backorder.adapters.http import body
from backorder.adapters.http.configuring import tab
from backorder.adapters.http.desk import Text, answered, page_route
from backorder.adapters.http.forms import UNFILLED, Filled, Wrong, at, give, refused, refuses, sent, strange
from backorder.adapters.http.letters import letter
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.adapters.mail.preview import PREVIEWS, Preview, previews
from backorder.kernel.phrases import Said, phrase
from backorder.kernel.wording import KINDS, LAWFUL, WORDING_MAX, worded_as
from backorder.languages import known
from backorder.queries import communication
from backorder.queries.communication import CommunicationView


class WordingsPage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which words are looked at: a kind and a language; on which message of that kind, and about which order."""

    kind: Text = "confirmation"
    language: Text = "en"
    message: Text = ""
    order: Text = ""
    done: Text = ""

    @property
    def shown(self) -> str:
        """The message that they are shown on, one of their kind."""
        fits = self.message in PREVIEWS and worded_as(self.message) == self.kind
        return self.message if fits else next(one for one in PREVIEWS if worded_as(one) == self.kind)


async def see(house: House, call: Call) -> Answer:
    """`GET /console/settings/wordings`: which words there are, and those of a kind in a language."""
    asked = body.query(call.request, WordingsPage)
    if asked.kind not in KINDS or asked.language not in known():
        raise Refusal(404, "not_found", Said(phrase("There is no such message.")))
    return await _shown(house, call, asked)


async def see_to(house: House, call: Call) -> Answer:
    """`POST /console/settings/wordings`: try words on a message, or keep them."""
    word, typed = await sent(call, {"look", "put_wording"})
    typed = {name: " ".join(text.split()) for name, text in typed.items()}  # a wording is one line
    names = ("kind", "language", "message", "order")
    asked = WordingsPage(**{name: typed[name][:200] for name in names if typed.get(name)})
    if asked.kind not in KINDS or asked.language not in known():
        raise strange()
    if word == "look":
        return await _shown(house, call, asked, Filled(typed))
    view: CommunicationView = await ask(house, communication.communication, house.db)
    changed = settings.news(typed.get("was", ""), _now(view, asked), said.FIELDS)
    if changed:
        return await _shown(house, call, asked, Filled(typed, status=409), changed)
    words = {name: typed[name] for name in _fields(asked) if name in typed}
    wording = {"kind": asked.kind, "language": asked.language, **words}
    outcome = await give(house, call, {"do": "put_communication", "wordings": [wording]})
    if refuses(outcome):
        return await _shown(house, call, asked, refused(typed, outcome))
    query = {name: getattr(asked, name) for name in names} | {"done": word}
    return answered(b"", 303, {"Location": settings.address(settings.WORDINGS, **query)})


def _fields(asked: WordingsPage) -> tuple[str, ...]:
    """What may be said in this kind of message: nobody puts words before what the law asks for."""
    return ("closing",) if asked.kind in LAWFUL else ("opening", "closing")


def _now(view: CommunicationView, asked: WordingsPage) -> dict[str, str]:
    """What is kept, by the fields of the form."""
    kept = dict(zip(said.FIELDS, view.wording(asked.kind, asked.language), strict=True))
    return {name: kept[name] for name in _fields(asked)}


def _tried(typed: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """What was typed and is not kept."""
    return {name: typed[name] for name in now if name in typed and typed[name] != now[name]}


async def _shown(
    house: House,
    call: Call,
    asked: WordingsPage,
    filled: Filled = UNFILLED,
    changed: list[settings.News] | None = None,
) -> Answer:
    view: CommunicationView = await ask(house, communication.communication, house.db)
    now = _now(view, asked)
    look, found, english = Look(kind=asked.shown, language=asked.language), None, set()
    if call.may("notices.read"):
        english = await _english(house)
        try:
            look = msgspec.convert(
                {**msgspec.to_builtins(look), "order": asked.order, **_tried(filled.typed, now)}, Look
            )
            found = await letter(house, call, look)
        except msgspec.ValidationError as error:
            message, _, place = str(error).partition(" - at `$.")
            found = at(place.rstrip("`"), message)
    if isinstance(found, Wrong):
        filled, found = filled if filled.wrong else refused({found.field: "", **filled.typed}, found), None
    return await tab(
        house,
        call,
        settings.WORDINGS,
        "wordings.html",
        filled,
        asked.done,
        frames=True,
        asked=asked,
        kinds=said.WORDED,
        languages={code: own_name(code) for code in known()},
        yours={(one.kind, one.language) for one in view.wordings},
        english=english,
        fields=_fields(asked),
        said=said,
        mine={**now, **filled.typed},
        places=KINDS[asked.kind],
        most=WORDING_MAX,
        was=settings.mark(now),
        changed=changed,
        writes=call.may("catalogue.write"),
        look=look,
        letter=found,
        messages={kind: name for kind, name in said.MESSAGES.items() if worded_as(kind) == asked.kind},
    )


async def _english(house: House) -> set[tuple[str, str]]:
    """Kinds and languages of which a message goes out in English, because the language cannot say all of it."""
    found: list[Preview] = await ask(house, partial(previews, house.db, house.clock(), None, [], []))
    return {
        (worded_as(kind), code)
        for one, (kind, code) in zip(found, ((kind, code) for kind in PREVIEWS for code in known()), strict=True)
        if one.lacking
    }


ROUTES = (
    page_route(settings.WORDINGS, "catalogue.read", see, "Your own words in messages."),
    Route("POST", settings.WORDINGS, "catalogue.read", see_to, "Try words on a message, or keep them.", page=True),
)
