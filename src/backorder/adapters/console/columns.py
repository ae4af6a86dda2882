"""The columns of the backlog: which there are, which somebody chose, and what of each a sheet has."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from backorder.kernel.phrases import Phrase, phrase
from backorder.kernel.views import COLUMNS, Column, trouble


class Heading(NamedTuple):
    """A column: its key, what sorts by it, what it is called, its class, and its fields in a sheet."""

    key: Column
    by: str
    said: Phrase
    kind: str
    fields: tuple[str, ...]


_UNITS = ("waiting", "allocated")
HEADINGS: dict[Column, Heading] = {
    one.key: one
    for one in (
        Heading("order", "order", phrase("Order"), "c-order", ("order", "line")),
        Heading("customer", "", phrase("Customer"), "c-who", ("customer", "customer_name", "channel")),
        Heading("tier", "", phrase("Tier"), "c-tier", ("tier",)),
        Heading("goes_to", "", phrase("Goes to"), "c-to", ("goes_to",)),
        Heading("item", "item", phrase("Item"), "c-item", ("sku", "item")),
        Heading("units", "units", phrase("Units"), "num c-qty", _UNITS),
        Heading("ordered", "ordered", phrase("Ordered"), "num c-ordered", ("placed_at",)),
        Heading("wanted", "", phrase("Wanted for"), "num c-first", ("requested_on",)),
        Heading("first", "", phrase("First"), "num c-first", ("first_promise",)),
        Heading("promise", "promise", phrase("Promise"), "num c-now", ("promise", "at_risk", "held")),
        Heading("planned", "", phrase("Planned"), "num c-first", ("planned",)),
        Heading("pegs", "", phrase("Stands on"), "c-peg", ("uncovered", "supplies")),
        Heading("state", "", phrase("State"), "c-state", ("state",)),
        Heading("value", "", phrase("Value"), "num c-value", ("currency", "value")),
    )
}
_RARE = {"tier", "goes_to", "wanted", "planned", "state"}  # what few shops look for in every line
USUAL: tuple[Column, ...] = tuple(key for key in COLUMNS if key not in _RARE)


class Choice(NamedTuple):
    """A column as the form to choose has it: whether it is shown, and at which place."""

    heading: Heading
    shown: bool
    place: int


def written(columns: Iterable[Column]) -> str:
    """Columns as an address and a cookie have them."""
    return ".".join(columns)


def read(text: str) -> tuple[Column, ...]:
    """What an address or a cookie says; nothing where it says no columns that can be."""
    found = [key for name in text.split(".") for key in COLUMNS if key == name]
    return () if trouble(found) else tuple(found)


def ordered(shown: Iterable[str], places: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns of a form, by the places that were typed; those of one place as they stand, and without one last."""
    wanted = {*shown, "order"}
    typed = {key: int(text) if (text := places.get(key, "")).isdecimal() and text.isascii() else 99 for key in COLUMNS}
    stand = {key: n for n, key in enumerate(places)}
    found = [key for key in COLUMNS if key in wanted]
    return tuple(sorted(found, key=lambda key: (typed[key], stand.get(key, 99))))


def headings(columns: Iterable[Column], sorts: Container[str] = (), *, value: bool) -> list[Heading]:
    """The columns that are shown to who may or may not see what things cost; those among `sorts` can be sorted by."""
    shown = (HEADINGS[key] for key in columns if value or key != "value")
    return [one if one.by in sorts else one._replace(by="") for one in shown]


def choices(columns: Sequence[Column], *, value: bool) -> list[Choice]:
    """What there is to choose: first what is shown, in its order."""
    rest = [key for key in COLUMNS if key not in columns]
    found = headings([*columns, *rest], value=value)
    return [Choice(one, one.key in columns, n) for n, one in enumerate(found, 1)]


def fields(columns: Iterable[Column]) -> tuple[str, ...]:
    """What a sheet of these columns has."""
    return tuple(name for key in columns for name in HEADINGS[key].fields)
