"""The columns of a file as a page shows them: each with samples, what it is taken for, and how rows are read."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

from backorder.adapters.imports.mapping import Mapping
from backorder.adapters.imports.sheets import Sheet
from backorder.kernel.phrases import Phrase, Said, Value, phrase

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


# What people call the fields; in mappings, commands and the files to begin with they have their own names.
FIELDS = {
    "backorder_cap": phrase("most units on backorder"),
    "cancelled": phrase("units cancelled"),
    "category": phrase("category"),
    "channel": phrase("sales channel"),
    "confirmed": phrase("confirmed by the supplier"),
    "cost": phrase("purchase price"),
    "country": phrase("country"),
    "coverage": phrase("what promises may stand on"),
    "currency": phrase("currency"),
    "customer": phrase("customer number"),
    "customer_name": phrase("name of the customer"),
    "document": phrase("purchase order number"),
    "document_line": phrase("line of the purchase order"),
    "email": phrase("e-mail address"),
    "expected_on": phrase("expected day of arrival"),
    "first_promise": phrase("first promised day"),
    "handling_days": phrase("handling time in days"),
    "holidays": phrase("holiday calendar"),
    "kind": phrase("kind"),
    "language": phrase("language"),
    "lead_time_days": phrase("lead time in days"),
    "line": phrase("line number"),
    "max_wait_days": phrase("longest wait in days"),
    "minimum_order": phrase("minimum order quantity"),
    "name": phrase("name"),
    "order": phrase("order number"),
    "ordered_on": phrase("day of the purchase"),
    "pack_size": phrase("pack size"),
    "per_customer_cap": phrase("most units per customer"),
    "placed_at": phrase("day of the order"),
    "price": phrase("selling price"),
    "priority": phrase("priority"),
    "promise": phrase("promised day"),
    "quantity": phrase("quantity"),
    "received": phrase("units received"),
    "region": phrase("state or region"),
    "released_on": phrase("release day"),
    "requested_on": phrase("day asked for"),
    "safety_stock": phrase("safety stock"),
    "selling": phrase("way of selling"),
    "serves": phrase("regions served"),
    "ship": phrase("way of shipping"),
    "shipped": phrase("units shipped"),
    "site": phrase("site"),
    "sites": phrase("sites"),
    "sku": phrase("SKU"),
    "supplier": phrase("supplier"),
    "supply": phrase("supply number"),
    "tags": phrase("tags"),
    "tier": phrase("customer tier"),
    "unit_price": phrase("price per unit"),
    "working_days": phrase("working days"),
    "zone": phrase("time zone"),
}
_LINES = phrase("lines")  # which the commands have that are made of the rows of an order
_YES, _NO = Said(phrase("yes")), Said(phrase("no"))


def called(field: str) -> Value:
    """A field as people call it; one that no file has stands as it is."""
    found = _LINES if field == "lines" else FIELDS.get(field)
    return field if found is None else Said(found)


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
    values: dict[str, Value]
    trouble: Said | None = None

    @classmethod
    def of(cls, number: int, read: dict[str, Any]) -> "Shown":
        """A row of what was read of it."""
        return cls(number, {name: _shown(value) for name, value in read.items()})


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


NO_COLUMN = phrase("No column is taken for {field}, and there is nothing for all rows.")
TWICE = phrase("Two columns are taken for {field}: {one} and {other}. Leave one of them out.")
COSTS = phrase("What things cost asks for the permission money.write: leave that column out.")
_DAYS = phrase("The days could be day first or month first: say below how they are written.")
_NUMBERS = phrase("Numbers could have either decimal sign: say below how they are written.")


def unclear(text: str) -> Said:
    """What cannot be told of how a file writes, without what is said on a command line."""
    return Said(_DAYS if text.startswith("the days") else _NUMBERS)


def _shown(value: object) -> Value:
    if isinstance(value, bool):
        return _YES if value else _NO
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    return _cut(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}\u2026"
