"""Shipments as a page: what can leave, what a warehouse is to take from the shelves, and what left last."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple
from urllib.parse import urlencode

from backorder.adapters.console import words
from backorder.kernel.phrases import Said, Value, phrase, phrases
from backorder.queries.leaving import Leaving

PATH = "/console/shipments"
PICKS = "/console/shipments/pick-list"
# What a form was for, once it was done.
DONE = {
    "pick": phrases("{count} order is picked.", "{count} orders are picked."),
    "unpick": phrases(
        "What was picked of {count} order is back on the shelf.",
        "What was picked of {count} orders is back on the shelf.",
    ),
    "ship": phrases("{count} order is shipped.", "{count} orders are shipped."),
    "reverse": phrase("The shipment is taken back: its units can leave again."),
    "deliver": phrase("The delivery is recorded."),
}
# What a form cannot be about.
NOTHING = {
    "pick": Said(phrase("All of it is picked already.")),
    "unpick": Said(phrase("None of it is picked.")),
    "ship": Said(phrase("Say how many units.")),
}
_NONE_LEAVES = phrase("Nothing can leave now.")
_LEAVE = phrases(
    "{orders} order can leave, the earliest promise first.", "{orders} orders can leave, the earliest promise first."
)


class Row(NamedTuple):
    """An order that can ship, as the table has it: `take` is what its box says when it is ticked."""

    one: Leaving
    take: str
    when: Value
    tone: str
    ticked: bool
    wrong: Said | None


class Take(NamedTuple):
    """Units to take from a shelf."""

    site: str
    sku: str
    name: str | None
    units: int
    order: str
    line: str
    picked: bool


def row(one: Leaving, take: str, today: date, ticked: bool, wrong: Said | None) -> Row:
    """An order that can ship, in words."""
    late = one.first is not None and one.first < today
    return Row(one, take, words.weekday(one.first, today), "bad" if late or one.first is None else "", ticked, wrong)


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


def leaving(orders: Iterable[str]) -> str:
    """The address of what can leave of some orders."""
    return f"{PATH}?{urlencode([('these', one) for one in orders])}"


def lead(many: int) -> Said:
    """How much can leave, in a sentence."""
    return Said(_LEAVE, {"count": many, "orders": words.count(many)}) if many else Said(_NONE_LEAVES)


def done(word: str, many: str) -> Said | None:
    """What was done, in a sentence; None where nothing was."""
    if word not in DONE:
        return None
    return Said(DONE[word], {"count": int(many) if many.isascii() and many.isdecimal() and len(many) < 5 else 1})


def said(fields: Mapping[str, list[str]], name: str) -> str:
    """A field of a form, without blanks round it."""
    return fields.get(name, [""])[0].strip()
