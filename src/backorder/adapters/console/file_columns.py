"""The columns of a file as a page shows them: each with samples, what it is taken for, and how rows are read."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

from backorder.adapters.imports.mapping import Mapping
from backorder.adapters.imports.sheets import Sheet
from backorder.kernel.phrases import Phrase, phrase

SAMPLES = 3
SAMPLED = 200  # rows among which samples are looked for
PREVIEWED = 5
_SHORT = 60  # characters of a cell
DATES: dict[str | None, Phrase | str] = {
    None: phrase("As they look"),
    "ymd": "2026-12-04",
    "dmy": "4.12.2026",
    "mdy": "12/4/2026",
}
DECIMALS: dict[str | None, Phrase | str] = {None: phrase("As they look"), ".": "1.50", ",": "1,50"}
# Fields that files often leave out because all their rows have the same.
USUAL = ("site", "supplier", "expected_on", "currency", "country", "channel")


class Column(NamedTuple):
    """A column of theirs: its place, its name, what stands in it, the field that it is taken for; or why it cannot."""

    place: int
    header: str
    samples: list[str]
    field: str
    usable: bool


class Shown(NamedTuple):
    """A row as it would be read: its number in the file, values by field; or what is wrong with it."""

    number: int
    values: dict[str, str]
    trouble: str

    @classmethod
    def of(cls, number: int, said: dict[str, Any] | str) -> "Shown":
        """A row of what the reader says of it."""
        if isinstance(said, str):
            return cls(number, {}, said)
        return cls(number, {name: _shown(value) for name, value in said.items()}, "")


def columns(sheet: Sheet, mapping: Mapping, most: int, usable: Callable[[list[str], int], bool]) -> list[Column]:
    """The columns of a file, each with the first values that stand in it."""
    chosen = {header: name for name, header in mapping.columns.items()}
    found = []
    for place, header in enumerate(sheet.headers[:most]):
        samples = dict.fromkeys(
            _cut(row.cells[place].strip()) for row in sheet.rows[:SAMPLED] if place < len(row.cells)
        )
        there = [text for text in samples if text][:SAMPLES]
        may = usable(sheet.headers, place)
        found.append(Column(place, header, there, chosen.get(header, "") if may else "", may))
    return found


def plainly(text: str) -> str:
    """What is wrong with a file without what is said on a command line."""
    said, option, _ = text.partition(": say --")
    said = f"{said}: say below how they are written" if option else said
    return f"{said[:1].upper()}{said[1:]}."


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    return _cut(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}\u2026"
