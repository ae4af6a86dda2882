"""What moved a line's promise, time by time, and who gained: those whose promise came earlier by the same event."""

from datetime import date, datetime

import msgspec
from sqlalchemy import ColumnElement, Text, and_, bindparam, case, cast, func, literal_column, or_, select

from backorder.queries.lines import RevisionView, as_date
from backorder.storage.conditions import gained
from backorder.storage.db import Tx, among
from backorder.storage.tables import lines, promises

COUNTED_MAX = 1_000  # of each revision
NAMED_MAX = 5

# The causes that always name the one supply that the event is about.
_OF_ONE_SUPPLY = ("announced", "received", "short", "cancelled_supply")


class Gainer(msgspec.Struct, rename={"from_day": "from", "to_day": "to"}):
    """A line of the same item whose promise came to be earlier, or that got a date again."""

    order: str
    line: str
    from_day: date | None
    to_day: date | None


class PromiseMove(msgspec.Struct, rename={"from_day": "from", "to_day": "to"}):
    """A revision of the promise: the event or the `run` that did it, in a sentence too, and who gained by the same.

    `gained_lines` counts them, up to a thousand; where they are fewer `gained` names the first few, to callers who are
    not bound to a customer.
    """

    at: datetime
    from_day: date | None
    to_day: date | None
    cause: str
    supply: str | None
    run: str | None
    said: str
    gained_lines: int
    gained: list[Gainer]


_mine, _other = promises.alias("mine"), promises.alias("other")


def _event(cause: ColumnElement[str]) -> ColumnElement[str]:
    """Lines that an event gives a cause of their own are moved by it all the same."""
    counts, days = (cause.in_([literal_column(f"'{word}'") for word in words]) for words in _OWN)
    return case((counts, literal_column("'counted'")), (days, literal_column("'overdue'")), else_=cause)


_OWN = (("stock_loss", "counted", "adjusted"), ("lead_time", "overdue"))
_one_supply = _mine.c.cause.in_([literal_column(f"'{word}'") for word in _OF_ONE_SUPPLY])
_same = and_(
    _other.c.at == _mine.c.at,
    or_(
        _other.c.run == _mine.c.run,
        and_(
            _other.c.run.is_(None),
            _mine.c.run.is_(None),
            _event(_other.c.cause) == _event(_mine.c.cause),
            or_(~_one_supply, _other.c.supply == _mine.c.supply),
        ),
    ),
    or_(_other.c.order_id != _mine.c.order_id, _other.c.line != _mine.c.line),
)
_item = and_(lines.c.order_id == _other.c.order_id, lines.c.line == _other.c.line, lines.c.sku == bindparam("sku"))
_this = and_(_mine.c.order_id == bindparam("order"), _mine.c.line == bindparam("line"), _mine.c.n > literal_column("1"))
_few = (
    select(literal_column("1").label("one"))
    .select_from(_other)
    .join(lines, _item)
    .where(_same, gained(_other))
    .limit(COUNTED_MAX)
    .correlate(_mine)
    .subquery()
)
_COUNTS = select(_mine.c.n, select(func.count()).select_from(_few).scalar_subquery()).where(_this)
_found = (
    select(
        _mine.c.n,
        func.row_number()
        .over(partition_by=_mine.c.n, order_by=(_other.c.to_day, _other.c.order_id, _other.c.line))
        .label("place"),
        *(_other.c[name] for name in ("order_id", "line", "from_day", "to_day")),
    )
    .select_from(_mine)
    .join(_other, and_(_same, gained(_other)))
    .join(lines, _item)
    .where(_this, among(cast(_mine.c.n, Text), "numbers"))
    .subquery()
)
_NAMES = select(_found).where(_found.c.place <= NAMED_MAX).order_by(_found.c.n, _found.c.place)


def read_moves(
    tx: Tx, order: str, line: str, sku: str, revisions: list[tuple[RevisionView, str]], *, named: bool
) -> list[PromiseMove]:
    """The revisions of a line, given with a sentence each, with who gained. Two statements."""
    this = {"order": order, "line": line, "sku": sku}
    counts = {n: int(count) for n, count in tx.fetch(_COUNTS, **this)} if len(revisions) > 1 else {}
    few = [str(n) for n, count in counts.items() if 0 < count < COUNTED_MAX] if named else []
    found: dict[int, list[Gainer]] = {}
    for n, _, other, its_line, before, after in tx.fetch(_NAMES, **this, numbers=few) if few else ():
        found.setdefault(n, []).append(Gainer(other, its_line, as_date(before), as_date(after)))
    return [
        PromiseMove(
            *(revision.at, revision.from_day, revision.to_day, revision.cause, revision.supply, revision.run, said),
            counts.get(n, 0),
            found.get(n, []),
        )
        for n, (revision, said) in enumerate(revisions, 1)
    ]
