"""Forms of the console: what a refusal of a command says to somebody who filled one in."""

from backorder.kernel.outcomes import Outcome


def sentence(outcome: Outcome) -> str:
    """What a refusal says, with the field that it is about."""
    text = outcome.message or outcome.outcome.value.replace("_", " ")
    field = f"{outcome.field}: " if outcome.field else ""
    return f"{(field + text)[:1].upper()}{(field + text)[1:]}."
