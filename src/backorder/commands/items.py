"""Items: what is sold, and how. A field left out keeps what it was; null leaves it to the category and the shop.

A change that promising depends on runs a live pass over the lines that wait for the item, in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from backorder.commands._batch import (
    Amount,
    Command,
    Currency,
    Days,
    Key,
    Note,
    Steps,
    UnitsOrNone,
    day_trouble,
    perform,
)
from backorder.commands._rows import given, merge
from backorder.kernel.columns import SitePolicy
from backorder.kernel.livepass import live_pass
from backorder.kernel.money import BadAmount, minor_units
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.policies import MATTERS, item_of
from backorder.kernel.promises import Why
from backorder.storage import book as books
from backorder.storage import items as storage
from backorder.storage.catalogue import TABLES, Rows, load_rows, save_rows
from backorder.storage.db import Database, Row, Tx
from backorder.storage.policies import load_levels

_COLUMNS = [column.name for column in TABLES["items"].c]
_NEW = {"substitutes": "[]"}


class AtSite(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What an item does differently at one site; null leaves it to the item."""

    safety_stock: UnitsOrNone | None = None
    backorder_cap: UnitsOrNone | None = None


class PutItem(Command, tag="put_item"):
    """Make an item or change its selling policy. What it leaves out it takes from its category, then from the shop.

    Where none of them says anything, items sell as backorder, covered by inbound supply, without safety stock.
    """

    sku: Key
    name: Note | None | UnsetType = UNSET
    selling: Literal["stock_only", "backorder", "preorder", "discontinued"] | None | UnsetType = UNSET
    coverage: Literal["inbound", "lead_time"] | None | UnsetType = UNSET
    backorder_cap: UnitsOrNone | None | UnsetType = UNSET
    per_customer_cap: UnitsOrNone | None | UnsetType = UNSET
    max_wait_days: Days | None | UnsetType = UNSET
    lead_time_days: Days | None | UnsetType = UNSET
    released_on: date | None | UnsetType = UNSET
    safety_stock: UnitsOrNone | None | UnsetType = UNSET
    price: Amount | None | UnsetType = UNSET
    cost: Amount | None | UnsetType = UNSET
    currency: Currency | None | UnsetType = UNSET
    supplier: Key | None | UnsetType = UNSET
    pack_size: UnitsOrNone | None | UnsetType = UNSET
    minimum_order: UnitsOrNone | None | UnsetType = UNSET
    category: Key | None | UnsetType = UNSET
    substitutes: list[Key] | UnsetType = UNSET
    sites: dict[Key, AtSite | None] | UnsetType = UNSET


@dataclass(slots=True)
class _Work:
    before: Rows
    rows: Rows
    suppliers: Rows
    levels: dict[str | None, Mapping[str, Any]]
    places_before: dict[tuple[str, str], Row] = field(default_factory=dict)
    places: dict[tuple[str, str], Row] = field(default_factory=dict)
    sites: Rows = field(default_factory=dict)
    loaded: books.Loaded | None = None


def put_items(db: Database, now: int, batch: Sequence[PutItem]) -> list[Outcome]:
    """Make or change items."""
    return perform(db, now, batch, Steps(_check_item, _load_items, _decide_item, _save))


def _check_item(command: PutItem) -> Outcome | None:
    released = command.released_on
    return day_trouble(command, released_on=None if isinstance(released, UnsetType) else released)


def _load_items(tx: Tx, batch: Sequence[PutItem]) -> _Work:
    rows = load_rows(tx, "items", [command.sku for command in batch])
    named = {command.supplier for command in batch if isinstance(command.supplier, str)}
    named |= {row["supplier"] for row in rows.values() if row["supplier"]}
    filed = {command.category for command in batch if isinstance(command.category, str)}
    filed |= {row["category"] for row in rows.values() if row["category"]}
    work = _Work(dict(rows), rows, load_rows(tx, "suppliers", named), load_levels(tx, filed))
    placed = [command.sku for command in batch if command.sites is not UNSET]
    if placed:
        work.places = storage.load_item_sites(tx, placed)
        work.places_before = dict(work.places)
        work.sites = load_rows(tx, "sites", {site for c in batch for site in _sites(c)})
    touched = [command.sku for command in batch if _touches(command, rows.get(command.sku))]
    if touched:
        work.loaded = books.load(tx, touched)
    return work


def _sites(command: PutItem) -> Mapping[str, AtSite | None]:
    return {} if isinstance(command.sites, UnsetType) else command.sites


def _touches(command: PutItem, old: dict[str, Any] | None) -> bool:
    """Whether the command changes something of an existing item that promises depend on."""
    if old is None:
        return False
    if _sites(command):
        return True
    return any(old[field] != value for field, value in given(command, "sites").items() if field in MATTERS)


def _decide_item(work: _Work, command: PutItem, now: int) -> Outcome:
    word, row = merge(work.rows.get(command.sku), _COLUMNS, _NEW, given(command, "price", "cost", "sites"))
    for name in ("price", "cost"):
        text = getattr(command, name)
        if text is UNSET:
            if row[name] is not None and row["currency"] != work.rows[command.sku]["currency"]:
                message = f"its {name} is in another currency: say it again with this one"
                return Outcome(Word.INVALID, subject=command.sku, field="currency", message=message)
            continue
        try:
            row[name] = _amount(text, row["currency"])
        except BadAmount as error:
            return Outcome(Word.INVALID, subject=command.sku, field=name, message=str(error))
    if row["supplier"] is not None and row["supplier"] not in work.suppliers:
        return refused(Word.UNKNOWN_SUPPLIER, command.sku, f"supplier {row['supplier']} is not known: put it first")
    for site in _sites(command):
        if site not in work.sites:
            return refused(Word.UNKNOWN_SITE, command.sku, f"site {site} is not known: put it first")
    if row["selling"] == "preorder" and row["released_on"] is None:
        message = "a preorder needs the day of its release"
        return Outcome(Word.INVALID, subject=command.sku, field="released_on", message=message)
    if word is Word.EXISTS and row != work.rows[command.sku]:
        word = Word.CHANGED
    work.rows[command.sku] = row
    if _place(work, command) and word is Word.EXISTS:
        word = Word.CHANGED
    if work.loaded is not None and command.sku in work.loaded.book.items:
        work.loaded.book.items[command.sku] = item_of(row, work.levels, work.suppliers.get(row["supplier"] or "", {}))
        _pass(work.loaded, command.sku, now)
    return Outcome(word, subject=command.sku)


def _place(work: _Work, command: PutItem) -> bool:
    """Set what the item does differently at sites; whether that changed anything."""
    before = dict(work.places)
    for site, told in _sites(command).items():
        key = command.sku, site
        if told is None or (told.safety_stock is None and told.backorder_cap is None):
            work.places.pop(key, None)
        else:
            work.places[key] = told.safety_stock, told.backorder_cap
        if work.loaded is not None and command.sku in work.loaded.book.items:
            there = work.places.get(key)
            work.loaded.book.site_policies[key] = SitePolicy(*(there or (None, None)))
    return work.places != before


def _amount(text: str | None, currency: str | None) -> int | None:
    if text is None:
        return None
    if currency is None:
        raise BadAmount("say in which currency")
    amount = minor_units(text, currency)
    if amount < 0:
        raise BadAmount("the amount is negative")
    return amount


def _pass(loaded: books.Loaded, sku: str, now: int) -> None:
    book = loaded.book
    book.set_clock(now)
    book.read_days(book.supplies.by_item.get(sku, ()))
    live_pass(book, [sku], Why("policy"))


def _save(tx: Tx, work: _Work) -> None:
    save_rows(tx, "items", work.before, work.rows)
    storage.save_item_sites(tx, work.places_before, work.places)
    if work.loaded is not None:
        books.save(tx, work.loaded)
