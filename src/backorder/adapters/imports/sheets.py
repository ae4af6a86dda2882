"""Files as rows of text, read within bounds: CSV here, workbooks in a process of their own."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from threading import Timer
from typing import NamedTuple

from backorder.kernel.phrases import Phrase, Said, Value, phrase, understood
from backorder.queries.export import plain

FILE_MAX = 64 * 2**20  # bytes
COLUMNS_MAX = 1_000
CELL_MAX = 10_000  # characters
WORKBOOK_SECONDS = 120
UNFOLDED_MAX = 128 * 2**20  # bytes of a workbook's rows as text
_DELIMITERS = ",;\t|"


_UNREADABLE = phrase("the row cannot be read: {reason}")
NOT_UTF8 = phrase("the file is not UTF-8; it was read as Windows-1252")
_COLUMNS = phrase("the row has {count} columns")
# What Python's reader of CSV says.
_OF_CSV = (
    phrase("field larger than field limit ({most})"),
    phrase("{sign} expected after {quote}"),
)


class Unreadable(Exception):
    """The file cannot be taken; the message says why and what to do."""


class Row(NamedTuple):
    """A row with its number in the file, from 1. `trouble` is what makes it unusable as a whole."""

    number: int
    cells: list[str]
    trouble: Said | None = None


class Sheet(NamedTuple):
    """A file's headers and rows. `digest` tells one file from another; `note` is what a person should know.

    The numbers of a workbook have a decimal point and its days are ISO days, whatever its locale.
    """

    headers: list[str]
    rows: list[Row]
    digest: str
    note: Said | None = None
    workbook: bool = False


def read(path: Path, sheet: str | None = None) -> Sheet:
    """The rows of a CSV file or of one sheet of a workbook. Raises Unreadable."""
    try:
        size = path.stat().st_size
        if size > FILE_MAX:
            raise Unreadable(f"{path} has {size} bytes: part it into files of at most {FILE_MAX}")
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}") from error
    note, workbook = None, data.startswith(b"PK\x03\x04")
    if workbook:
        found = list(_workbook(path, sheet))
    else:
        text, note = _text(data)
        found = list(_csv(text))
    if not found:
        raise Unreadable(f"{path} is empty: its first row should name the columns")
    headers = [cell.strip() for cell in found[0].cells]
    rows = [row for row in found[1:] if row.trouble or any(cell.strip() for cell in row.cells)]
    return Sheet(headers, rows, blake2b(data, digest_size=8).hexdigest(), note, workbook)


def _text(data: bytes) -> tuple[str, Said | None]:
    if b"\0" in data:
        raise Unreadable("the file has NUL characters: it is no text, or UTF-16; save it as CSV in UTF-8")
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        try:
            return data.decode("cp1252"), Said(NOT_UTF8)
        except UnicodeDecodeError as error:
            raise Unreadable("the file is neither UTF-8 nor Windows-1252: save it as CSV in UTF-8") from error


def _csv(text: str) -> Iterator[Row]:
    first = text[: text.find("\n") + 1 or None]
    counts = {sign: first.count(sign) for sign in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=counts.__getitem__)
    csv.field_size_limit(CELL_MAX)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    if counts[delimiter] >= COLUMNS_MAX:
        raise Unreadable(f"the file has {counts[delimiter] + 1} columns: at most {COLUMNS_MAX} are read")
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if reader.line_num > start or "unexpected end" in str(error):
                raise Unreadable(
                    f"a quote that opens in line {start} is never closed: mend it, or rows are lost"
                ) from error
            reason: Value = understood(str(error), _OF_CSV) or str(error)
            yield Row(start, [], Said(_UNREADABLE, {"reason": reason}))
            continue
        trouble = Said(_COLUMNS, {"count": len(cells)}) if len(cells) > COLUMNS_MAX else None
        yield Row(start, [plain(cell) for cell in cells[:COLUMNS_MAX]], trouble)


def _workbook(path: Path, sheet: str | None) -> Iterator[Row]:
    """The rows of a sheet, read by a process whose memory and time are bounded: a workbook can be a bomb."""
    command = [sys.executable, "-m", "backorder.adapters.imports.workbook", str(path), sheet or ""]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603  # ourselves
        clock = Timer(WORKBOOK_SECONDS, process.kill)
        clock.start()
        try:
            yield from _told(process, path)
            process.wait()
        finally:
            clock.cancel()
            process.kill()
        assert process.stderr is not None
        said = process.stderr.read().decode(errors="replace").strip().splitlines()
    if process.returncode != 0:
        reason = (
            said[-1] if process.returncode == 1 and said else "it needs more memory or time than a workbook may have"
        )
        raise Unreadable(f"{path} was not read: {reason}")


def _told(process: subprocess.Popen[bytes], path: Path) -> Iterator[Row]:
    """The rows that the process writes, as far as they fit."""
    assert process.stdout is not None
    size = 0
    for number, line in enumerate(process.stdout, 1):
        size += len(line)
        if size > UNFOLDED_MAX:
            raise Unreadable(f"{path} unfolds to more than {UNFOLDED_MAX} bytes: save it as CSV, or part it")
        told = json.loads(line)
        yield Row(number, told["cells"], Said(Phrase(told["trouble"]), told["values"]) if "trouble" in told else None)
