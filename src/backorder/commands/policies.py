"""Selling policy above the items: what the shop says for all of them, and a category for its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from backorder.commands._batch import Command, Days, Key, Steps, UnitsOrNone, perform_each
from backorder.commands._rows import given, merge
from backorder.kernel.livepass import live_pass
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.policies import LEVELLED
from backorder.kernel.promises import Why
from backorder.storage import book as books
from backorder.storage import catalogue, policies
from backorder.storage.db import Database, Tx

_CAP_FREE = {"backorder_cap", "per_customer_cap", "max_wait_days"}  # they bind at acceptance only


class _Policy(Command, kw_only=True):
    selling: Literal["stock_only", "backorder"] | None | UnsetType = UNSET
    coverage: Literal["inbound", "lead_time"] | None | UnsetType = UNSET
    backorder_cap: UnitsOrNone | None | UnsetType = UNSET
    per_customer_cap: UnitsOrNone | None | UnsetType = UNSET
    max_wait_days: Days | None | UnsetType = UNSET
    lead_time_days: Days | None | UnsetType = UNSET
    safety_stock: UnitsOrNone | None | UnsetType = UNSET


class PutShop(_Policy, tag="put_shop"):
    """Say how items are sold where neither they nor their categories say it. A field left out keeps what it was."""

    keep_people_days: Annotated[int, Meta(ge=0, le=36_500)] | None | UnsetType = UNSET


class PutCategory(_Policy, tag="put_category"):
    """Make a category or change how its items are sold where they do not say it themselves."""

    category: Key


@dataclass(slots=True)
class _Work:
    name: str
    before: catalogue.Rows
    rows: catalogue.Rows
    now: int = 0


def put_shops(db: Database, now: int, batch: Sequence[PutShop]) -> list[Outcome]:
    """Change the shop's policy, each time in a transaction of its own: it can touch every line that waits."""
    steps = Steps(lambda _: None, _load_shop, _decide, _save)
    return perform_each(db, now, batch, steps)


def put_categories(db: Database, now: int, batch: Sequence[PutCategory]) -> list[Outcome]:
    """Make or change categories, each in a transaction of its own."""
    steps = Steps(lambda _: None, _load_categories, _decide, _save)
    return perform_each(db, now, batch, steps)


def _load_shop(tx: Tx, _batch: Sequence[PutShop]) -> _Work:
    return _load(tx, "shop", [policies.THE_SHOP])


def _load_categories(tx: Tx, batch: Sequence[PutCategory]) -> _Work:
    return _load(tx, "categories", [command.category for command in batch])


def _load(tx: Tx, name: str, keys: Sequence[str]) -> _Work:
    rows = catalogue.load_rows(tx, name, keys)
    return _Work(name, dict(rows), rows)


def _decide(work: _Work, command: PutShop | PutCategory, now: int) -> Outcome:
    key = policies.THE_SHOP if isinstance(command, PutShop) else command.category
    columns = [column.name for column in catalogue.TABLES[work.name].c]
    word, row = merge(work.rows.get(key), columns, {catalogue.KEYS[work.name]: key}, given(command))
    work.rows[key] = row
    work.now = now
    if word is Word.ACCEPTED and isinstance(command, PutShop):
        word = Word.CHANGED if any(value is not None for value in given(command).values()) else Word.EXISTS
    return Outcome(word, subject=None if isinstance(command, PutShop) else command.category)


def _save(tx: Tx, work: _Work) -> None:
    """Save the rows; where promises depend on what changed, run a pass over the lines that wait, as saved."""
    catalogue.save_rows(tx, work.name, work.before, work.rows)
    touched = [key for key, row in work.rows.items() if _matters(work.before.get(key, {}), row)]
    if not touched:
        return
    skus = catalogue.waiting_skus(tx) if work.name == "shop" else policies.waiting_in(tx, touched)
    if skus:
        loaded = books.load(tx, skus)
        loaded.book.set_clock(work.now)
        live_pass(loaded.book, skus, Why("policy"))
        books.save(tx, loaded)


def _matters(before: Any, after: Any) -> bool:
    return any(before.get(name) != after[name] for name in LEVELLED if name not in _CAP_FREE)
