"""Forms of the console: what they say becomes a command, and what is wrong with it a sentence."""

from collections.abc import Mapping
from typing import Any

import msgspec

from backorder.adapters.http import body
from backorder.adapters.http.body import Form
from backorder.adapters.http.problems import Refusal, status_of
from backorder.adapters.http.route import Call, House, digest
from backorder.adapters.http.writes import apply, permit
from backorder.commands import Command, decode
from backorder.kernel.outcomes import Outcome


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
