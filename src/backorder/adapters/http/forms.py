"""Forms of the console: what they say becomes a command, and what is wrong with it a sentence."""

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import msgspec

from backorder.adapters.console.settings import Once
from backorder.adapters.http import body
from backorder.adapters.http.body import Form
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.problems import Refusal, status_of
from backorder.adapters.http.route import Call, House, digest
from backorder.adapters.http.writes import apply, permit
from backorder.commands import Command, decode
from backorder.kernel.outcomes import Outcome

_TOO_LONG = re.compile(r"Expected `str` of length <= (\d+)")


class Wrong(NamedTuple):
    """What is wrong with a form: why, and the field of the form that it stands at; without one, above the form."""

    field: str
    said: str


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
        raise Refusal(422, "invalid", "this is no form of ours")
    return typed["do"], typed


def refused(typed: Mapping[str, str], trouble: Outcome | Refusal | Wrong) -> Filled:
    """A form that is not done, with what stands against it, at its field where the form has that one."""
    if isinstance(trouble, Wrong):
        return Filled(typed, trouble._replace(said=_sentence(trouble.said)), status=422)
    status = trouble.status if isinstance(trouble, Refusal) else status_of(trouble)
    said = trouble.detail if isinstance(trouble, Refusal) else trouble.message or trouble.outcome.meaning
    named = trouble.field or ""
    field = named.rpartition(".")[2].partition("[")[0]  # of `wordings[0].closing`, the last name
    if field not in typed:
        field, said = "", f"{named}: {said}" if named else said
    return Filled(typed, Wrong(field, _sentence(said)), status=max(status, 422))


def _sentence(said: str) -> str:
    """What is wrong, as a sentence for people."""
    said = _TOO_LONG.sub(r"at most \1 letters", said)
    return f"{said[:1].upper()}{said[1:].rstrip('.')}."


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


async def fields(call: Call) -> dict[str, str]:
    """The fields of a form, the first value of each. Refuses what no text of a database can hold."""
    found = {name: texts[0] for name, texts in (await body.form(call.request)).items()}
    if any("\0" in text for text in found.values()):
        raise Refusal(422, "invalid", "this is no form of ours")
    return found


def said(typed: Form, *names: str) -> dict[str, str]:
    """Fields of a form as they were typed, without blanks round them; what was left empty is left out."""
    found = {name: typed[name][0].strip() for name in names if name in typed}
    return {name: text for name, text in found.items() if text}


def number(text: str) -> int | str:
    """A whole number that was typed; what is none stays text, which the command refuses by the name of its field."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else text


def refuses(outcome: Outcome) -> bool:
    """Whether an outcome says no."""
    return status_of(outcome) >= 400


def sentence(outcome: Outcome) -> str:
    """What a refusal says, to somebody who filled in a form: the field that it is about, as it is called, and why."""
    text = (outcome.message or outcome.outcome.meaning).rstrip(".")
    return f"{outcome.field}: {text}." if outcome.field else f"{text[:1].upper()}{text[1:]}."
