"""The lists of supplies and items as pages: their views, filters and columns, and the address of each."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from msgspec.structs import asdict

from backorder.adapters.console.filters import Filter
from backorder.adapters.console.sheets import sheet
from backorder.kernel.phrases import Phrase, phrase
from backorder.queries.goods_lists import ListedItem, ListedSupply, Sort

SUPPLIES, ITEMS = "/console/supplies", "/console/items"


class Heading(NamedTuple):
    """A column: what it is called, its class, what sorts by it, and whether the most of it comes first."""

    said: Phrase
    kind: str = ""
    by: str = ""
    most_first: bool = False


class View(NamedTuple):
    """A way to look at a list: its name in the address, what it is called, and its usual order."""

    name: str
    said: Phrase
    sort: Sort


class Goods(NamedTuple):
    """A list of goods. The first view is shown where none is asked for."""

    path: str
    views: tuple[View, ...]
    fields: tuple[tuple[str, Phrase], ...]
    columns: tuple[Heading, ...]


_BY_DAY = Sort("expected")
OF_SUPPLIES = Goods(
    SUPPLIES,
    (
        View("coming", phrase("To come"), _BY_DAY),
        View("overdue", phrase("Overdue"), _BY_DAY),
        View("week", phrase("Arriving in a week"), _BY_DAY),
        View("unconfirmed", phrase("Not confirmed"), _BY_DAY),
        View("done", phrase("Received or cancelled"), Sort("expected", down=True)),
    ),
    (
        ("sku", phrase("SKU")),
        ("supplier", phrase("Supplier")),
        ("site", phrase("Site")),
        ("document", phrase("Document")),
    ),
    (
        Heading(phrase("Supply"), "", "supply"),
        Heading(phrase("Item"), "", "item"),
        Heading(phrase("From")),
        Heading(phrase("Expected"), "num", "expected"),
        Heading(phrase("State")),
        Heading(phrase("To come"), "num", "units", most_first=True),
        Heading(phrase("Free"), "num", "free", most_first=True),
        Heading(phrase("Who waits"), "num"),
    ),
)
OF_ITEMS = Goods(
    ITEMS,
    (
        View("waiting", phrase("Waited for"), Sort("waiting", down=True)),
        View("uncovered", phrase("No supply"), Sort("uncovered", down=True)),
        View("all", phrase("All items"), Sort("item")),
    ),
    (("category", phrase("Category")), ("supplier", phrase("Supplier"))),
    (
        Heading(phrase("Item"), "", "item"),
        Heading(phrase("Waiting"), "num", "waiting", most_first=True),
        Heading(phrase("No supply"), "num", "uncovered", most_first=True),
        Heading(phrase("On hand"), "num"),
        Heading(phrase("Free"), "num", "free", most_first=True),
        Heading(phrase("On its way"), "num"),
        Heading(phrase("Next"), "num", "coming"),
        Heading(phrase("Selling")),
    ),
)


class Asked(NamedTuple):
    """What of a list is asked for, as it stands in the address: without a sort it comes in its view's usual order."""

    goods: Goods
    view: str
    fields: dict[str, str]
    by: str = ""
    down: bool = False

    def sort(self) -> Sort:
        """The order that it comes in."""
        return Sort(self.by, self.down) if self.by else self._view().sort

    def _view(self) -> View:
        return next(one for one in self.goods.views if one.name == self.view)

    def address(self, path: str = "", **other: str) -> str:
        """The address of the same with something else; what is empty or usual is left out."""
        usual = self.goods.views[0].name
        said = {"view": self.view, **self.fields, "sort": self.by, "down": "yes" if self.down else ""} | other
        text = urlencode({k: value for k, value in said.items() if value and (k, value) != ("view", usual)})
        path = path or self.goods.path
        return f"{path}?{text}" if text else path

    def tab(self, name: str) -> str:
        """The address of another view, narrowed as this one."""
        return Asked(self.goods, name, self.fields).address()

    def column(self, one: Heading, now: Sort) -> str:
        """The address of the same in order of a column; the other way round where it is so `now`."""
        down = not now.down if one.by == now.by else one.most_first
        return self.address(sort=one.by, down="yes" if down else "")

    def hidden(self) -> list[tuple[str, str]]:
        """What the form of the filters says besides them."""
        usual = self.goods.views[0].name
        return [("view", self.view)] if self.view != usual else []

    def narrowing(self) -> list[Filter]:
        """The filters that there are, each with what it says."""
        return [
            Filter(name, said, said, text := self.fields.get(name, ""), text or None, self.address(**{name: ""}))
            for name, said in self.goods.fields
        ]

    def narrowed(self) -> bool:
        """Whether a filter narrows."""
        return any(self.fields.values())


_SUPPLY_SHEET = ("supply", "kind", "document", "sku", "item", "supplier", "site", "expected_on", "available_on",
                 "confirmed", "state", "quantity", "received", "cancelled", "pegged", "free", "lines")  # fmt: skip


def supplies_sheet(found: Sequence[ListedSupply], *, lines: bool) -> bytes:
    """Supplies as CSV that a spreadsheet opens without running anything; `lines`: with how many wait on each."""
    names = _SUPPLY_SHEET if lines else _SUPPLY_SHEET[:-1]
    return sheet(names, [asdict(one.supply) | asdict(one) | {"supply": one.supply.supply} for one in found])


def items_sheet(found: Sequence[ListedItem]) -> bytes:
    """Items as CSV that a spreadsheet opens without running anything."""
    return sheet(ListedItem.__struct_fields__, [asdict(one) for one in found])
