"""The backlog as a page: its views, its filters, its columns, and the addresses of each."""

import csv
import io
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode

from msgspec.structs import asdict

from backorder.adapters.console import columns
from backorder.kernel.phrases import Phrase, Said, phrase
from backorder.kernel.views import Column, Sort
from backorder.queries.backlog import BacklogLine
from backorder.queries.export import safe
from backorder.queries.lines import Filters
from backorder.queries.views import SavedView


class View(NamedTuple):
    """A way to look at the backlog: its name in the address, and what it is called."""

    name: str
    said: Phrase


VIEWS = (
    View("waiting", phrase("All waiting")),
    View("risk", phrase("At risk")),
    View("late", phrase("Late")),
    View("week", phrase("Due in a week")),
    View("uncovered", phrase("No supply")),
    View("ready", phrase("Ready to ship")),
    View("held", phrase("On hold")),
    View("all", phrase("All lines")),
)
FIELDS = (
    ("sku", phrase("SKU")),
    ("customer", phrase("Customer")),
    ("channel", phrase("Channel")),
    ("supply", phrase("Supply")),
)


class Asked(NamedTuple):
    """What of the backlog is asked for, as it stands in the address.

    `saved` is the view that it begins with, and `columns` are those that were chosen: none where they are the usual.
    """

    view: str
    fields: dict[str, str]
    sort: Sort
    down: bool
    saved: SavedView | None = None
    columns: tuple[Column, ...] = ()

    @classmethod
    def of(cls, one: SavedView) -> "Asked":
        """What a view asks for."""
        fields = {name: text for name, _ in FIELDS if (text := getattr(one, name)) is not None}
        return cls(one.show, fields, one.sort, one.down, one, tuple(one.columns or ()))

    def changed(self) -> bool:
        """Whether it is not what the view says that it begins with."""
        return self.saved is not None and self._replace(fields=self._narrow()) != Asked.of(self.saved)

    def _narrow(self) -> dict[str, str]:
        return {name: text for name, text in self.fields.items() if text}

    def address(self, path: str = "/console/lines", **other: str | None) -> str:
        """The address of the same with something else. That of a view as it was kept says no more than its id."""
        kept = self.saved
        said: dict[str, str | None] = {"saved": None if kept is None else kept.view}
        if kept is None or self.changed() or set(other) - {"after"}:
            said |= {
                "view": self.view if kept is not None or self.view != "waiting" else None,
                **self.fields,
                "sort": self.sort if self.sort != "promise" else None,
                "down": "yes" if self.down else None,
                "columns": columns.written(self.columns),
            }
        text = urlencode({name: value for name, value in (said | other).items() if value})
        return f"{path}?{text}" if text else path

    def tab(self, name: str) -> str:
        """The address of a view that there always is; filters stay, but for those of somebody's own view."""
        return Asked(name, self.fields if self.saved is None else {}, self.sort, self.down).address()

    def hidden(self) -> list[tuple[str, str]]:
        """What the form of the filters says besides them."""
        said = {
            "saved": "" if self.saved is None else self.saved.view,
            "view": self.view if self.saved is not None or self.view != "waiting" else "",
            "sort": self.sort if self.sort != "promise" else "",
            "columns": columns.written(self.columns),
        }
        return [(name, text) for name, text in said.items() if text]

    def content(self) -> dict[str, Any]:
        """What a view says that keeps this, in the words of its command."""
        fields = {name: self.fields.get(name) or None for name, _ in FIELDS}
        chosen = list(self.columns) or None
        return {"show": self.view, **fields, "sort": self.sort, "down": self.down, "columns": chosen}

    def column(self, by: str) -> str:
        """The address of the same in order of a column; the other way round where it is so already."""
        turned = "yes" if by == self.sort and not self.down else None
        return self.address(sort=by if by != "promise" else None, down=turned)

    def filters(self, due_by: int) -> Filters:
        """The same as the queries take it."""
        view = self.view
        return Filters(
            waiting=view == "waiting",
            at_risk=view == "risk",
            late=view == "late",
            uncovered=view == "uncovered",
            shippable=view == "ready",
            held=view == "held",
            due_by=due_by if view == "week" else None,
            sku=self.fields.get("sku"),
            customer=self.fields.get("customer"),
            channel=self.fields.get("channel"),
            supply=self.fields.get("supply"),
        )

    def _without(self, name: str) -> str:
        return self._replace(fields={**self.fields, name: ""}).address()

    def narrowed(self) -> list[tuple[Phrase, str, str]]:
        """The filters that narrow: what each is called, what it says, and the address without it."""
        named = dict(FIELDS)
        return [(named[name], value, self._without(name)) for name, value in self.fields.items() if value]


class Told(NamedTuple):
    """What came of a form: what is done, or what is wrong with it, which form that was and what was typed into it.

    `was` is a view as it was before, for a button that brings it back.
    """

    done: Phrase | Said | None = None
    wrong: Said | None = None
    word: str = ""
    typed: Mapping[str, str] = MappingProxyType({})
    was: str = ""


_SHEET = ("order", "line", "sku", "item", "customer", "customer_name", "channel", "state", "waiting", "allocated",
          "uncovered", "placed_at", "first_promise", "promise", "planned", "at_risk", "held", "supplies", "currency",
          "value")  # fmt: skip


def sheet(found: Sequence[BacklogLine], chosen: Sequence[Column] = ()) -> bytes:
    """Lines as CSV that a spreadsheet opens without running anything; of the columns that were chosen, if any were."""
    names = columns.fields(chosen) or _SHEET
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(names)
    for one in found:
        cells = _cells(one)
        rows.writerow([safe(cells[name]) for name in names])
    return text.getvalue().encode()


def _cells(one: BacklogLine) -> dict[str, object]:
    line = one.line
    supplies = " ".join(f"{peg.supply} x{peg.quantity}" for peg in line.pegs) or None
    named = {"item": one.item, "customer_name": one.customer_name, "channel": one.channel}
    told = {"supplies": supplies, "currency": one.currency, "value": one.value, "placed_at": line.placed_at.isoformat()}
    return {**asdict(line), **named, **told, "at_risk": int(line.at_risk), "held": int(line.held)}
