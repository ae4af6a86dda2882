"""Forms of the console: what they say becomes a command, and what is wrong with it a sentence."""

from collections.abc import Mapping
from typing import Any

import msgspec

from backorder.adapters.http.body import Form
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


def said(fields: Form, *names: str) -> dict[str, str]:
    """Fields of a form as they were typed, without blanks round them; what was left empty is left out."""
    found = {name: fields[name][0].strip() for name in names if name in fields}
    return {name: text for name, text in found.items() if text}


def number(text: str) -> int | str:
    """A whole number that was typed; what is none stays text, which the command refuses by the name of its field."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else text


def sentence(outcome: Outcome) -> str:
    """What a refusal says, with the field that it is about."""
    text = outcome.message or outcome.outcome.value.replace("_", " ")
    field = f"{outcome.field}: " if outcome.field else ""
    whole = f"{(field + text)[:1].upper()}{(field + text)[1:]}"
    return whole if whole.endswith(".") else f"{whole}."
