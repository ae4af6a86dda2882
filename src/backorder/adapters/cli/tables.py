"""Tables and facts as text that a person can read, on a terminal or in a file."""

from collections.abc import Iterable, Sequence
from typing import Literal

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH = 100  # where the output is no terminal


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = WIDTH
    return console


def table(
    names: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[str] = (), whole: Sequence[str] = ()
) -> None:
    """Print rows under their names; the columns in `numbers` stand to the right. Nothing for no rows.

    Where there is not room for all, the others go on over lines before those in `whole` do.
    """
    body = list(rows)
    if not body:
        return
    shown = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name in names:
        free = name == "name"  # the one column of free text, cut rather than broken
        justify: Literal["left", "right"] = "right" if name in numbers else "left"
        overflow: Literal["ellipsis", "fold"] = "ellipsis" if free else "fold"
        shown.add_column(name, justify=justify, overflow=overflow, no_wrap=free or name in whole)
    for row in body:
        shown.add_row(*(Text(str(cell)) for cell in row))
    console = _console()
    with console.capture() as printed:
        console.print(shown)
    for line in printed.get().splitlines():
        click.echo(line.rstrip())
    click.echo()


def facts(title: str, pairs: dict[str, str]) -> None:
    """Print a title and what is to be known of it, one fact a line."""
    console = _console()
    console.print(Text(title, style="bold"))
    width = max(len(name) for name in pairs)
    for name, fact in pairs.items():
        console.print(Text(f"  {name.ljust(width)}  {fact}"))
    console.print()
