"""The console's tab on how customers are told: every field, tried on a message before it is kept, put as by the API."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from backorder.adapters.console import communication as telling
from backorder.adapters.console import settings
from backorder.adapters.console.letters import MESSAGES, Look
from backorder.adapters.console.words import own_name
from backorder.adapters.http import body
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.configuring import tab
from backorder.adapters.http.desk import Text, answered, page_route
from backorder.adapters.http.forms import UNFILLED, Filled, Wrong, at, give, number, refused, refuses, strange
from backorder.adapters.http.letters import SAID, letter
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.kernel.outcomes import Outcome
from backorder.kernel.phrases import Said, phrase
from backorder.languages import known
from backorder.queries import communication, rules

PACKS_SHOWN = 200
_WHOLE = phrase("Give a whole number from {least} to {most}.")


class CommunicationPage(msgspec.Struct, forbid_unknown_fields=True):
    """Which message is looked at, about which order; and what was just done."""

    kind: Text = "short"
    language: Text = "en"
    order: Text = ""
    done: Text = ""


async def see(house: House, call: Call) -> Answer:
    """`GET /console/settings/communication`: how customers are told, and a message as they would get it."""
    asked = body.query(call.request, CommunicationPage)
    return await _shown(house, call, Look(kind=asked.kind, language=asked.language, order=asked.order), done=asked.done)


async def see_to(house: House, call: Call) -> Answer:
    """`POST /console/settings/communication`: try what was typed on a message, or keep it."""
    from_here(call.request)
    sent = await body.form(call.request)
    typed = {name: texts[0].strip() for name, texts in sent.items()} | {
        "rules": " ".join(sorted(sent.get("rules", ())))
    }
    if typed.get("do") not in {"look", "put_communication"} or any("\0" in text for text in typed.values()):
        raise strange()
    now = telling.values(await ask(house, communication.communication, house.db))
    look = _look(typed, now)
    if isinstance(look, Wrong):
        return await _shown(house, call, Look(), refused(typed, look))
    if typed["do"] == "look":
        return await _shown(house, call, look, Filled(typed))
    changed = settings.news(typed.get("was", ""), now, telling.NAMES)
    if changed:
        return await _shown(house, call, look, Filled(typed, status=409), changed=changed)
    said = _said(typed, now)
    if isinstance(said, Wrong):
        return await _shown(house, call, look, refused(typed, said))
    if said:
        outcome: Outcome = await give(house, call, {"do": "put_communication", **said})
        if refuses(outcome):
            return await _shown(house, call, look, refused(typed, outcome))
    query = {"kind": look.kind, "language": look.language, "order": look.order, "done": "put_communication"}
    return answered(b"", 303, {"Location": settings.address(settings.COMMUNICATION, **query)})


def _look(typed: Mapping[str, str], now: Mapping[str, str]) -> Look | Wrong:
    """The message that is looked at, with what was typed and is not kept."""
    names = ("kind", "language", "order")
    found: dict[str, str] = {name: typed[name] for name in names if typed.get(name)}
    found |= {name: typed[name] for name in SAID if name in typed and typed[name] != now[name]}
    try:
        return msgspec.convert(found, Look)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        return at(place.rstrip("`"), message)


def _other(name: str, typed: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """What was typed into a field, where that is something else than before."""
    text = typed.get(name, now[name])
    return None if text == now[name] else text


def _said(typed: Mapping[str, str], now: Mapping[str, str]) -> dict[str, Any] | Wrong:
    """What of the form is different, as the command has it."""
    found: dict[str, Any] = {}
    for name, field in telling.FIELDS.items():
        text = typed.get(name, now[name])
        if text == now[name]:
            continue
        found[name] = number(text) if field.number else text or None
        if field.number and not (isinstance(found[name], int) and (field.least or 0) <= found[name] <= field.most):
            return Wrong(name, Said(_WHOLE, {"least": field.least or 0, "most": field.most}))
    spoken = []
    for code in known():
        there = {name: _other(f"{name}_{code}", typed, now) for name in telling.TRANSLATED}
        changed = {name: words for name, words in there.items() if words is not None}
        spoken += [{"language": code, **changed}] if changed else []
    if spoken:
        found["translations"] = spoken
    if (typed.get("on", ""), typed["rules"]) != (now["on"], now["rules"]):
        found["rules"] = typed["rules"].split() if typed.get("on") else None
    return found


async def _shown(
    house: House,
    call: Call,
    look: Look,
    filled: Filled = UNFILLED,
    *,
    changed: list[settings.News] | None = None,
    done: str = "",
) -> Answer:
    now = telling.values(await ask(house, communication.communication, house.db))
    found = await letter(house, call, look) if call.may("notices.read") else None
    if isinstance(found, Wrong):
        filled, found = filled if filled.wrong else refused({found.field: "", **filled.typed}, found), None
    shown = {**now, **({"on": ""} if filled.typed else {}), **filled.typed}
    return await tab(
        house,
        call,
        settings.COMMUNICATION,
        "communication.html",
        filled,
        done,
        frames=True,
        parts=telling.PARTS,
        translated=[telling.FIELDS[name] for name in telling.TRANSLATED],
        mine=shown,
        packs=await ask(house, partial(rules.list_packs, house.db, limit=PACKS_SHOWN)),
        besides=shown["rules"].split(),
        on=now["on"],
        was=settings.mark(now),
        changed=changed,
        writes=call.may("catalogue.write"),
        look=look,
        letter=found,
        messages=MESSAGES,
        languages={code: own_name(code) for code in known()},
    )


ROUTES = (
    page_route(settings.COMMUNICATION, "catalogue.read", see, "How customers are told."),
    Route(
        "POST", settings.COMMUNICATION, "catalogue.read", see_to, "Try how customers are told, or put it.", page=True
    ),
)
