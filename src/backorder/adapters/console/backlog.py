"""The backlog as a page: its views, its filters, its columns, and the addresses of each."""

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from backorder.kernel.phrases import Phrase, phrase
from backorder.queries.backlog import BacklogLine
from backorder.queries.export import safe
from backorder.queries.lines import Filters


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
COLUMNS = (
    ("order", "order", phrase("Order"), "c-order"),
    ("", "", phrase("Customer"), "c-who"),
    ("item", "item", phrase("Item"), "c-item"),
    ("units", "units", phrase("Units"), "num c-qty"),
    ("ordered", "ordered", phrase("Ordered"), "num c-ordered"),
    ("", "", phrase("First"), "num c-first"),
    ("promise", "promise", phrase("Promise"), "num c-now"),
    ("", "", phrase("Stands on"), "c-peg"),
)


class Asked(NamedTuple):
    """What of the backlog is asked for, as it stands in the address."""

    view: str
    fields: dict[str, str]
    sort: str
    down: bool

    def address(self, path: str = "/console/lines", **other: str | None) -> str:
        """The address of the same with something else."""
        said = {
            "view": self.view if self.view != "waiting" else None,
            **self.fields,
            "sort": self.sort if self.sort != "promise" else None,
            "down": "yes" if self.down else None,
            **other,
        }
        text = urlencode({name: value for name, value in said.items() if value})
        return f"{path}?{text}" if text else path

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


_SHEET = ("order", "line", "sku", "item", "customer", "customer_name", "channel", "state", "waiting", "allocated",
          "uncovered", "placed_at", "first_promise", "promise", "planned", "at_risk", "held", "supplies", "currency",
          "value")  # fmt: skip


def sheet(found: Sequence[BacklogLine]) -> bytes:
    """Lines as CSV that a spreadsheet opens without running anything."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(_SHEET)
    rows.writerows([safe(value) for value in _cells(one)] for one in found)
    return text.getvalue().encode()


def _cells(one: BacklogLine) -> list[object]:
    line = one.line
    supplies = " ".join(f"{peg.supply} x{peg.quantity}" for peg in line.pegs) or None
    days = [line.placed_at.isoformat(), line.first_promise, line.promise, line.planned]
    units = [line.waiting, line.allocated, line.uncovered]
    told = [line.order, line.line, line.sku, one.item, line.customer, one.customer_name, one.channel, line.state]
    return [*told, *units, *days, int(line.at_risk), int(line.held), supplies, one.currency, one.value]
