"""The console's forms on a supply: units that came, another day, a day that the supplier stands by."""

from datetime import date
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from backorder.adapters.console import words
from backorder.adapters.http import body
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import answered
from backorder.adapters.http.forms import give, number, said, sentence, strange
from backorder.adapters.http.goods import SupplyPage, supply_shown
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.kernel.calendars import moment_number
from backorder.kernel.events import address
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.phrases import Said, Value, phrase
from backorder.queries import desk, outbox, show, trail

_DONE = {Word.RECEIVED, Word.RESCHEDULED, Word.CHANGED, Word.EXISTS}
_MOVED = phrase(
    "Somebody else moved it meanwhile: it is expected on {day}. Nothing was done. "
    "Send what you typed again to put it on top of theirs, or load the page again to take theirs."
)
_MOVED_BY = phrase(
    "{who} moved it meanwhile ({moment}): it is expected on {day}. Nothing was done. "
    "Send what you typed again to put it on top of theirs, or load the page again to take theirs."
)
_WORDS = {"receive": "receive_supply", "move": "reschedule_supply", "confirm": "confirm_supply"}


async def see_to(house: House, call: Call) -> Answer:
    """`POST /console/supplies/{supply}`: one of the forms; back to the page, or what was typed again."""
    from_here(call.request)
    fields = await body.form(call.request)
    word = said(fields, "do").get("do", "")
    if word not in _WORDS:
        raise strange()
    name = call.path("supply")
    last = await ask(house, outbox.last_number, house.db)
    command = await _command(house, call, word, name, fields)
    outcome = command if isinstance(command, Said) else await give(house, call, command)
    if isinstance(outcome, Outcome) and outcome.outcome in _DONE:
        done = "again" if outcome.outcome is Word.EXISTS else word
        query = urlencode({"done": done} | _behind(done, last, fields))
        return answered(b"", 303, {"Location": f"/console/supplies/{quote(name, safe='')}?{query}"})
    wrong, status = (outcome, 409) if isinstance(outcome, Said) else (sentence(outcome), 422)
    typed = {field: texts[0] for field, texts in fields.items()}
    return await supply_shown(house, call, SupplyPage(), typed=typed, wrong=wrong, status=status)


def _behind(done: str, last: int, fields: body.Form) -> dict[str, str]:
    """What the page needs to tell what was done: the last event before it, and of a move the day before, to undo it."""
    if done == "again":
        return {}
    seen = said(fields, "seen").get("seen", "")
    return {"since": str(last)} | ({"back": seen} if done == "move" and seen else {})


async def _command(house: House, call: Call, word: str, name: str, fields: body.Form) -> dict[str, Any] | Said:
    """The command that a form says, or what is wrong with it: a day moves only from the day that was seen."""
    command: dict[str, Any] = {"do": _WORDS[word], "supply": name}
    if word == "receive":
        notes = said(fields, "receipt", "mark")  # without a delivery note the mark of the form: sent twice, booked once
        command |= {"receipt": notes.get("receipt", notes.get("mark"))} if notes else {}
        command["quantity"] = number(said(fields, "quantity").get("quantity", "0"))
        return command | {mark: True for mark in ("final", "surplus") if mark in fields}
    found = await ask(house, partial(show.supply, house.db, name, house.clock()))
    seen = said(fields, "seen").get("seen")
    if found is not None and found.expected_on is not None and seen != found.expected_on.isoformat():
        return await _moved(house, name, found.expected_on)
    return command | said(fields, "expected_on", "reason") | {"by": call.caller.account}


async def _moved(house: House, name: str, day: date) -> Said:
    """Who moved the day of a supply, and when, as far as that is known; and what to do about it."""
    subject = address("supplies", name)
    last = await ask(house, outbox.last_number, house.db, subject)
    news = await ask(house, partial(outbox.list_events, house.db, after=last - 1, limit=1, subject=subject))
    today, _ = await ask(house, desk.today, house.db, house.clock())
    values: dict[str, Value] = {"day": words.weekday(day, today)}
    at = None if not news else moment_number(news[0].at)
    who = {} if at is None else await ask(house, trail.actors, house.db, name, {at})
    if at not in who:
        return Said(_MOVED, values)
    return Said(_MOVED_BY, values | {"who": who[at], "moment": words.moment(news[0].at, today)})


ROUTES = (
    Route(
        "POST", "/console/supplies/{supply:str}", "supply.read", see_to, "Receive a supply, or move its day.", page=True
    ),
)
