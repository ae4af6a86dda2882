"""Items, sites, suppliers and customers. A field left out keeps what it was; null clears it.

A change that promising depends on runs a live pass over the lines that wait, in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from msgspec import UNSET, Meta, Struct, UnsetType

from backorder.commands._batch import (
    Amount,
    Command,
    Currency,
    Days,
    Key,
    Note,
    Priority,
    Steps,
    UnitsOrNone,
    day_trouble,
    invalid,
    perform,
)
from backorder.commands._rows import given, merge
from backorder.kernel.calendars import holiday_days
from backorder.kernel.columns import Item, SitePolicy
from backorder.kernel.livepass import live_pass
from backorder.kernel.money import BadAmount, minor_units
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.policies import LEVELLED, resolve
from backorder.kernel.promises import Why
from backorder.storage import book as books
from backorder.storage import catalogue as storage
from backorder.storage import policies
from backorder.storage.db import Database, Row, Tx

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WorkingDays = Annotated[list[Weekday], Meta(min_length=1, max_length=7)]
HolidayCode = Annotated[str, Meta(pattern="^([A-Z]{2}(-[A-Z0-9]{1,4})?)?$")]


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


class PutSite(Command, tag="put_site"):
    """Make a site or change it. New sites are in UTC and work Monday to Friday without handling time."""

    site: Key
    name: Note | None | UnsetType = UNSET
    zone: Key | UnsetType = UNSET
    country: Key | None | UnsetType = UNSET
    region: Key | None | UnsetType = UNSET
    handling_days: Annotated[int, Meta(ge=0, le=365)] | UnsetType = UNSET
    working_days: WorkingDays | UnsetType = UNSET
    holidays: HolidayCode | UnsetType = UNSET
    serves: list[Key] | UnsetType = UNSET
    transit_days: dict[Key, Days] | UnsetType = UNSET


class PutSupplier(Command, tag="put_supplier"):
    """Make a supplier or change it. New suppliers work Monday to Friday and have no lead time."""

    supplier: Key
    name: Note | None | UnsetType = UNSET
    lead_time_days: Days | None | UnsetType = UNSET
    working_days: WorkingDays | UnsetType = UNSET
    holidays: HolidayCode | UnsetType = UNSET


class PutCustomer(Command, tag="put_customer"):
    """Make a customer or change it. New customers are consumers of priority 0."""

    customer: Key
    kind: Literal["consumer", "business"] | UnsetType = UNSET
    name: Note | None | UnsetType = UNSET
    email: Note | None | UnsetType = UNSET
    tier: Key | None | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    language: Key | None | UnsetType = UNSET
    country: Key | None | UnsetType = UNSET
    region: Key | None | UnsetType = UNSET
    zone: Key | None | UnsetType = UNSET
    notify: Key | None | UnsetType = UNSET
    tags: list[Note] | UnsetType = UNSET


Levels = dict[str | None, Mapping[str, Any]]

_WEEK = "mon,tue,wed,thu,fri"
_NEW: dict[str, dict[str, Any]] = {
    "items": {"substitutes": "[]"},
    "sites": {
        "zone": "UTC",
        "handling_days": 0,
        "working_days": _WEEK,
        "holidays": "",
        "serves": "[]",
        "transit_days": "{}",
    },
    "suppliers": {"working_days": _WEEK, "holidays": ""},
    "customers": {"kind": "consumer", "priority": 0, "tags": "[]"},
}

# The fields on which promises depend: a change in one of them runs a live pass.
_MATTERS = {
    "items": {
        "selling",
        "coverage",
        "lead_time_days",
        "released_on",
        "safety_stock",
        "supplier",
        "category",
    },
    "suppliers": {"lead_time_days", "working_days", "holidays"},
}
_SITE_MATTERS = {"zone", "handling_days", "working_days", "holidays", "serves"}


@dataclass(slots=True)
class _Work:
    name: str
    before: storage.Rows
    rows: storage.Rows
    suppliers: storage.Rows = field(default_factory=dict)
    levels: Levels = field(default_factory=dict)
    places_before: dict[tuple[str, str], Row] = field(default_factory=dict)
    places: dict[tuple[str, str], Row] = field(default_factory=dict)
    sites: storage.Rows = field(default_factory=dict)
    people_before: storage.Rows = field(default_factory=dict)
    people: storage.Rows = field(default_factory=dict)
    loaded: books.Loaded | None = None
    now: int = 0


def put_items(db: Database, now: int, batch: Sequence[PutItem]) -> list[Outcome]:
    """Make or change items."""
    return perform(db, now, batch, Steps(_check_item, _load_items, _decide_item, _save))


def put_suppliers(db: Database, now: int, batch: Sequence[PutSupplier]) -> list[Outcome]:
    """Make or change suppliers."""
    return perform(db, now, batch, Steps(_check_calendar, _load_suppliers, _decide_supplier, _save))


def put_customers(db: Database, now: int, batch: Sequence[PutCustomer]) -> list[Outcome]:
    """Make or change customers; name and address are kept apart from the rest."""
    return perform(db, now, batch, Steps(lambda _: None, _load_customers, _decide_customer, _save))


def put_sites(db: Database, now: int, batch: Sequence[PutSite]) -> list[Outcome]:
    """Make or change sites, each in its own transaction: a new calendar can touch every line that waits."""
    steps = Steps(_check_site, _load_sites, _decide_site, _save)
    return [outcome for command in batch for outcome in perform(db, now, [command], steps)]


def _check_item(command: PutItem) -> Outcome | None:
    released = command.released_on
    return day_trouble(command, released_on=None if isinstance(released, UnsetType) else released)


def _check_calendar(command: PutSite | PutSupplier) -> Outcome | None:
    if command.holidays:
        try:
            holiday_days(command.holidays)
        except ValueError as error:
            return invalid(command, "holidays", str(error))
    return None


def _check_site(command: PutSite) -> Outcome | None:
    if not isinstance(command.zone, UnsetType):
        try:
            ZoneInfo(command.zone)
        except (ValueError, OSError, KeyError):
            return invalid(command, "zone", f"{command.zone} is no time zone: name one such as Europe/London")
    return _check_calendar(command)


def _merge(work: _Work, key: str, fields: dict[str, Any]) -> tuple[Word, dict[str, Any]]:
    columns = [column.name for column in storage.TABLES[work.name].c]
    return merge(work.rows.get(key), columns, _NEW[work.name], fields)


def _load_items(tx: Tx, batch: Sequence[PutItem]) -> _Work:
    rows = storage.load_rows(tx, "items", [command.sku for command in batch])
    named = {command.supplier for command in batch if isinstance(command.supplier, str)}
    named |= {row["supplier"] for row in rows.values() if row["supplier"]}
    work = _Work("items", dict(rows), rows, storage.load_rows(tx, "suppliers", named))
    filed = {command.category for command in batch if isinstance(command.category, str)}
    work.levels = policies.load_levels(tx, filed | {row["category"] for row in rows.values() if row["category"]})
    placed = [command.sku for command in batch if command.sites is not UNSET]
    if placed:
        work.places = policies.load_item_sites(tx, placed)
        work.places_before = dict(work.places)
        work.sites = storage.load_rows(tx, "sites", {site for c in batch for site in _sites(c)})
    _load_pass(tx, work, [command.sku for command in batch if _touches(command, rows.get(command.sku), "items")])
    return work


def _sites(command: PutItem) -> Mapping[str, AtSite | None]:
    return {} if isinstance(command.sites, UnsetType) else command.sites


def _touches(command: Command, old: dict[str, Any] | None, name: str) -> bool:
    """Whether the command changes something of an existing row that promises depend on."""
    if old is None:
        return False
    if isinstance(command, PutItem) and _sites(command):
        return True
    matters = _MATTERS[name]
    return any(old[field] != value for field, value in given(command).items() if field in matters)


def _load_pass(tx: Tx, work: _Work, skus: Sequence[str]) -> None:
    if skus:
        work.loaded = books.load(tx, skus)


def _decide_item(work: _Work, command: PutItem, now: int) -> Outcome:
    word, row = _merge(work, command.sku, given(command, "price", "cost", "sites"))
    for name in ("price", "cost"):
        text = getattr(command, name)
        if text is UNSET:
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
        work.loaded.book.items[command.sku] = _policy(row, work)
        _pass(work.loaded, [command.sku], now)
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


def _policy(row: dict[str, Any], work: _Work) -> Item:
    """The policy as it holds for the item, with what its levels and its supplier say."""
    levels = [("item", row), ("category", work.levels.get(row["category"], {})), ("shop", work.levels[None])]
    whole = {**row, **{name: resolve(name, levels if row["category"] else levels[::2]).value for name in LEVELLED}}
    supplier = work.suppliers.get(row["supplier"] or "", {})
    theirs = (supplier.get(name) for name in ("lead_time_days", "working_days", "holidays"))
    return Item._make((*(whole[name] for name in Item._fields[:10]), *theirs))


def _pass(loaded: books.Loaded, skus: Sequence[str], now: int) -> None:
    book = loaded.book
    book.set_clock(now)
    book.read_days(s for sku in skus for s in book.supplies.by_item.get(sku, ()))
    live_pass(book, skus, Why("policy"))


def _load_suppliers(tx: Tx, batch: Sequence[PutSupplier]) -> _Work:
    rows = storage.load_rows(tx, "suppliers", [command.supplier for command in batch])
    work = _Work("suppliers", dict(rows), rows)
    changed = [c.supplier for c in batch if _touches(c, rows.get(c.supplier), "suppliers")]
    if changed:
        _load_pass(tx, work, storage.supplied_skus(tx, changed))
    return work


def _decide_supplier(work: _Work, command: PutSupplier, now: int) -> Outcome:
    word, row = _merge(work, command.supplier, given(command))
    work.rows[command.supplier] = row
    if work.loaded is not None and word is Word.CHANGED:
        book = work.loaded.book
        mine = [sku for sku, item in book.items.items() if item.supplier == command.supplier]
        for sku in mine:
            book.items[sku] = book.items[sku]._replace(
                supplier_lead_time=row["lead_time_days"],
                supplier_working_days=row["working_days"],
                supplier_holidays=row["holidays"],
            )
        _pass(work.loaded, mine, now)
    return Outcome(word, subject=command.supplier)


def _load_customers(tx: Tx, batch: Sequence[PutCustomer]) -> _Work:
    keys = [command.customer for command in batch]
    rows = storage.load_rows(tx, "customers", keys)
    people = storage.load_people(tx, keys)
    return _Work("customers", dict(rows), rows, people_before=dict(people), people=people)


def _decide_customer(work: _Work, command: PutCustomer, _now: int) -> Outcome:
    word, row = _merge(work, command.customer, given(command, "name", "email"))
    work.rows[command.customer] = row
    person = work.people.get(command.customer, {"name": None, "email": None})
    personal = {k: getattr(command, k) for k in ("name", "email") if getattr(command, k) is not UNSET}
    if {**person, **personal} != person:
        work.people[command.customer] = {**person, **personal}
        word = Word.CHANGED if word is Word.EXISTS else word
    return Outcome(word, subject=command.customer)


def _load_sites(tx: Tx, batch: Sequence[PutSite]) -> _Work:
    rows = storage.load_rows(tx, "sites", [command.site for command in batch])
    return _Work("sites", dict(rows), rows)


def _decide_site(work: _Work, command: PutSite, now: int) -> Outcome:
    word, row = _merge(work, command.site, given(command))
    work.rows[command.site] = row
    work.now = now
    return Outcome(word, subject=command.site)


def _save(tx: Tx, work: _Work) -> None:
    storage.save_rows(tx, work.name, work.before, work.rows)
    storage.save_people(tx, work.people_before, work.people)
    policies.save_item_sites(tx, work.places_before, work.places)
    if work.name == "sites":
        _pass_over_all(tx, work)
    if work.loaded is not None:
        books.save(tx, work.loaded)


def _pass_over_all(tx: Tx, work: _Work) -> None:
    """A site's calendar or reach changed: every line that waits takes part in a pass, on the rows as saved."""
    for site, row in work.rows.items():
        old = work.before.get(site)
        if old is not None and all(old[name] == row[name] for name in _SITE_MATTERS):
            continue
        skus = storage.waiting_skus(tx)
        if skus:
            work.loaded = books.load(tx, skus)
            work.loaded.book.set_clock(work.now)
            live_pass(work.loaded.book, skus, Why("calendar"))
