"""What would happen if: a supply slipped, was cancelled, came short, more came, an order left, a policy changed.

The lines are loaded without locks, from one state of the database; what happens is done to them by the functions that
the commands use, and nothing is written. So the answer is what would really happen now.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from backorder.kernel import whatif
from backorder.kernel.calendars import FIRST_DAY, LAST_DAY, day_date, day_number
from backorder.kernel.columns import Book
from backorder.kernel.fulfilment import can_cancel
from backorder.kernel.keys import Key
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.policies import MATTERS, item_of
from backorder.queries.touched import WhatIf, answer
from backorder.storage import book as books
from backorder.storage.catalogue import Rows, load_rows
from backorder.storage.db import Database, Tx
from backorder.storage.lines import Order, load_orders
from backorder.storage.policies import load_levels
from backorder.storage.supplies import Supply, load_known

Units = Annotated[int, Meta(ge=1, le=10**9)]
UnitsOrNone = Annotated[int, Meta(ge=0, le=10**9)]
Days = Annotated[int, Meta(ge=0, le=3_650)]
CHANGES_MAX = 100


class _If(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="if"):
    """Something that might happen."""


class SupplySlips(_If, tag="slip"):
    """A supply comes some calendar days later than it is planned for (less than none: earlier), or on another day."""

    supply: Key
    days: Annotated[int, Meta(ge=-3_650, le=3_650)] | None = None
    to: date | None = None


class SupplyCancelled(_If, tag="cancel_supply"):
    """Units of a supply do not come; without a quantity, all that is still to come."""

    supply: Key
    quantity: Units | None = None


class SupplyShort(_If, tag="short"):
    """A supply arrives now with so many units, and nothing more of it comes."""

    supply: Key
    quantity: UnitsOrNone


class MoreComes(_If, tag="more"):
    """So many more units of an item come, on a day, to a site; where there is but one site it need not be named."""

    sku: Key
    quantity: Units
    expected_on: date
    site: Key | None = None
    supply: Key = "what-if"


class OrderCancelled(_If, tag="cancel_order"):
    """An order is cancelled, or one line of it, or units of the line; without a quantity, all that can be."""

    order: Key
    line: Key | None = None
    quantity: Units | None = None


class PolicyChanges(_If, tag="policy"):
    """An item is sold otherwise. A field left out keeps what it is; null leaves it to the category and the shop."""

    sku: Key
    selling: Literal["stock_only", "backorder", "preorder", "discontinued"] | None | UnsetType = UNSET
    coverage: Literal["inbound", "lead_time"] | None | UnsetType = UNSET
    lead_time_days: Days | None | UnsetType = UNSET
    released_on: date | None | UnsetType = UNSET
    safety_stock: UnitsOrNone | None | UnsetType = UNSET
    backorder_cap: UnitsOrNone | None | UnsetType = UNSET
    per_customer_cap: UnitsOrNone | None | UnsetType = UNSET
    max_wait_days: Days | None | UnsetType = UNSET


If = SupplySlips | SupplyCancelled | SupplyShort | MoreComes | OrderCancelled | PolicyChanges


@dataclass(slots=True)
class _Shop:
    """What is loaded: the book, and what the changes name."""

    book: Book
    known: dict[str, Supply]
    orders: dict[str, Order]
    rows: Rows = field(default_factory=dict)
    levels: Mapping[str | None, Mapping[str, Any]] = field(default_factory=dict)
    suppliers: Rows = field(default_factory=dict)


def what_if(db: Database, now: int, changes: Sequence[If]) -> WhatIf | Outcome:
    """What the changes, one after another, would do now (microseconds) to whoever waits; nothing is written.

    An Outcome says which of them cannot be meant, by `field`. A fixed number of statements, however many lines wait.
    """
    with db.read() as tx:
        shop = _load(tx, changes)
        shop.book.set_clock(now)
        before = whatif.standings(shop.book)
        notes = []
        for n, change in enumerate(changes):
            refusal = _trouble(change) or _DO[type(change)](shop, change)
            if refusal is not None:
                if refusal.field is not None and len(changes) > 1:
                    refusal.field = f"[{n}].{refusal.field}"
                return refusal
            notes += _notes(shop, change)
        return answer(tx, shop.book, list(whatif.changes(shop.book, before)), notes)


def _load(tx: Tx, changes: Sequence[If]) -> _Shop:
    """The book of all items that the changes are about, with the orders that they name."""
    supplies = [
        change.supply
        for change in changes
        if isinstance(change, SupplySlips | SupplyCancelled | SupplyShort | MoreComes)
    ]
    named = sorted({change.order for change in changes if isinstance(change, OrderCancelled)})
    policies = [change.sku for change in changes if isinstance(change, PolicyChanges)]
    known = load_known(tx, supplies) if supplies else {}
    orders = load_orders(tx, named) if named else {}
    skus = {supply.sku for supply in known.values()} | {sku for order in orders.values() for sku in order.skus}
    skus |= {change.sku for change in changes if isinstance(change, MoreComes | PolicyChanges)}
    shop = _Shop(books.load(tx, skus, orders=named, lock=False).book, known, orders)
    if policies:
        shop.rows = load_rows(tx, "items", policies, lock=False)
        shop.levels = load_levels(tx, {row["category"] for row in shop.rows.values() if row["category"]})
        theirs = {row["supplier"] for row in shop.rows.values() if row["supplier"]}
        shop.suppliers = load_rows(tx, "suppliers", theirs, lock=False)
    return shop


def _trouble(change: If) -> Outcome | None:
    """What is wrong with a change by itself."""
    for name in ("to", "expected_on", "released_on"):
        day = getattr(change, name, None)
        if isinstance(day, date) and not FIRST_DAY <= day <= LAST_DAY:
            return _invalid(name, f"give a day between {FIRST_DAY} and {LAST_DAY}")
    if isinstance(change, SupplySlips):
        if (change.days is None) == (change.to is None):
            return _invalid("days", "say either by how many `days` it slips, or `to` which day")
        if change.days == 0:
            return _invalid("days", "0 days is no slip: say how many it comes later, or less than none for earlier")
    if isinstance(change, OrderCancelled) and change.quantity is not None and change.line is None:
        return _invalid("line", "say of which line so many units are cancelled")
    if isinstance(change, PolicyChanges) and not _given(change):
        return _invalid("sku", "say what is different: `lead_time_days`, `safety_stock`, `coverage` and so on")
    return None


def _invalid(name: str, message: str) -> Outcome:
    return Outcome(Word.INVALID, field=name, message=message)


def _given(change: PolicyChanges) -> dict[str, Any]:
    """What the change says, in the form of the tables."""
    told = {name: getattr(change, name) for name in change.__struct_fields__ if name != "sku"}
    return {
        name: day_number(value) if isinstance(value, date) else value
        for name, value in told.items()
        if value is not UNSET
    }


def _supply(shop: _Shop, name: str) -> int | Outcome:
    """The index of an inbound supply of which something is still to come; or the refusal."""
    if name not in shop.known:
        return refused(Word.UNKNOWN_SUPPLY, name, f"supply {name} is not known", field="supply")
    s = shop.book.supplies.index.get(name)
    if s is None or not shop.book.supplies.to_come(s):
        return refused(Word.NOT_ALLOWED, name, f"nothing of {name} is still to come", field="supply")
    return s


def _too_many(name: str, units: int, there: int, what: str) -> Outcome | None:
    if units <= there:
        return None
    return refused(Word.TOO_MANY, name, f"only {there} units {what}", quantity=there, field="quantity")


def _slip(shop: _Shop, change: SupplySlips) -> Outcome | None:
    s = _supply(shop, change.supply)
    if isinstance(s, Outcome):
        return s
    planned = shop.book.supplies.available_on[s]
    assert planned is not None
    day = day_number(change.to) if change.to is not None else planned + (change.days or 0)
    if not day_number(FIRST_DAY) <= day <= day_number(LAST_DAY):
        return _invalid("days", f"from {day_date(planned)} that leads beyond {FIRST_DAY} to {LAST_DAY}")
    whatif.move_supply(shop.book, s, day)
    return None


def _cancel_supply(shop: _Shop, change: SupplyCancelled) -> Outcome | None:
    s = _supply(shop, change.supply)
    if isinstance(s, Outcome):
        return s
    to_come = shop.book.supplies.to_come(s)
    trouble = _too_many(change.supply, change.quantity or 0, to_come, "are still to come")
    if trouble is None:
        whatif.lose_supply(shop.book, s, change.quantity or to_come)
    return trouble


def _short(shop: _Shop, change: SupplyShort) -> Outcome | None:
    s = _supply(shop, change.supply)
    if isinstance(s, Outcome):
        return s
    trouble = _too_many(change.supply, change.quantity, shop.book.supplies.to_come(s), "are still to come")
    if trouble is None:
        whatif.arrive_short(shop.book, s, change.quantity)
    return trouble


def _more(shop: _Shop, change: MoreComes) -> Outcome | None:
    book = shop.book
    if change.sku not in book.items:
        return refused(Word.UNKNOWN_ITEM, change.sku, f"item {change.sku} is not known", field="sku")
    site = change.site or next(iter(book.sites), None)
    if change.site is None and len(book.sites) != 1:
        return _invalid("site", f"say to which site: {', '.join(book.sites) or 'there is none'}")
    if site is None or site not in book.sites:
        return refused(Word.UNKNOWN_SITE, site, f"site {site} is not known", field="site")
    if change.supply in shop.known or change.supply in book.supplies.index:
        message = f"supply {change.supply} is there already: give what comes another id"
        return refused(Word.ID_REUSED, change.supply, message, field="supply")
    whatif.add_supply(book, change.supply, change.sku, site, change.quantity, day_number(change.expected_on))
    return None


def _cancel_order(shop: _Shop, change: OrderCancelled) -> Outcome | None:
    book = shop.book
    if change.order not in shop.orders:
        return refused(Word.UNKNOWN_ORDER, change.order, f"order {change.order} is not known", field="order")
    if change.line is not None:
        i = book.lines.index.get((change.order, change.line))
        if i is None:
            message = f"order {change.order} has no line {change.line}"
            return refused(Word.UNKNOWN_LINE, change.order, message, field="line")
        trouble = _too_many(change.order, change.quantity or 1, can_cancel(book, i), "of it can still be cancelled")
        if trouble is None:
            whatif.leave(book, i, change.quantity or can_cancel(book, i))
        return trouble
    there = [i for i in book.lines_of_order[change.order] if can_cancel(book, i)]
    if not there:
        message = "nothing of it can still be cancelled: what is left of it is picked or gone"
        return refused(Word.NOT_ALLOWED, change.order, message, field="order")
    for i in sorted(there, key=book.lines.position.__getitem__):
        whatif.leave(book, i, can_cancel(book, i))
    return None


def _policy(shop: _Shop, change: PolicyChanges) -> Outcome | None:
    row = shop.rows.get(change.sku)
    if row is None:
        return refused(Word.UNKNOWN_ITEM, change.sku, f"item {change.sku} is not known", field="sku")
    given = _given(change)
    after = shop.rows[change.sku] = {**row, **given}
    if after["selling"] == "preorder" and after["released_on"] is None:
        return _invalid("released_on", "a preorder needs the day of its release")
    item = item_of(after, shop.levels, shop.suppliers.get(after["supplier"] or "", {}))
    if any(row[name] != value for name, value in given.items() if name in MATTERS):
        whatif.sell_otherwise(shop.book, item)
    return None


_DO: dict[type, Callable[[_Shop, Any], Outcome | None]] = {
    SupplySlips: _slip,
    SupplyCancelled: _cancel_supply,
    SupplyShort: _short,
    MoreComes: _more,
    OrderCancelled: _cancel_order,
    PolicyChanges: _policy,
}


def _notes(shop: _Shop, change: If) -> list[str]:
    """What has to be said besides: caps touch nobody who waits, only who comes next."""
    if not isinstance(change, PolicyChanges):
        return []
    book, said = shop.book, []
    if isinstance(change.backorder_cap, int):
        waits = sum(book.lines.waiting[i] for i in book.lines_of_item.get(change.sku, ()))
        left = max(0, change.backorder_cap - waits)
        said.append(f"{waits:,} units of {change.sku} wait; with a cap of {change.backorder_cap:,}, {left:,} more may.")
    if not _given(change).keys() & MATTERS:
        said.append("Caps hold when orders are accepted: nobody who waits already is touched.")
    return said
