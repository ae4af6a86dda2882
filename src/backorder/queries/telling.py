"""What notices tell: the days that they move and what silence means, and of one that has not gone how it would read.

Those that have not gone are told as things stand, by what the command would do; the case is forgotten, nothing is kept.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import and_, func, literal_column, select

from backorder.kernel.calendars import NEVER, day_date
from backorder.kernel.cases import Case, Notice, Policy
from backorder.kernel.telling import send, send_goodbye
from backorder.storage import cases
from backorder.storage.communication import load_rules
from backorder.storage.db import Database, Tx, among
from backorder.storage.notice_tables import evidence
from backorder.storage.notices import load_notices
from backorder.storage.tables import customers, items, lines, orders, promises


class Moved(NamedTuple):
    """A line that a notice tells of, with its units that have not shipped. `told` is what its customer knew before.

    `told` and `planned` are None for no day.
    """

    line: str
    item: str
    units: int
    first: date
    told: date | None
    planned: date | None


class Telling(NamedTuple):
    """What a notice tells. `subject`, `text` and their `version` are of one that has not gone, as it would read now."""

    silence: str
    answer_by: date | None
    moves: tuple[Moved, ...]
    country: str | None
    subject: str | None = None
    text: str | None = None
    version: str | None = None


_Place = tuple[str, int]  # an order, and the number of its notice
_Key = tuple[str, str]  # an order, and its line
_LINES = (
    select(
        lines.c.order_id,
        lines.c.line,
        func.coalesce(items.c.name, items.c.sku),
        lines.c.waiting + lines.c.allocated,
        promises.c.to_day,
        func.coalesce(orders.c.country, customers.c.country),
    )
    .join(orders, orders.c.order_id == lines.c.order_id)
    .join(items, items.c.sku == lines.c.sku)
    .join(
        promises,
        and_(
            promises.c.order_id == lines.c.order_id,
            promises.c.line == lines.c.line,
            promises.c.n == literal_column("1"),
        ),
    )
    .outerjoin(customers, customers.c.customer == orders.c.customer)
    .where(among(lines.c.order_id, "orders"))
    .order_by(lines.c.order_id, lines.c.position)
)
_TOLD = (
    select(evidence.c.order_id, evidence.c.line, evidence.c.notice, evidence.c.to_day)
    .where(among(evidence.c.order_id, "orders"), evidence.c.kind == literal_column("'told'"))
    .order_by(evidence.c.order_id, evidence.c.n)
)


class _Goods(NamedTuple):
    item: str
    units: int
    first: int


class _Known(NamedTuple):
    """What is known of orders: their lines, and where they go to."""

    goods: dict[_Key, _Goods]
    countries: dict[str, str | None]

    def moved(self, order: str, line: str, told: int | None, planned: int | None) -> Moved:
        goods = self.goods[order, line]
        return Moved(line, goods.item, goods.units, day_date(goods.first), _date(told), _date(planned))


def tellings(db: Database, now: int, wanted: Sequence[_Place]) -> dict[_Place, Telling]:
    """What notices tell, by their orders and numbers; those of which there is nothing to tell any more are left out.

    The number of statements does not depend on how many there are.
    """
    if not wanted:
        return {}
    these, names = set(wanted), sorted({order for order, _ in wanted})
    with db.read() as tx:
        kept = {(order, one.n): one for order, one in load_notices(tx, names) if (order, one.n) in these}
        known = _Known({}, {})
        for order, line, *goods, country in tx.fetch(_LINES, orders=names):
            known.goods[order, line], known.countries[order] = _Goods(*goods), country
        gone = {place: one for place, one in kept.items() if one.sent_at is not None}
        due = [place for place, one in kept.items() if one.state == "due"]
        return _gone(tx, known, gone) | _due(tx, now, known, due)


def _gone(tx: Tx, known: _Known, gone: Mapping[_Place, Notice]) -> dict[_Place, Telling]:
    """Of notices that went: the days that they told of, as the evidence has them."""
    moves: dict[_Place, list[Moved]] = {}
    before: dict[_Key, int | None] = {}
    for order, line, n, day in tx.fetch(_TOLD, orders=sorted({order for order, _ in gone})) if gone else ():
        told = before.get((order, line), known.goods[order, line].first)
        moves.setdefault((order, n), []).append(known.moved(order, line, told, day))
        before[order, line] = day
    return {
        place: Telling(one.silence, _date(one.answer_by), tuple(moves.get(place, ())), known.countries[place[0]])
        for place, one in gone.items()
    }


def _due(tx: Tx, now: int, known: _Known, due: Sequence[_Place]) -> dict[_Place, Telling]:
    """Of notices that are due: what each would say if it went now."""
    rules = load_rules(tx) if due else None
    if rules is None:
        return {}
    loaded = cases.load(tx, rules, {order: [] for order, _ in due}, telling=True, lock=False)
    drafts = {place: _draft(loaded.cases[place[0]], rules.policy, place[1], now, known) for place in due}
    return {place: draft for place, draft in drafts.items() if draft is not None}


def _draft(case: Case, policy: Policy, n: int, now: int, known: _Known) -> Telling | None:
    """A notice as it would go; None where there is nothing to tell any more."""
    order, notice = case.head.order, next(one for one in case.notices if one.n == n)
    before = {line.line: line.told for line in case.lines}
    if notice.kind == "cancelled":
        send_goodbye(case, policy, notice, now)
    else:
        try:
            send(case, policy, notice, now)
        except ValueError:
            return None
    told = [(entry.line, entry.to_day) for entry in case.evidence if (entry.kind, entry.notice) == ("told", n)]
    moves = tuple([known.moved(order, line, before[line], day) for line, day in told if line is not None])
    answer_by, country = _date(notice.answer_by), known.countries[order]
    return Telling(notice.silence, answer_by, moves, country, notice.subject, notice.text, notice.version)


def _date(day: int | None) -> date | None:
    return None if day is None or day == NEVER else day_date(day)
