"""What a product page says of an item: in stock, on backorder or preorder with a date, or not to be had."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import msgspec
from sqlalchemy import case, func, select

from backorder.kernel.calendars import moment_datetime
from backorder.kernel.columns import STOCK
from backorder.kernel.outcomes import Outcome, Word
from backorder.queries.quotes import Quote, quote
from backorder.storage.conditions import SUPPLY_OF_USE
from backorder.storage.db import Database, among
from backorder.storage.policies import LEVELS, effective
from backorder.storage.tables import items, supplies

State = Literal["in_stock", "backorder", "preorder", "unavailable", "unknown"]


class Availability(msgspec.Struct):
    """What one unit of an item would be promised now. `reason` is the refusal's word where it cannot be had.

    `free` are units on hand that nobody holds. `as_of` is the moment that all this is true of.
    """

    sku: str
    state: State
    free: int
    promise: date | None
    ships_on: date | None
    basis: str | None
    reason: str | None
    as_of: datetime


_FREE = (
    select(
        items.c.sku,
        effective("selling"),
        func.coalesce(func.sum(case((supplies.c.kind == STOCK, supplies.c.quantity - supplies.c.pegged), else_=0)), 0),
    )
    .select_from(LEVELS.outerjoin(supplies, (supplies.c.sku == items.c.sku) & SUPPLY_OF_USE))
    .where(among(items.c.sku, "skus"))
    .group_by(items.c.sku, effective("selling"))
)


def availability(db: Database, now: int, skus: Sequence[str]) -> list[Availability]:
    """The availability of each SKU, in their order. `now` is the moment in microseconds."""
    answers = quote(db, now, [Quote(sku=sku, quantity=1) for sku in skus])
    with db.read() as tx:
        known = {sku: (selling, int(free)) for sku, selling, free in tx.fetch(_FREE, skus=sorted(set(skus)))}
    return [_view(sku, answer, known.get(sku), now) for sku, answer in zip(skus, answers, strict=True)]


def _view(sku: str, answer: Outcome, known: tuple[str, int] | None, now: int) -> Availability:
    selling, free = known or ("", 0)
    line = answer.lines[0] if answer.lines else None
    if answer.outcome is not Word.ANSWERED or line is None:
        state: State = "unavailable" if known is not None else "unknown"
        return Availability(sku, state, free, None, None, None, answer.outcome.value, moment_datetime(now))
    waits: State = "preorder" if selling == "preorder" else "backorder"
    state = "in_stock" if line.basis == "stock" else waits
    ships_on = line.parts[-1].ships_on if line.parts else None
    return Availability(sku, state, free, line.promise, ships_on, line.basis, None, moment_datetime(now))
