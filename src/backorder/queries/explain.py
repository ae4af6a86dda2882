"""Why a line has its date: what it stands on, who is ahead of it, and how the date came about."""

from datetime import date

from sqlalchemy import and_, func, select

from backorder.kernel.calendars import day_number
from backorder.queries import show
from backorder.queries.lines import LineView, RevisionView
from backorder.storage.db import Database
from backorder.storage.tables import pegs

CAUSES = {
    "placed": "the order was placed",
    "announced": "supply {supply} was announced",
    "confirmed": "supply {supply} was confirmed",
    "rescheduled": "supply {supply} was rescheduled",
    "overdue": "supply {supply} did not come when it was due",
    "received": "supply {supply} arrived",
    "short": "supply {supply} arrived short",
    "cancelled_supply": "supply {supply} was cancelled",
    "counted": "stock was counted",
    "adjusted": "stock was adjusted",
    "stock_loss": "stock that it held turned out to be missing",
    "line_cancelled": "units were cancelled, on this line or one beside it",
    "lead_time": "its lead-time day passed",
    "policy": "the item's policy changed",
    "calendar": "a site's calendar changed",
}


def line(db: Database, order: str, line: str, now: int) -> list[str] | None:
    """The explanation as sentences; None if there is no such line."""
    view = show.line(db, order, line, now)
    if view is None:
        return None
    said = [_standing(view)]
    said += _pegs(db, view)
    if view.uncovered:
        said.append(f"{view.uncovered} uncovered: no supply holds them; ordering more would.")
    said += _risk(view)
    said.append("How the promise came about:")
    said += [f"  {_revision(revision)}" for revision in view.revisions]
    return said


def _standing(view: LineView) -> str:
    units = [
        f"{number} {word}"
        for number, word in (
            (view.waiting, "waiting"),
            (view.allocated, "allocated"),
            (view.shipped, "shipped"),
            (view.cancelled, "cancelled"),
        )
        if number
    ]
    told = "has no date" if view.promise is None else f"is promised for {day_words(view.promise)}"
    if not view.waiting and not view.allocated:
        told = "is done" if view.promise is None else f"was promised for {day_words(view.promise)}"
    return f"Line {view.line} of order {view.order}, {view.quantity} of {view.sku} ({', '.join(units)}), {told}."


def _pegs(db: Database, view: LineView) -> list[str]:
    said = []
    ahead = _ahead(db, view)
    for peg in view.pegs:
        if peg.supply.startswith("stock/"):
            said.append(f"{peg.quantity} allocated from stock at {peg.site}, could ship {day_words(peg.ships_on)}.")
            continue
        others, units = ahead.get(peg.supply, (0, 0))
        queue = f"; {units} of it go to {others} other lines" if others else ""
        said.append(f"{peg.quantity} from {peg.supply} at {peg.site}, could ship {day_words(peg.ships_on)}{queue}.")
    return said


def _ahead(db: Database, view: LineView) -> dict[str, tuple[int, int]]:
    """Other lines, and their units, on the supplies that the line stands on."""
    mine = [peg.supply for peg in view.pegs]
    if not mine:
        return {}
    other = pegs.alias("other")
    counted = (
        select(other.c.supply, func.count(), func.sum(other.c.quantity))
        .join(pegs, pegs.c.supply == other.c.supply)
        .where(
            and_(pegs.c.order_id == view.order, pegs.c.line == view.line),
            ~and_(other.c.order_id == view.order, other.c.line == view.line),
        )
        .group_by(other.c.supply)
    )
    with db.read() as tx:
        return {row[0]: (row[1], int(row[2])) for row in tx.fetch(counted)}


def _risk(view: LineView) -> list[str]:
    if not view.at_risk:
        return []
    if view.planned is not None and view.promise is not None and view.planned > view.promise:
        return [f"At risk: its pegs say {day_words(view.planned)}, after the promise. Sooner supply would keep it."]
    if view.uncovered:
        return ["At risk: units are uncovered."]
    return ["At risk: it stands on supply that is overdue or not confirmed by the supplier."]


def _revision(revision: RevisionView) -> str:
    cause = CAUSES[revision.cause].format(supply=revision.supply or "that it stood on")
    when = revision.at.strftime("%d %b %Y %H:%M")
    if revision.from_day is None and revision.cause == "placed":
        assert revision.to_day is not None
        basis = {"stock": "from stock", "inbound": f"on {revision.supply}", "lead_time": "by the lead time"}
        return f"{when}  promised {day_words(revision.to_day)}, {basis.get(revision.basis or '', '')}"
    return f"{when}  {_movement(revision)}, because {cause}"


def _movement(revision: RevisionView) -> str:
    before, after = revision.from_day, revision.to_day
    if after is None:
        return "the date was lost: nothing covers it"
    if before is None:
        return f"a date again: {day_words(after)}"
    days = day_number(after) - day_number(before)
    moved = "slipped" if days > 0 else "pulled in"
    return f"{moved} {abs(days)} day{'s' if abs(days) > 1 else ''} to {day_words(after)}"


def day_words(day: date) -> str:
    """A day as people say it: Mon 7 Dec 2026."""
    return f"{day:%a} {day.day} {day:%b %Y}"
