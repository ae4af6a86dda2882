"""What a service agent can read out to a customer: short sentences, without names of others, supplies or places."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from backorder.queries.gained import PromiseMove
from backorder.queries.lines import LineView
from backorder.queries.queue import KeyName, LiveQueue
from backorder.queries.sooner import Change, Sooner

TOLD_MAX = 3  # of the days that the promise moved to: the latest

BECAUSE = {
    "announced": "more of it is on its way to us",
    "confirmed": "our supplier told us when it comes",
    "rescheduled": "our supplier gave us another day",
    "overdue": "what we expected did not come, or did not leave, on its day",
    "received": "it arrived",
    "short": "less of it arrived than we were to get",
    "cancelled_supply": "some of what we expected will not come",
    "counted": "we counted what we have",
    "adjusted": "we corrected what we have",
    "stock_loss": "what was set aside for you turned out to be missing",
    "line_cancelled": "an order for it was cancelled, wholly or in part",
    "lead_time": "it did not come in the time that we had reckoned with",
    "policy": "we changed how we sell it",
    "calendar": "the days on which we send goods changed",
    "line_changed": "an order for it was changed",
    "line_added": "something was added to an order for it",
    "order_changed": "an order for it was changed",
    "held": "an order for it was put on hold",
    "released": "an order for it is no longer on hold",
    "reversed": "a parcel turned out not to have left",
    "person": "one of us looked at it and set the day",
    "imported": "we took your order over into a new system",
    "reallocated": "we shared out anew what we have among those who wait",
    "pinned": "one of us set some of it aside for an order",
    "unpinned": "what one of us had set aside for an order is free again",
    "undone": "we took back how we had shared out what we have",
}
_FIRST: dict[KeyName, str] = {
    "promise": "were promised an earlier day",
    "priority": "have priority",
    "placed_at": "ordered earlier",
    "order": "ordered at the same moment",
    "line": "are another part of your order",
}
_ONE: dict[KeyName, str] = _FIRST | {
    "promise": "was promised an earlier day",
    "priority": "has priority",
    "line": "is another part of your order",
}


def spoken(view: LineView, queue: LiveQueue, moves: Sequence[PromiseMove], sooner: Sooner) -> list[str]:
    """The line's state, how its day came about, who comes first and what would bring it sooner."""
    if not view.waiting and not view.allocated:
        return [_done(view)]
    return [*_standing(view), *_history(moves), *_queue(view, queue), *_sooner(sooner)]


def _done(view: LineView) -> str:
    if view.shipped:
        return f"All that was to be sent of {view.sku} has left: {_units(view.shipped)}."
    return f"The {_units(view.cancelled)} of {view.sku} were cancelled."


def _standing(view: LineView) -> Iterator[str]:
    open_units = view.waiting + view.allocated
    what = f"Your {_units(open_units)} of {view.sku}"
    be = "is" if open_units == 1 else "are"
    day = view.promise if view.waiting else view.planned or view.promise
    if day is None:
        yield f"We have no day yet on which {what[0].lower()}{what[1:]} can leave."
    elif not view.waiting:
        yield f"{what} {be} set aside for you and can leave on {long_day(day)}."
    else:
        yield f"{what} {be} promised to leave on {long_day(day)}."
    if view.waiting and view.allocated:
        verb = "is" if view.allocated == 1 else "are"
        yield f"{_units(view.allocated).capitalize()} of these {verb} set aside already."
    if view.held:
        yield "The order is on hold: nothing leaves before that is lifted."
    elif view.at_risk and day is not None:
        yield "That day is not certain."


def _history(moves: Sequence[PromiseMove]) -> Iterator[str]:
    if len(moves) < 2:
        return
    first = moves[0].to_day
    if first is not None:
        yield f"When you ordered, we promised {long_day(first)}."
    for move in moves[1:][-TOLD_MAX:]:
        where = "we lost the day" if move.to_day is None else f"it moved to {long_day(move.to_day)}"
        yield f"On {_moment(move.at)} {where}, because {BECAUSE[move.cause]}."


def _queue(view: LineView, queue: LiveQueue) -> Iterator[str]:
    if not view.waiting:
        return
    if not queue.lines_before:
        yield "Nobody who waits for it comes before you."
        return
    if queue.lines_before == 1:
        yield f"One other who waits for it comes before you: that one {_ONE[queue.by[0].key]}."
        return
    most = max(queue.by, key=lambda by: by.lines)
    many = "most of them" if len(queue.by) > 1 else "they"
    yield f"{queue.lines_before:,} others who wait for it come before you: {many} {_FIRST[most.key]}."


def _sooner(sooner: Sooner) -> Iterator[str]:
    if sooner.changes:
        assert sooner.by is not None
        yield f"For it to leave by {long_day(sooner.by)}, {', or '.join(map(_would, sooner.changes))}."
    elif sooner.reason == "too_early" and _could_be(sooner):
        assert sooner.earliest is not None
        yield f"It cannot leave before {long_day(sooner.earliest)}."
    elif sooner.reason == "complete":
        yield "You asked for everything together, and more than one part of the order is still to come."
    elif sooner.reason == "nothing_small" and sooner.by is not None:
        yield f"There is no single thing by which it could leave by {long_day(sooner.by)}."


def _could_be(sooner: Sooner) -> bool:
    """Whether there is a day on which the line could ship and does not."""
    return sooner.earliest is not None and (sooner.from_day is None or sooner.earliest < sooner.from_day)


def _would(change: Change) -> str:
    if change.kind == "pulled_in":
        days = change.days or 0
        return f"a delivery that we expect would have to come {days} day{'s' if days > 1 else ''} earlier"
    if change.kind == "more":
        assert change.day is not None
        return f"{_more(change.units)} would have to come by {long_day(change.day)}"
    return f"{_units(change.units)} that {'is' if change.units == 1 else 'are'} kept for others would have to go to you"


def _more(units: int) -> str:
    return "one more unit" if units == 1 else f"{units:,} more units"


def long_day(day: date) -> str:
    """A day as it is said: Monday 7 December 2026."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def _moment(at: datetime) -> str:
    return f"{at.day} {at:%B}"


def _units(number: int) -> str:
    return "one unit" if number == 1 else f"{number:,} units"
