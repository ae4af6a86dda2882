"""One command that a person gives: applied, or refused in words and by the exit code."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.main import Clock
from backorder.adapters.cli.who import who

if TYPE_CHECKING:
    from backorder.kernel.outcomes import Outcome  # loaded when a command runs


def give(clock: Clock, database: str, command: dict[str, Any]) -> "Outcome":
    """The outcome of a command that was done, or was done already.

    Else it ends the program: with 2 where the command cannot be meant, 3 where what it names is not there, and 1 where
    it was refused for another reason.
    """
    from backorder.commands import decode, run
    from backorder.kernel.outcomes import Outcome, Word

    read = decode(command)
    with opened(database) as db:
        outcome = read if isinstance(read, Outcome) else run(db, clock(), [read], who())[0]
    if outcome.outcome in {Word.ACCEPTED, Word.CHANGED, Word.EXISTS, Word.ANSWERED}:
        return outcome
    message = outcome.message or outcome.outcome.meaning
    if outcome.outcome is Word.INVALID:
        raise click.UsageError(message if outcome.field is None else f"{outcome.field}: {message}")
    if outcome.outcome.value.startswith("unknown_"):
        click.echo(message if outcome.subject is None else f"{outcome.subject}: {message}", err=True)
        sys.exit(MISSING)
    raise click.ClickException(message)


def tell(outcome: "Outcome", done: str) -> None:
    """Print that it was done, or was so already, and what there is to be said of it."""
    from backorder.kernel.outcomes import Word

    click.echo("It was so already." if outcome.outcome is Word.EXISTS else done)
    if outcome.message is not None:
        click.echo(click.wrap_text(f"Mind: {outcome.message}.", 100))


def by_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--by`, who did it; else whoever works at the command line."""
    return click.option("--by", default=who, show_default="you", help="Who did it.")(command)
