"""Persons as a whole: everything that names one, and the same without them.

Orders, promises and ledgers stay; they speak of an opaque name from then on.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, Text, func, or_, select

from backorder.storage.accounts import disable_bound
from backorder.storage.conditions import LINE_OPEN
from backorder.storage.db import Row, Tx, among
from backorder.storage.notice_tables import evidence, notices, refunds
from backorder.storage.schema import metadata
from backorder.storage.shipment_tables import shipments
from backorder.storage.status import revoke_of
from backorder.storage.status_tables import status_choices
from backorder.storage.tables import (
    ERASED,
    cancellations,
    changes,
    customers,
    erasures,
    holds,
    lines,
    orders,
    people,
    replies,
    stock_moves,
)
from backorder.storage.views import forget_views
from backorder.storage.watch_tables import watches

# Columns of a person's orders that can say something of them, and what is put in their place.
_OF_ORDERS: tuple[tuple[Table, tuple[str, ...], dict[str, Any]], ...] = (
    (orders, ("order_id",), {"tags": "[]"}),
    (lines, ("order_id", "line"), {"tags": "[]"}),
    (cancellations, ("order_id", "line", "n"), {"reason": ERASED}),
    (changes, ("order_id", "n"), {"reason": ERASED}),
    (holds, ("order_id", "kind", "n"), {"reason": None, "release_reason": None}),
    (evidence, ("order_id", "n"), {"note": ERASED}),
    (notices, ("order_id", "n"), {"reason": None, "sent_to": None}),
    (refunds, ("order_id", "n"), {"reference": None}),
    (status_choices, ("order_id", "n"), {"note": ERASED, "said": ERASED}),
    (shipments, ("shipment",), {"tracking": None, "reversal_reason": None}),
)
# Who did something on an order: a member of staff, whose name stays, or the customer.
_BY_WHOM = ((changes, ("order_id", "n")), (evidence, ("order_id", "n")), (notices, ("order_id", "n")),
            (refunds, ("order_id", "n")))  # fmt: skip
_LEAST = 4  # letters: shorter names would be found in every second word


def load_person(tx: Tx, customer: str) -> tuple[str, list[str]] | None:
    """A customer's kind, and the words that name the person: id, name, addresses; None if there is none."""
    kinds = tx.fetch(select(customers.c.kind, customers.c.notify).where(customers.c.customer == customer))
    if not kinds:
        return None
    named = tx.fetch(select(people.c.name, people.c.email).where(people.c.customer == customer))
    reached = (kinds[0][1] or "").partition(":")[2]
    words = [customer, *(word for row in named for word in row if word), *([reached] if reached else [])]
    return kinds[0][0], words


def load_orders(tx: Tx, customer: str) -> list[str]:
    """The customer's orders."""
    chosen = select(orders.c.order_id).where(orders.c.customer == customer).order_by(orders.c.order_id)
    return [row[0] for row in tx.fetch(chosen)]


def count_open(tx: Tx, customer: str) -> int:
    """Orders of the customer with units still to be shipped."""
    chosen = select(func.count(func.distinct(lines.c.order_id))).where(lines.c.customer == customer, LINE_OPEN)
    return int(tx.fetch(chosen)[0][0])


def next_name(tx: Tx) -> str:
    """A name for the next person to be erased, which tells nothing of them."""
    return f"erased-{int(tx.fetch(select(func.count()).select_from(erasures))[0][0]) + 1:06d}"


def is_erased(tx: Tx, customer: str) -> bool:
    """Whether this is the name that stands for somebody who was erased."""
    return bool(tx.fetch(select(erasures.c.erased).where(erasures.c.erased == customer)))


def erase(tx: Tx, customer: str, kind: str, words: Sequence[str], name: str, at: int, reason: str | None) -> None:
    """Let nothing in the database name the person any more: `name` stands for them, `words` are looked for.

    Accounts that are bound to them are disabled. Their names stay: the audit trail has them.
    """
    mine = load_orders(tx, customer)
    revoke_of(tx, [customer], at)
    blank = {"kind": kind, "priority": 0, "tags": "[]"}
    columns = [column.name for column in customers.c if column.name != "customer"]
    tx.insert(customers, ("customer", *columns), [(name, *(blank.get(column) for column in columns))])
    for table in (orders, lines):
        tx.update(table, ("order_id",), ("customer",), [(order, name) for order in mine])
    disable_bound(tx, customer, name, at)
    _unwatch(tx, customer, words, at)
    tx.delete(people, ("customer",), [(customer,)])
    tx.delete(customers, ("customer",), [(customer,)])
    for table, keys, blanks in _OF_ORDERS:
        _blank(tx, table, keys, blanks, mine)
    for table, keys in _BY_WHOM:
        _unname(tx, table, keys, mine, words)
    sought = [word for word in words if len(word) >= _LEAST]
    _strike(tx, stock_moves, ("supply", "n"), "reference", sought, ERASED)
    forget_views(tx, customer, sought)
    _forget_replies(tx, [*sought, f'"{customer}"'])
    tx.insert(erasures, ("erased", "at", "reason"), [(name, at, reason)])


def _unwatch(tx: Tx, customer: str, words: Sequence[str], at: int) -> None:
    """End what they wait for, and let it not be known who was told, whether they said it by id or by address."""
    addresses = sorted({word.lower() for word in words if "@" in word})
    theirs = or_(among(watches.c.customer, "customers"), among(watches.c.email, "emails"))
    chosen = select(watches.c.sku, watches.c.n, watches.c.state, watches.c.ended_at).where(theirs)
    rows = [
        (sku, n, *(("withdrawn", at) if state == "waiting" else (state, ended)), None, None)
        for sku, n, state, ended in tx.fetch(chosen, customers=[customer], emails=addresses)
    ]
    tx.update(watches, ("sku", "n"), ("state", "ended_at", "customer", "email"), rows)


def _blank(tx: Tx, table: Table, keys: tuple[str, ...], blanks: dict[str, Any], mine: Sequence[str]) -> None:
    """Put the blanks in the place of what rows of these orders say, where they say something."""
    says = or_(*(table.c[column].is_not(None) for column in blanks))
    chosen = select(*(table.c[key] for key in keys), *(table.c[column] for column in blanks)).where(
        among(table.c.order_id, "orders"), says
    )
    found = tx.fetch(chosen, orders=mine)
    rows: list[Row] = []
    for row in found:
        said = row[len(keys) :]
        new = [None if was is None else blanks[column] for column, was in zip(blanks, said, strict=True)]
        rows.append((*row[: len(keys)], *new))
    tx.update(table, keys, tuple(blanks), rows)


def _unname(tx: Tx, table: Table, keys: tuple[str, ...], mine: Sequence[str], words: Sequence[str]) -> None:
    """Let it not be said that the person did something on these orders, where it names them."""
    named = or_(
        *(
            table.c.by_whom.contains(word, autoescape=True) if len(word) >= _LEAST else table.c.by_whom == word
            for word in words
        )
    )
    chosen = select(*(table.c[key] for key in keys)).where(among(table.c.order_id, "orders"), named)
    rows = tx.fetch(chosen, orders=mine)
    tx.update(table, keys, ("by_whom",), [(*row, ERASED) for row in rows])


def _strike(tx: Tx, table: Table, keys: tuple[str, ...], column: str, sought: Sequence[str], put: str) -> None:
    """Put a word in the place of texts that name the person."""
    if not sought:
        return
    names = or_(*(table.c[column].contains(word, autoescape=True) for word in sought))
    rows = tx.fetch(select(*(table.c[key] for key in keys)).where(names))
    tx.update(table, keys, (column,), [(*row, put) for row in rows])


def _forget_replies(tx: Tx, sought: Sequence[str]) -> None:
    """Answers that name the person say no more than that there was one; asked again, the id counts as used."""
    names = or_(*(replies.c.outcome.contains(word, autoescape=True) for word in sought))
    found = tx.fetch(select(replies.c.command_id).where(names))
    told = '{"outcome":"exists"}'
    tx.update(replies, ("command_id",), ("fingerprint", "outcome"), [(row[0], ERASED, told) for row in found])


def texts(tx: Tx, word: str) -> list[str]:
    """The columns, as `table.column`, in which a word stands somewhere: none, once a person is erased."""
    found = []
    for table in metadata.sorted_tables:
        for column in table.c:
            if isinstance(column.type, Text):
                rows = tx.fetch(select(column).where(column.contains(word, autoescape=True)).limit(1))
                found += [f"{table.name}.{column.name}"] * len(rows)
    return found
