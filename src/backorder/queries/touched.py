"""Lines that a change touches, and what that comes to: customers, money, complete orders, legal deadlines."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import and_, select

from backorder.kernel.columns import Book
from backorder.kernel.money import text as money_text
from backorder.kernel.notices import RUNNING
from backorder.kernel.whatif import EFFECTS, Change, Effect
from backorder.queries.lines import as_date
from backorder.storage.communication import load_packs
from backorder.storage.db import Tx, among
from backorder.storage.notice_tables import clocks
from backorder.storage.tables import lines, orders


class Touched(msgspec.Struct):
    """A line before and after. `units` were still to be shipped; `value` is what those that are left come to.

    `effect`: its promise gets `later` (or is lost) or `earlier`, units are `cancelled`, only what its pegs say moves
    (`planned`), or it ships the same days from other supply (`repegged`). Days of difference are calendar days, later
    ones above 0; null where there is no day before or after. `deadline` is the last ship day that the law leaves now,
    where its clock runs; `endangered`, that the promise is after it.
    """

    order: str
    line: str
    sku: str
    customer: str | None
    effect: Effect
    complete: bool
    units: int
    units_cancelled: int
    promise_before: date | None
    promise_after: date | None
    promise_days: int | None
    planned_before: date | None
    planned_after: date | None
    planned_days: int | None
    value: str | None
    currency: str | None
    deadline: date | None
    endangered: bool


class Sum(msgspec.Struct):
    """What lines come to. Orders without a customer count as one each. Lines without a price are not in `value`."""

    lines: int
    orders: int
    customers: int
    units: int
    value: dict[str, str]
    without_price: int


class Totals(msgspec.Struct):
    """Lines by what happens to their promise: `later`, `earlier`, or `kept` though something of them moves.

    `cancelled` tells of the units that are. Deadlines are counted where they come to be missed or to be met by the
    promise; complete orders, where their day moves.
    """

    later: Sum
    earlier: Sum
    cancelled: Sum
    kept: int
    deadlines_endangered: int
    deadlines_met: int
    complete_orders: int


class WhatIf(msgspec.Struct):
    """What would happen: totals, and every line that is touched, the gravest first. `notes` say what else to know."""

    totals: Totals
    lines: list[Touched]
    notes: list[str] = []


class _Detail(NamedTuple):
    customer: str | None
    price: int | None
    currency: str | None


_DETAILS = (
    select(lines.c.order_id, lines.c.line, orders.c.customer, lines.c.unit_price, orders.c.currency)
    .join(orders, orders.c.order_id == lines.c.order_id)
    .where(among(orders.c.order_id, "orders"))
)
_DEADLINES = select(clocks.c.order_id, clocks.c.line, clocks.c.digest, clocks.c.transit_days, clocks.c.until_on).where(
    and_(
        among(clocks.c.order_id, "orders"),
        clocks.c.state.in_(sorted(state.value for state in RUNNING)),
        clocks.c.until_on.is_not(None),
    )
)


def answer(tx: Tx, book: Book, found: Sequence[Change], notes: list[str]) -> WhatIf:
    """What the changes of lines in a book come to. Three statements at most."""
    names = sorted({book.lines.order[change.i] for change in found})
    details = {(row[0], row[1]): _Detail(*row[2:]) for row in tx.fetch(_DETAILS, orders=names)} if names else {}
    limits = deadlines(tx, names)
    rank = {effect: n for n, effect in enumerate(EFFECTS)}
    touched: list[tuple[tuple[Any, ...], Touched, int | None]] = []
    missed: Counter[str] = Counter()
    for change in found:
        key = book.lines.order[change.i], book.lines.line[change.i]
        limit = limits.get(key)
        view = _view(book, change, details[key], limit)
        was = _after(change.before.promise, limit) if change.before.open else False
        missed["endangered"] += view.endangered and not was
        missed["met"] += was and not view.endangered
        days = -(view.promise_days or view.planned_days or 0)
        place = rank[view.effect], view.promise_after is not None, days, key[0], book.lines.position[change.i]
        touched.append((place, view, details[key].price))
    touched.sort(key=lambda one: one[0])
    views = [(view, price) for _, view, price in touched]
    return WhatIf(_totals(views, missed), [view for view, _ in views], notes)


def deadlines(tx: Tx, names: Sequence[str]) -> dict[tuple[str, str], int]:
    """Of the lines of orders, the last ship days that the law leaves, where a clock runs to an end."""
    rows = tx.fetch(_DEADLINES, orders=names) if names else []
    packs = load_packs(tx, {row[2] for row in rows}) if rows else {}
    found: dict[tuple[str, str], int] = {}
    for order, line, digest, transit, until in rows:
        last = until if packs[digest].limit.basis == "ship" else until - transit
        found[order, line] = min(last, found.get((order, line), last))
    return found


def _after(promise: int | None, limit: int | None) -> bool:
    """Whether the law's last day passes before the goods leave; without a date nobody knows that they do."""
    return limit is not None and (promise is None or promise > limit)


def _view(book: Book, change: Change, detail: _Detail, limit: int | None) -> Touched:
    i, before, after, effect = change
    held, left = book.lines, after.open
    priced = detail.price is not None and detail.currency is not None
    return Touched(
        order=held.order[i],
        line=held.line[i],
        sku=held.sku[i],
        customer=detail.customer,
        effect=effect,
        complete=held.complete[i],
        units=before.open,
        units_cancelled=after.cancelled - before.cancelled,
        promise_before=as_date(before.promise),
        promise_after=as_date(after.promise) if left else None,
        promise_days=_days(before.promise, after.promise if left else None),
        planned_before=as_date(before.planned),
        planned_after=as_date(after.planned) if left else None,
        planned_days=_days(before.planned, after.planned if left else None),
        value=money_text(left * (detail.price or 0), detail.currency or "") if priced else None,
        currency=detail.currency,
        deadline=as_date(limit),
        endangered=bool(left) and _after(after.promise, limit),
    )


def _days(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before


def _totals(found: Sequence[tuple[Touched, int | None]], missed: Mapping[str, int]) -> Totals:
    by_effect = {effect: [one for one in found if one[0].effect == effect] for effect in EFFECTS}
    moved = [view for view, _ in found if view.complete and view.promise_before != view.promise_after]
    return Totals(
        later=_sum(by_effect["later"]),
        earlier=_sum(by_effect["earlier"]),
        cancelled=_sum(by_effect["cancelled"]),
        kept=len(by_effect["planned"]) + len(by_effect["repegged"]),
        deadlines_endangered=missed["endangered"],
        deadlines_met=missed["met"],
        complete_orders=len({view.order for view in moved}),
    )


def _sum(found: Iterable[tuple[Touched, int | None]]) -> Sum:
    orders_, customers, units, priced, unpriced = set[str](), set[tuple[str, str]](), 0, Counter[str](), 0
    count = 0
    for view, price in found:
        count += 1
        those = view.units_cancelled if view.effect == "cancelled" else view.units
        orders_.add(view.order)
        customers.add(("order", view.order) if view.customer is None else ("customer", view.customer))
        units += those
        if price is None or view.currency is None:
            unpriced += 1
        else:
            priced[view.currency] += those * price
    value = {currency: money_text(amount, currency) for currency, amount in sorted(priced.items())}
    return Sum(count, len(orders_), len(customers), units, value, unpriced)
