"""An order as a page: its state in a sentence, and its ledger of promises, notices and money, newest first."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from backorder.adapters.console import plain as words
from backorder.queries.backlog import BacklogLine
from backorder.queries.explain import cause
from backorder.queries.lines import RevisionView
from backorder.queries.notices import NoticeView
from backorder.queries.refunds import RefundView
from backorder.queries.show import OrderView

_BASES = {
    "stock": "from stock on hand",
    "lead_time": "by the lead time",
    "person": "given by a person",
    "imported": "taken over when the shop went live",
}
NOTICES = {
    "first": "delay notice",
    "renewed": "second delay notice",
    "definite": "delay notice",
    "indefinite": "notice without a date",
    "better": "notice that it comes sooner",
    "still": "notice that the date still stands",
    "cancelled": "notice of a cancellation",
}


class Entry(NamedTuple):
    """An entry of the ledger; `before` and `after` are the days between which a promise moved."""

    at: datetime
    kind: str
    tag: str
    head: str
    before: str
    after: str
    text: str


def ledger(
    lines: Sequence[BacklogLine], notices: Sequence[NoticeView], refunds: Sequence[RefundView], today: date
) -> list[Entry]:
    """What was promised, told and paid back, newest first."""
    several = len(lines) > 1
    found = [*_firsts(lines, today)]
    found += [entry for one in lines for entry in _moves(one, today, several=several)]
    found += [entry for notice in notices for entry in _notice(notice, today)]
    found += [entry for refund in refunds for entry in _refund(refund, today)]
    return sorted(found, key=lambda entry: entry.at, reverse=True)


def _firsts(lines: Sequence[BacklogLine], today: date) -> Iterator[Entry]:
    """What was promised first: lines that were promised the same at once stand together."""
    groups: dict[tuple[datetime, date | None, str], list[str]] = {}
    for one in lines:
        if one.line.revisions:
            first = one.line.revisions[0]
            groups.setdefault((first.at, first.to_day, _basis(first)), []).append(one.item or one.line.sku)
    for (at, day, basis), goods in groups.items():
        names = ", ".join(goods[:3]) + (f" and {len(goods) - 3} more" if len(goods) > 3 else "")
        head = basis[:1].upper() + basis[1:]
        yield Entry(at, "is-promise", "First promise", head, "", words.weekday(day, today), names)


def _moves(one: BacklogLine, today: date, *, several: bool) -> Iterator[Entry]:
    goods = (one.item or one.line.sku) if several else ""
    for revision in one.line.revisions[1:]:
        before, after = words.weekday(revision.from_day, today), words.weekday(revision.to_day, today)
        yield Entry(revision.at, "is-revision", _moved(revision), goods, before, after, _cause(revision))


def _basis(revision: RevisionView) -> str:
    if revision.supply is not None and revision.basis != "stock":
        return f"on {revision.supply}"
    return _BASES.get(revision.basis or "", "as it was told")


def _cause(revision: RevisionView) -> str:
    said = cause(revision)
    return f"{said[:1].upper()}{said[1:]}."


def _moved(revision: RevisionView) -> str:
    if revision.to_day is None:
        return "Lost its date"
    if revision.from_day is None:
        return "Has a date again"
    days = (revision.to_day - revision.from_day).days
    return f"{abs(days)} day{'' if abs(days) == 1 else 's'} {'later' if days > 0 else 'sooner'}"


def _notice(notice: NoticeView, today: date) -> Iterator[Entry]:
    name = NOTICES.get(notice.kind, f"notice ({notice.kind})")
    if notice.sent_at is not None:
        how = f"By {notice.means}. " if notice.means else ""
        asks = f"The answer is wanted by {words.weekday(notice.answer_by, today)}." if notice.answer_by else ""
        yield Entry(notice.sent_at, "", "Told", f"{name.capitalize()} {notice.notice}", "", "", how + asks)
    elif notice.made_at is not None:
        wait = f"To be sent by {words.moment(notice.deadline, today)}." if notice.deadline else ""
        state = "is due" if notice.state == "due" else notice.state.replace("_", " ")
        yield Entry(notice.made_at, "is-next", "", f"{name.capitalize()} {notice.notice} {state}", "", "", wait)


def _refund(refund: RefundView, today: date) -> Iterator[Entry]:
    amount = f"{refund.currency} {refund.amount}" if refund.amount and refund.currency else "Money"
    until = f"By {words.weekday(refund.refund_by, today)}, because of: {refund.cause.replace('_', ' ')}."
    yield Entry(refund.made_at, "", "Owed", f"{amount} has to go back", "", "", until)
    if refund.ended_at is not None and refund.refunded is not None:
        paid = f"{refund.currency or ''} {refund.refunded} went back".strip()
        yield Entry(refund.ended_at, "", "Paid back", paid, "", "", refund.reference or "")


def lead(lines: Sequence[BacklogLine], today: date) -> str:
    """The state of the order in a sentence or two."""
    waiting = sum(one.line.waiting for one in lines)
    here = sum(one.line.allocated for one in lines)
    shipped = sum(one.line.shipped for one in lines)
    said = [f"{words.lines(len(lines))}."]
    parts = [(waiting, "waiting"), (here, "ready to ship"), (shipped, "shipped")]
    said += [f"{words.units(units)} {word}." for units, word in parts if units]
    still = [one.line for one in lines if one.line.waiting or one.line.allocated]
    if still and any(line.promise is None for line in still):
        said.append("Part of it has no date.")
    elif still:
        last = max(line.promise for line in still if line.promise is not None)
        said.append(f"The last of it is promised for {words.weekday(last, today)}.")
    return " ".join(said)


def facts(order: OrderView, who: str | None, today: date) -> Iterator[tuple[str, str]]:
    """What else there is to know of the order."""
    if order.customer is not None:
        yield "Customer", f"{who} ({order.customer})" if who else order.customer
    yield "Placed", words.moment(order.placed_at, today)
    if order.channel is not None:
        yield "Channel", order.channel
    yield "Ships", {"complete": "all at once", "when_ready": "what is ready"}.get(order.ship, order.ship)
    yield "Priority", str(order.priority)
    if order.currency is not None:
        yield "Currency", order.currency
