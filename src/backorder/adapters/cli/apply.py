"""`backorder apply`: JSON Lines in, one outcome per line out, in order."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import click
import msgspec

from backorder import commands
from backorder.kernel.errors import StorageError
from backorder.kernel.outcomes import Outcome, Word
from backorder.storage.db import Database, open_database

LINE_MAX = 10 * 2**20  # bytes: no command that can be meant is longer
LINES_AT_ONCE = 1_000
PROGRESS_FROM = 1_000_000  # bytes of input from which a person wants to see that it moves


def apply_file(file: str, database: str, clock: Callable[[], int], *, replay: bool) -> None:
    """Apply the file's commands; exits 1 if the database fails on the way, 2 if the input cannot be read."""
    with ExitStack() as stack:
        source = _open(file, stack)
        db = open_database(database)
        stack.callback(db.close)
        advance = _progress(file, stack)
        done = 0
        for block in _blocks(source):
            try:
                for outcome in _apply(db, clock(), block, replay=replay):
                    click.echo(msgspec.json.encode(outcome))
                    done += 1
            except StorageError as error:
                raise StorageError(
                    f"{error}\nThe outcomes above stand; from line {done + 1} on, nothing was answered. Commands "
                    "with an id can be sent again."
                ) from error
            advance(sum(len(line) for _, line in block))


def _open(file: str, stack: ExitStack) -> IO[bytes]:
    if file == "-":
        return sys.stdin.buffer
    try:
        return stack.enter_context(Path(file).open("rb"))
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from error


def _blocks(source: IO[bytes]) -> Iterator[list[tuple[int, bytes]]]:
    """The lines with their numbers, some at a time. A line that is too long is cut, so that it is refused."""
    block: list[tuple[int, bytes]] = []
    number = 0
    while line := source.readline(LINE_MAX + 1):
        number += 1
        if len(line) > LINE_MAX:
            while (rest := source.readline(LINE_MAX)) and not rest.endswith(b"\n"):
                pass
        if line.strip():
            block.append((number, line))
        if len(block) >= LINES_AT_ONCE:
            yield block
            block = []
    if block:
        yield block


def _apply(db: Database, now: int, block: list[tuple[int, bytes]], *, replay: bool) -> Iterator[Outcome]:
    """The outcomes of some lines, in order; those that cannot be read are answered without being run."""
    read = [_decode(number, line, replay=replay) for number, line in block]
    good = [command for command in read if not isinstance(command, Outcome)]
    answers = iter(commands.run(db, now, good))
    for command in read:
        yield command if isinstance(command, Outcome) else next(answers)


def _decode(number: int, line: bytes, *, replay: bool) -> Any:
    if len(line) > LINE_MAX:
        return Outcome(Word.INVALID, field=f"line {number}", message=f"the line is longer than {LINE_MAX} bytes")
    command = commands.decode(line, may_set_clock=replay)
    if isinstance(command, Outcome):
        command.field = f"line {number}: {command.field}" if command.field else f"line {number}"
    return command


def _progress(file: str, stack: ExitStack) -> Callable[[int], None]:
    """A bar on the terminal where a person is looking and the input is long; else nothing."""
    size = 0 if file == "-" else Path(file).stat().st_size
    if size < PROGRESS_FROM or not sys.stderr.isatty():
        return lambda _: None
    from rich.console import Console
    from rich.progress import Progress

    progress = stack.enter_context(Progress(console=Console(stderr=True)))
    task = progress.add_task("applying", total=size)
    return lambda read: progress.advance(task, read)
