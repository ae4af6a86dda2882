"""The backlog as a page: its views, its filters, its columns, and the addresses of each."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode

from msgspec.structs import asdict

from backorder.adapters.console import columns, sheets, words
from backorder.adapters.console.filters import Filter
from backorder.adapters.console.undoing import Undo
from backorder.kernel.calendars import day_number
from backorder.kernel.phrases import Phrase, Said, phrase
from backorder.kernel.views import Column, Sort
from backorder.queries.backlog import BacklogLine
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
# What lines are narrowed by: the name in the address, what the filter is called, and what is written into it.
FIELDS = (
    ("sku", phrase("Item"), phrase("SKU")),
    ("customer", phrase("Customer"), phrase("Id of the customer")),
    ("channel", phrase("Channel"), phrase("Channel")),
    ("supply", phrase("Supply"), phrase("Supply")),
)
_WITHOUT_DAYS = {"all"}  # no index has closed lines by their promise
_PROMISE, _BETWEEN = phrase("Promise"), phrase("{since} to {until}")
_SINCE, _UNTIL = phrase("from {since}"), phrase("until {until}")


class Days(NamedTuple):
    """Days that promises are wanted of, the first and the last among them; None where it is open to that side."""

    since: date | None = None
    until: date | None = None

    def said(self, today: date) -> Said:
        """The same in words."""
        values = {"since": words.day(self.since, today), "until": words.day(self.until, today)}
        return Said(_UNTIL if self.since is None else _SINCE if self.until is None else _BETWEEN, values)

    def written(self) -> dict[str, str | None]:
        """The same as it stands in an address."""
        return {name: None if day is None else day.isoformat() for name, day in self._asdict().items()}


class Asked(NamedTuple):
    """What of the backlog is asked for, as it stands in the address.

    `saved` is the view that it begins with, and `columns` are those that were chosen: none where they are the usual.
    `days` are of the promise: no view keeps them, for they pass.
    """

    view: str
    fields: dict[str, str]
    sort: Sort
    down: bool
    saved: SavedView | None = None
    columns: tuple[Column, ...] = ()
    days: Days = Days()

    @classmethod
    def of(cls, one: SavedView) -> "Asked":
        """What a view asks for."""
        fields = {name: text for name, _, _ in FIELDS if (text := getattr(one, name)) is not None}
        return cls(one.show, fields, one.sort, one.down, one, tuple(one.columns or ()))

    def changed(self) -> bool:
        """Whether it is not what the view says that it begins with."""
        return self.saved is not None and self._replace(fields=self._narrow(), days=Days()) != Asked.of(self.saved)

    def _narrow(self) -> dict[str, str]:
        return {name: text for name, text in self.fields.items() if text}

    def address(self, path: str = "/console/lines", **other: str | None) -> str:
        """The address of the same with something else. That of a view as it was kept says no more than its id."""
        kept = self.saved
        said: dict[str, str | None] = {"saved": None if kept is None else kept.view, **self.days.written()}
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
        asked = Asked(name, self.fields if self.saved is None else {}, self.sort, self.down)
        return asked.within(self.days).address()

    def within(self, days: Days) -> "Asked":
        """The same of days, in a view that can be narrowed to them."""
        return self._replace(days=Days() if self.view in _WITHOUT_DAYS else days)

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
        fields = {name: self.fields.get(name) or None for name, _, _ in FIELDS}
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
            since=None if self.days.since is None else day_number(self.days.since),
            until=None if self.days.until is None else day_number(self.days.until),
            sku=self.fields.get("sku"),
            customer=self.fields.get("customer"),
            channel=self.fields.get("channel"),
            supply=self.fields.get("supply"),
        )

    def _without(self, name: str) -> str:
        return self._replace(fields={**self.fields, name: ""}).address()

    def narrowed(self) -> bool:
        """Whether a filter narrows it."""
        return bool(self._narrow()) or any(self.days)

    def narrowing(self, channels: Sequence[str], today: date) -> Iterator[Filter]:
        """Its filters; `channels` are those that can be chosen, if they are few."""
        for name, called, label in FIELDS:
            text = self.fields.get(name, "")
            choices = sorted({*channels, text} - {""}) if name == "channel" and channels else ()
            yield Filter(name, called, label, text, text or None, self._without(name), choices)
        if self.view not in _WITHOUT_DAYS:
            says = self.days.said(today) if any(self.days) else None
            yield Filter("promise", _PROMISE, _PROMISE, "", says, self._replace(days=Days()).address())


class Told(NamedTuple):
    """What came of a form: what is done, or what is wrong with it, which form that was and what was typed into it.

    `undo` brings a view back as it was.
    """

    done: Phrase | Said | None = None
    wrong: Said | None = None
    word: str = ""
    typed: Mapping[str, str] = MappingProxyType({})
    undo: Undo | None = None


_SHEET = ("order", "line", "sku", "item", "customer", "customer_name", "tier", "channel", "goes_to", "state", "waiting",
          "allocated", "uncovered", "placed_at", "first_promise", "promise", "planned", "at_risk", "held", "supplies",
          "currency", "value")  # fmt: skip


def sheet(found: Sequence[BacklogLine], chosen: Sequence[Column] = ()) -> bytes:
    """Lines as a sheet; of the columns that were chosen, if any were."""
    return sheets.sheet(columns.fields(chosen) or _SHEET, map(_cells, found))


def _cells(one: BacklogLine) -> dict[str, object]:
    line = one.line
    supplies = " ".join(f"{peg.supply} x{peg.quantity}" for peg in line.pegs) or None
    named = {name: getattr(one, name) for name in ("item", "customer_name", "tier", "channel", "goes_to")}
    told = {"supplies": supplies, "currency": one.currency, "value": one.value, "placed_at": line.placed_at.isoformat()}
    return {**asdict(line), **named, **told, "at_risk": int(line.at_risk), "held": int(line.held)}
