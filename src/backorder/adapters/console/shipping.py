"""Shipments as a page: what can leave, what a warehouse is to take from the shelves, and what left last."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple
from urllib.parse import urlencode

from backorder.adapters.console import plain as words
from backorder.queries.leaving import Leaving

PATH = "/console/shipments"
PICKS = "/console/shipments/pick-list"
# What a form was for, once it was done: of one, of several.
DONE = {
    "pick": ("1 order is picked.", "{} orders are picked."),
    "unpick": (
        "What was picked of 1 order is back on the shelf.",
        "What was picked of {} orders is back on the shelf.",
    ),
    "ship": ("1 order is shipped.", "{} orders are shipped."),
    "reverse": ("The shipment is taken back: its units can leave again.", ""),
    "deliver": ("The delivery is recorded.", ""),
}


class Row(NamedTuple):
    """An order that can ship, as the table has it: `take` is what its box says when it is ticked."""

    one: Leaving
    take: str
    when: str
    tone: str
    ticked: bool
    wrong: str


class Take(NamedTuple):
    """Units to take from a shelf."""

    site: str
    sku: str
    name: str | None
    units: int
    order: str
    line: str
    picked: bool


def row(one: Leaving, take: str, today: date, ticked: bool, wrong: str) -> Row:
    """An order that can ship, in words."""
    late = one.first is not None and one.first < today
    when = "no date" if one.first is None else words.weekday(one.first, today)
    return Row(one, take, when, "bad" if late or one.first is None else "", ticked, wrong)


def takes(found: Iterable[Leaving]) -> list[Take]:
    """What is to be taken from the shelves for some orders: by site and item, so that each shelf is gone to once."""
    listed = []
    for one in found:
        for each in one.lines:
            line, picked = each.line, each.line.picked
            for peg in line.pegs:
                if not peg.supply.startswith("stock/"):
                    continue
                done = min(picked, peg.quantity)
                picked -= done
                for units, there in ((peg.quantity - done, False), (done, True)):
                    if units:
                        listed.append(Take(peg.site, line.sku, each.item, units, one.order, line.line, there))
    return sorted(listed, key=lambda take: (take.site, take.sku, take.order, take.line, take.picked))


def picks(orders: Iterable[str]) -> str:
    """The address of the list of what is to be taken for some orders."""
    return f"{PICKS}?{urlencode([('order', one) for one in orders])}"


def lead(many: int) -> str:
    """How much can leave, in a sentence."""
    if not many:
        return "Nothing can leave now."
    return f"{words.count(many)} order{'' if many == 1 else 's'} can leave, the earliest promise first."


def done(word: str, many: str) -> str:
    """What was done, in a sentence; nothing where nothing was."""
    if word not in DONE:
        return ""
    single, several = DONE[word]
    return several.format(many) if several and many.isdecimal() and len(many) < 5 and many != "1" else single


def said(fields: Mapping[str, list[str]], name: str) -> str:
    """A field of a form, without blanks round it."""
    return fields.get(name, [""])[0].strip()
