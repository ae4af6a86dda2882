"""What the console's forms ask for, given as the ordinary commands; what is refused is said as a sentence."""

from typing import Any

import msgspec

from backorder.adapters.http import body
from backorder.adapters.http.problems import status_of
from backorder.adapters.http.route import Call, House, digest
from backorder.adapters.http.writes import apply, permit
from backorder.commands import decode
from backorder.kernel.outcomes import Outcome


async def fields(call: Call) -> dict[str, str]:
    """The fields of a form, the first value of each."""
    return {name: said[0] for name, said in (await body.form(call.request)).items()}


async def give(house: House, call: Call, said: dict[str, Any]) -> Outcome:
    """Apply a command as its caller may; its outcome, or that of a command that could not be read.

    Raises a refusal where the caller may not, or the service is busy.
    """
    raw = msgspec.json.encode(said)
    command = decode(raw)
    if isinstance(command, Outcome):
        return command
    permit(call, command)
    (outcome,) = await apply(house, call, [command], digest(raw))
    return outcome


def refuses(outcome: Outcome) -> bool:
    """Whether an outcome says no."""
    return status_of(outcome) >= 400


def sentence(outcome: Outcome) -> str:
    """What a refusal says, to somebody who filled in a form."""
    text = (outcome.message or outcome.outcome.meaning).rstrip(".")
    return f"{outcome.field}: {text}." if outcome.field else f"{text[:1].upper()}{text[1:]}."
