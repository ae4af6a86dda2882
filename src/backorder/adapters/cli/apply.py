"""`backorder apply`: JSON Lines in, one outcome per line out, in order."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import IO, Any, NamedTuple

import click
import msgspec

from backorder import commands
from backorder.adapters.cli.who import who
from backorder.kernel.errors import StorageError
from backorder.kernel.outcomes import Outcome, Word
from backorder.queries import quotes
from backorder.storage.db import Database, open_database

LINE_MAX = 10 * 2**20  # bytes: no command that can be meant is longer
BLOCK_MAX = 16 * 2**20  # bytes that are read before they are applied, besides the limit of a batch
PROGRESS_FROM = 1_000_000  # bytes of input from which a person wants to see that it moves
_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line of the input with its number from 1; `text` is None where it was too long to be kept."""

    number: int
    text: bytes | None


def apply_file(file: str, database: str, clock: Callable[[], int], *, replay: bool) -> None:
    """Apply the file's commands; exits 1 if the database fails on the way, 2 if the input cannot be read."""
    with ExitStack() as stack:
        source = _open(file, stack)
        db = open_database(database)
        stack.callback(db.close)
        show_progress = _progress(file, source, stack)
        for block in _blocks(source):
            _apply_block(db, clock(), block, replay=replay)
            show_progress()


def _open(file: str, stack: ExitStack) -> IO[bytes]:
    if file == "-":
        return sys.stdin.buffer
    try:
        return stack.enter_context(Path(file).open("rb"))
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from error


def _blocks(source: IO[bytes]) -> Iterator[list[Line]]:
    """The lines that are not blank, a batch at a time."""
    block: list[Line] = []
    size = number = 0
    while (text := _read_line(source)) != b"":
        number += 1
        if number == 1 and text is not None:
            text = text.removeprefix(_BOM)
        if text is None or text.strip():
            block.append(Line(number, text))
            size += len(text or b"")
        if len(block) >= commands.BATCH_MAX or size >= BLOCK_MAX:
            yield block
            block, size = [], 0
    if block:
        yield block


def _read_line(source: IO[bytes]) -> bytes | None:
    """The next line; empty at the end of the input, None for one that is too long, which is skipped."""
    text = source.readline(LINE_MAX + 1)
    if text.endswith(b"\n") or len(text) <= LINE_MAX:
        return text
    while (rest := source.readline(LINE_MAX)) and not rest.endswith(b"\n"):
        pass
    return None


def _apply_block(db: Database, now: int, block: list[Line], *, replay: bool) -> None:
    """Print the outcome of each line as soon as its transaction is committed."""
    read = [_decode(line, replay=replay) for line in block]
    answers = _answers(db, now, [command for command in read if not isinstance(command, Outcome)])
    for line, command in zip(block, read, strict=True):
        try:
            outcome = command if isinstance(command, Outcome) else next(answers)
        except StorageError as error:
            raise StorageError(
                f"{error}. The outcomes above stand; line {line.number} and what follows were not answered: "
                "send them again (a command that carries an id is applied once)"
            ) from error
        if outcome.outcome is Word.INVALID:
            outcome.message = f"line {line.number}: {outcome.message}"
        click.echo(msgspec.json.encode(outcome))


def _answers(db: Database, now: int, read: list[Any]) -> Iterator[Outcome]:
    """Commands change and quotes ask, each at its place in the order."""
    for asked, group in groupby(read, key=lambda command: isinstance(command, quotes.Quote)):
        mine = list(group)
        yield from quotes.quote(db, now, mine) if asked else commands.stream(db, now, mine, who())


def _decode(line: Line, *, replay: bool) -> Any:
    if line.text is None:
        return Outcome(Word.INVALID, message=f"the line is longer than {LINE_MAX} bytes")
    if quotes.asks(line.text):
        try:
            return quotes.read(line.text)
        except msgspec.DecodeError as error:
            return commands.unreadable(line.text, str(error))
    return commands.decode(line.text, may_set_clock=replay)


def _progress(file: str, source: IO[bytes], stack: ExitStack) -> Callable[[], None]:
    """A bar where a person is looking, the input is long and the outcomes go elsewhere; else nothing."""
    size = 0 if file == "-" else Path(file).stat().st_size
    if size < PROGRESS_FROM or not sys.stderr.isatty() or sys.stdout.isatty():
        return lambda: None
    from rich.console import Console
    from rich.progress import Progress

    progress = stack.enter_context(Progress(console=Console(stderr=True)))
    task = progress.add_task("applying", total=size)
    return lambda: progress.update(task, completed=source.tell())
