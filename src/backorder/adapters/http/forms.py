"""Forms of the console: what they say becomes a command, and what is wrong with it a sentence."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec

from backorder.adapters.console.settings import Once
from backorder.adapters.http import body
from backorder.adapters.http.body import Form
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.problems import Refusal, status_of
from backorder.adapters.http.refusals import SENTENCES
from backorder.adapters.http.route import Call, House, digest
from backorder.adapters.http.writes import apply, permit
from backorder.commands import Command, decode
from backorder.kernel.calendars import FIRST_DAY, LAST_DAY
from backorder.kernel.outcomes import Outcome
from backorder.kernel.phrases import Phrase, Said, Value, phrase, phrases, understood

_TOO_LONG = re.compile(r"Expected `str` of length <= (\d+)")


class Wrong(NamedTuple):
    """What is wrong with a form: why, and the field of the form that it stands at; without one, above the form."""

    field: str
    said: Said


class Filled(NamedTuple):
    """What came of a form: what was typed into it, what is wrong with that, or what is shown this once."""

    typed: Mapping[str, str] = {}
    wrong: Wrong | None = None
    once: Once | None = None
    status: int = 200


UNFILLED = Filled()


async def sent(call: Call, words: Collection[str]) -> tuple[str, dict[str, str]]:
    """A form that somebody sent from a page of ours: what it is for, one of `words`, and its fields."""
    from_here(call.request)
    typed = await fields(call)
    if typed.get("do", "") not in words:
        raise strange()
    return typed["do"], typed


def refused(typed: Mapping[str, str], trouble: Outcome | Refusal | Wrong) -> Filled:
    """A form that is not done, with what stands against it, at its field where the form has that one."""
    if isinstance(trouble, Wrong):
        return Filled(typed, trouble, status=422)
    if isinstance(trouble, Refusal):
        status, text, whole = trouble.status, trouble.detail, trouble.said
    else:
        status, text, whole = status_of(trouble), trouble.message or trouble.outcome.meaning, None
    found = at(trouble.field, text)
    if found.field not in typed:
        found = Wrong("", of_field(trouble.field, text))
    return Filled(typed, found if whole is None else found._replace(said=whole), status=max(status, 422))


def at(field: str | None, text: str) -> Wrong:
    """What is wrong with a field of a command, at the field of the form that is called as its last part."""
    last = (field or "").rpartition(".")[2].partition("[")[0]  # of `wordings[0].closing`, the last name
    long = _TOO_LONG.search(text)
    return Wrong(last, of_field(None, text) if long is None else Said(_AT_MOST, {"count": int(long[1])}))


async def give(house: House, call: Call, said: Mapping[str, Any]) -> Outcome:
    """Apply a command that a form says; its outcome, which is also what is wrong with how it was said.

    Raises a refusal where the caller may not say it, or the service is busy.
    """
    raw = msgspec.json.encode(said)
    command: Command | Outcome = decode(raw)
    if isinstance(command, Outcome):
        return command
    permit(call, command)
    return (await apply(house, call, [command], digest(raw)))[0]


async def give_all(house: House, call: Call, said: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Apply what a form says as one list; the outcomes in its order.

    Raises a refusal where the caller may not say one of them, before any is applied, or the service is busy.
    """
    raws = [msgspec.json.encode(one) for one in said]
    read = [decode(raw) for raw in raws]
    good = [one for one in read if not isinstance(one, Outcome)]
    for command in good:
        permit(call, command)
    answers = iter(await apply(house, call, good, digest(b"\n".join(raws))))
    return [one if isinstance(one, Outcome) else next(answers) for one in read]


async def fields(call: Call) -> dict[str, str]:
    """The fields of a form, the first value of each. Refuses what no text of a database can hold."""
    found = {name: texts[0] for name, texts in (await body.form(call.request)).items()}
    if any("\0" in text for text in found.values()):
        raise strange()
    return found


def said(typed: Form, *names: str) -> dict[str, str]:
    """Fields of a form as they were typed, without blanks round them; what was left empty is left out."""
    found = {name: typed[name][0].strip() for name in names if name in typed}
    return {name: text for name, text in found.items() if text}


def number(text: str) -> int | str:
    """A whole number that was typed; what is none stays text, which the command refuses by the name of its field."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else text


def day(text: str) -> date | None:
    """The day that was typed, if one was. Raises ValueError where it is none that the shop knows: say NO_DAY then."""
    found = date.fromisoformat(text) if text else None
    if found is not None and not FIRST_DAY.year < found.year <= LAST_DAY.year:
        raise ValueError(text)
    return found


def refuses(outcome: Outcome) -> bool:
    """Whether an outcome says no."""
    return status_of(outcome) >= 400


def strange() -> Refusal:
    """A refusal of what no form of the console says."""
    return Refusal(422, "invalid", Said(_STRANGE))


def sentence(outcome: Outcome) -> Said:
    """What a refusal says, to somebody who filled in a form: the field that it is about, as it is called, and why."""
    return of_field(outcome.field, outcome.message or outcome.outcome.meaning)


def explained(refusal: Refusal) -> Said:
    """Why something was refused, in a sentence."""
    return refusal.said or of_field(None, refusal.detail)


def of_field(field: str | None, text: str) -> Said:
    """What is wrong, in a sentence: with which field of a form, where it is one."""
    text = text.rstrip(".")
    if field:
        said = understood(text, SENTENCES)
        return Said(_OF_FIELD, {"field": _named(field), "text": text if said is None else said})
    text = text[:1].upper() + text[1:]
    permission = text.removeprefix(_ASKS)
    if permission != text:
        return Said(_ASKS_FOR, {"permission": permission})
    return understood(f"{text}.", SENTENCES) or Said(_ALONE, {"text": text})


def _named(field: str) -> Value:
    """A field as people call it; one that no form has stands as it is."""
    found = Phrase(field)
    return Said(found) if found in _FIELDS else field


NO_DAY = Said(phrase("Write the days as 2026-11-20, between 1971 and 2200."))
_AT_MOST = phrases("At most {count} letter.", "At most {count} letters.")
_STRANGE = phrase("This is no form of ours.")
_OF_FIELD, _ALONE = phrase("{field}: {text}."), phrase("{text}.")
_ASKS, _ASKS_FOR = "This asks for the permission ", phrase("This asks for the permission {permission}.")
# The fields of commands that people type into forms, by their names there.
_FIELDS = frozenset(
    (
        phrase("account"),
        phrase("amount"),
        phrase("answer"),
        phrase("carrier"),
        phrase("customer"),
        phrase("days"),
        phrase("event"),
        phrase("events"),
        phrase("kind"),
        phrase("lines"),
        phrase("note"),
        phrase("number"),
        phrase("order"),
        phrase("policy"),
        phrase("promise"),
        phrase("purpose"),
        phrase("quantity"),
        phrase("reason"),
        phrase("reference"),
        phrase("role"),
        phrase("scopes"),
        phrase("segments"),
        phrase("shipment"),
        phrase("tracking"),
        phrase("until"),
        phrase("url"),
        phrase("webhook"),
    )
)
