"""Sites, suppliers and customers. A field left out keeps what it was; null clears it.

A change that promising depends on runs a live pass over the lines that wait, in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from backorder.commands._batch import (
    Command,
    Days,
    Key,
    Note,
    Priority,
    Steps,
    invalid,
    perform,
    perform_each,
    place_trouble,
    zone_trouble,
)
from backorder.commands._rows import given, merge
from backorder.kernel.calendars import holiday_days
from backorder.kernel.cases import Said
from backorder.kernel.keys import END
from backorder.kernel.livepass import live_pass
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.promises import Why
from backorder.storage import book as books
from backorder.storage import catalogue as storage
from backorder.storage.cases import troubled
from backorder.storage.db import Database, Tx
from backorder.storage.status import revoke_of

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WorkingDays = Annotated[list[Weekday], Meta(min_length=1, max_length=7)]
HolidayCode = Annotated[str, Meta(pattern="^([A-Z]{2}(-[A-Z0-9]{1,4})?)?" + END)]


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


_WEEK = "mon,tue,wed,thu,fri"
_NEW: dict[str, dict[str, Any]] = {
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
_SUPPLIER_MATTERS = {"lead_time_days", "working_days", "holidays"}
_SITE_MATTERS = {"zone", "handling_days", "working_days", "holidays", "serves"}


@dataclass(slots=True)
class _Work:
    name: str
    before: storage.Rows
    rows: storage.Rows
    people_before: storage.Rows = field(default_factory=dict)
    people: storage.Rows = field(default_factory=dict)
    loaded: books.Loaded | None = None
    now: int = 0


def put_suppliers(db: Database, now: int, batch: Sequence[PutSupplier]) -> list[Outcome]:
    """Make or change suppliers."""
    return perform(db, now, batch, Steps(_check_calendar, _load_suppliers, _decide_supplier, _save))


def put_customers(db: Database, now: int, batch: Sequence[PutCustomer]) -> list[Outcome]:
    """Make or change customers; name and address are kept apart from the rest."""
    return perform(db, now, batch, Steps(_check_place, _load_customers, _decide_customer, _save))


def put_sites(db: Database, now: int, batch: Sequence[PutSite]) -> list[Outcome]:
    """Make or change sites, each in its own transaction: a new calendar can touch every line that waits."""
    steps = Steps(_check_site, _load_sites, _decide_site, _save)
    return perform_each(db, now, batch, steps)


def _check_calendar(command: PutSite | PutSupplier) -> Outcome | None:
    if command.holidays:
        try:
            holiday_days(command.holidays)
        except ValueError as error:
            return invalid(command, "holidays", str(error))
    return None


def _check_site(command: PutSite) -> Outcome | None:
    return _check_place(command) or _check_calendar(command)


def _check_place(command: PutSite | PutCustomer) -> Outcome | None:
    trouble = None if isinstance(command.zone, UnsetType) else zone_trouble(command, "zone", command.zone)
    return trouble or place_trouble(command, "", command.country, getattr(command, "region", None))


def _merge(work: _Work, key: str, fields: dict[str, Any]) -> tuple[Word, dict[str, Any]]:
    columns = [column.name for column in storage.TABLES[work.name].c]
    return merge(work.rows.get(key), columns, _NEW[work.name], fields)


def _pass(loaded: books.Loaded, skus: Sequence[str], now: int) -> None:
    book = loaded.book
    book.set_clock(now)
    book.read_days(s for sku in skus for s in book.supplies.by_item.get(sku, ()))
    live_pass(book, skus, Why("policy"))


def _load_suppliers(tx: Tx, batch: Sequence[PutSupplier]) -> _Work:
    rows = storage.load_rows(tx, "suppliers", [command.supplier for command in batch])
    work = _Work("suppliers", dict(rows), rows)
    skus = storage.supplied_skus(tx, [c.supplier for c in batch if _touches(c, rows.get(c.supplier))])
    if skus:
        work.loaded = books.load(tx, skus)
    return work


def _touches(command: PutSupplier, old: dict[str, Any] | None) -> bool:
    """Whether the command changes something of an existing supplier that promises depend on."""
    changes = given(command).items()
    return old is not None and any(old[field] != value for field, value in changes if field in _SUPPLIER_MATTERS)


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


def _decide_customer(work: _Work, command: PutCustomer, now: int) -> Outcome:
    work.now = now
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
    _reach(tx, work)
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


def _reach(tx: Tx, work: _Work) -> None:
    """Customers with another address than before: what could not be sent to them can go now."""
    before = work.people_before
    changed = [name for name, row in work.people.items() if row["email"] != before.get(name, {}).get("email")]
    elsewhere = [name for name in changed if before.get(name, {}).get("email") is not None]
    if elsewhere:  # what was sent there may be read by somebody else
        revoke_of(tx, elsewhere, work.now)
    for order in troubled(tx, changed) if changed else ():
        tx.touched.setdefault(order, []).append(Said("readdressed"))
