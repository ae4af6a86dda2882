"""Why a line has its date: what it stands on, who is ahead of it, how the date came about, what would change it."""

from datetime import date

import msgspec
from sqlalchemy import and_, bindparam, select

from backorder.kernel.calendars import day_number
from backorder.queries.gained import COUNTED_MAX, PromiseMove, read_moves
from backorder.queries.lines import LINES, LineView, RevisionView, of_customer, read_lines
from backorder.queries.queue import LiveQueue, Place, Stand, read_queue
from backorder.queries.reasons import cause, changes, plain, standing
from backorder.queries.sooner import Sooner, read_sooner
from backorder.queries.spoken import spoken
from backorder.storage.db import Database, Tx
from backorder.storage.tables import lines, orders


class Explanation(msgspec.Struct):
    """The line, what it stands on, who comes first, what moved it and who gained, what would bring it sooner.

    The same in sentences: for those who work here its `state`, its `history` and what `would_change` it; `spoken` is
    what a customer can be told.
    """

    line: LineView
    stands_on: list[Stand]
    queue: LiveQueue
    moves: list[PromiseMove]
    sooner: Sooner
    state: list[str]
    history: list[str]
    would_change: list[str]
    spoken: list[str]


_PLACE = (
    select(lines.c.promise, orders.c.priority, lines.c.placed_at, lines.c.position, orders.c.ship)
    .join(orders, orders.c.order_id == lines.c.order_id)
    .where(lines.c.order_id == bindparam("order"), lines.c.line == bindparam("line"))
)


def line(
    db: Database, order: str, line: str, now: int, of: str | None = None, earlier: int | None = None
) -> Explanation | None:
    """The explanation of a line's date; None if there is no such line, or none `of` this customer.

    What would bring it sooner is asked of a day `earlier` by so many days; else of the day that it was first promised
    or is wanted for, or where that is met, of one working day earlier. A customer gets numbers of whoever else waits,
    no names. A fixed number of statements, however many wait.
    """
    mine = and_(lines.c.order_id == order, lines.c.line == line, of_customer(lines, of))
    named = of is None
    with db.read() as tx:
        found = read_lines(tx, LINES.where(mine), now, revisions=True)
        if not found:
            return None
        view = found[0]
        place, complete = _place(tx, order, line)
        queue, stands = read_queue(tx, view, place, now, named=named)
        said = [(revision, _revision(revision)) for revision in view.revisions]
        moves = read_moves(tx, order, line, view.sku, said, named=named)
        sooner = read_sooner(tx, view, place, now, earlier, named=named)
    return Explanation(
        line=view,
        stands_on=stands,
        queue=queue,
        moves=moves,
        sooner=sooner,
        state=[plain(said) for said in standing(view, stands, queue)],
        history=[_history(move) for move in moves],
        would_change=[plain(said) for said in changes(view, stands, sooner, complete=complete)],
        spoken=spoken(view, queue, moves, sooner),
    )


def _place(tx: Tx, order: str, line: str) -> tuple[Place, bool]:
    """Where the line stands in the live order, and whether its order ships complete."""
    promise, priority, placed, position, ship = tx.fetch(_PLACE, order=order, line=line)[0]
    return Place(promise, priority, placed, order, line, position), ship == "complete"


def _history(move: PromiseMove) -> str:
    """The revision, and who gained by what it was about."""
    if not move.gained_lines:
        return move.said
    if move.gained_lines >= COUNTED_MAX:
        return f"{move.said}; by the same gained {COUNTED_MAX:,} lines or more"
    names = ", ".join(f"{gainer.order} {gainer.line}" for gainer in move.gained)
    more = move.gained_lines - len(move.gained)
    rest = f" and {_lines(more)} more" if names and more else _lines(more) if more else ""
    return f"{move.said}; by the same gained {names}{rest}"


def _revision(revision: RevisionView) -> str:
    at = f"{revision.at:%Y-%m-%d %H:%M}"
    if revision.cause == "placed" and revision.from_day is None:
        assert revision.to_day is not None
        basis = {"stock": "from stock", "inbound": f"on {revision.supply}", "lead_time": "by the lead time"}
        return f"{at}  promised for {day_words(revision.to_day)}, {basis[revision.basis or '']}"
    return f"{at}  {_movement(revision)}: {plain(cause(revision))}"


def _movement(revision: RevisionView) -> str:
    before, after = revision.from_day, revision.to_day
    if after is None:
        return "lost its date"
    if before is None:
        return f"has a date again, {day_words(after)}"
    days = day_number(after) - day_number(before)
    moved = "slipped" if days > 0 else "pulled in"
    return f"{moved} {abs(days)} day{'s' if abs(days) > 1 else ''} to {day_words(after)}"


def _lines(number: int) -> str:
    return f"{number:,} line{'' if number == 1 else 's'}"


def day_words(day: date) -> str:
    """A day as people say it: Mon 7 Dec 2026."""
    return f"{day:%a} {day.day} {day:%b %Y}"
