"""The queue of notices and refunds: what waits for people, by deadline, and what can be done about one of them."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from urllib.parse import urlencode

from backorder.adapters.console import words
from backorder.kernel.phrases import Phrase, Said, Value, phrase
from backorder.queries.notices import NoticeView, Waiting
from backorder.queries.refunds import RefundView


class View(NamedTuple):
    """A part of the queue that has a name."""

    name: str
    said: Phrase


VIEWS = (
    View("all", phrase("All")),
    View("due", phrase("To send")),
    View("asking", phrase("Waiting for an answer")),
    View("trouble", phrase("Not reached")),
    View("refund", phrase("Refunds")),
)
ANSWERS = {
    "wait": phrase("Keeps waiting for the day that was told"),
    "until": phrase("Keeps waiting until another day"),
    "cancel": phrase("Cancels what has not left"),
    "ship_available": phrase("Wants what is ready now"),
}
MEANS = {
    "phone": phrase("By phone"),
    "email": phrase("By e-mail"),
    "letter": phrase("By letter"),
    "chat": phrase("By chat"),
    "in_person": phrase("In person"),
}
# The same within a sentence.
HOW = {
    "phone": phrase("by phone"),
    "email": phrase("by e-mail"),
    "letter": phrase("by letter"),
    "chat": phrase("by chat"),
    "in_person": phrase("in person"),
}
BECAME = {"delivered": phrase("reached them"), "bounced": phrase("came back")}
FORMS = {
    "same_method": phrase("The way it was paid"),
    "credit_memo": phrase("Credit on the card, with a copy to the customer"),
    "transfer": phrase("Transfer"),
    "cheque": phrase("Cheque"),
    "cash": phrase("Cash"),
    "statement": phrase("Nothing was charged: the customer was told so"),
}
SILENCE = {"consent": phrase("Counts as yes"), "cancel": phrase("Cancels"), "none": phrase("Has no effect")}
# How each kind of notice is called; any other is one of a delay.
_KINDS = {
    "renewed": phrase("Second delay notice"),
    "indefinite": phrase("Notice without a date"),
    "better": phrase("Notice that it comes sooner"),
    "still": phrase("Notice that the date still stands"),
    "cancelled": phrase("Notice of a cancellation"),
}
_DELAY, _REFUND, _TO_PAY = phrase("Delay notice"), phrase("Refund"), phrase("to pay")
_NUMBERED, _NOT_REACHED, _NO_DEADLINE = phrase("{name} {number}"), phrase("{state}, {trouble}"), phrase("No deadline")
_STATES = {
    "due": phrase("to send"),
    "asking": phrase("waits for an answer"),
    "bounced": phrase("came back"),
    "overdue": phrase("overdue"),
}
_TROUBLES = {"no_address": phrase("no address"), "bounced": phrase("an e-mail came back")}
_SOON = 2  # days
# What a form was for, once it was done.
DONE = {
    "send_notice": phrase("The notice went."),
    "suppress_notice": phrase("The notice does not go."),
    "answer_notice": phrase("The answer is taken down and has its effect."),
    "record_notice": phrase("What became of the notice is taken down."),
    "record_refund": phrase("The refund is recorded."),
}
_NOTHING = phrase("Nobody waits for a word of yours.")
_TO_SEE_TO, _FIRST = phrase("{count} to see to."), phrase("{count} to see to. The first deadline is {day}.")


class Row(NamedTuple):
    """One that waits, as the table has it."""

    one: Waiting
    name: Phrase
    state: Said
    when: Value
    left: Value
    tone: str
    worth: Value
    link: str
    chosen: bool


class Chosen(NamedTuple):
    """The one that is looked at: a notice, or a refund."""

    order: str
    number: int
    notice: NoticeView | None = None
    refund: RefundView | None = None

    @property
    def name(self) -> Said:
        """What it is called."""
        name = _REFUND if self.notice is None else _KINDS.get(self.notice.kind, _DELAY)
        return Said(_NUMBERED, {"name": Said(name), "number": str(self.number)})

    @property
    def answerable(self) -> bool:
        """Whether the customer can answer it: it has not gone yet, waits, or nobody was reached by it."""
        return self.notice is not None and self.notice.state in {"due", "asking", "bounced"}

    @property
    def went(self) -> bool:
        """Whether it can be said to have arrived, or not."""
        return self.notice is not None and self.notice.sent_at is not None


def address(view: str, one: Waiting | None = None, **more: str) -> str:
    """Where a part of the queue is, with one that is looked at."""
    said = {} if view == "all" else {"view": view}
    if one is not None:
        said |= {"what": one.what, "order": one.order, "number": str(one.number)}
    said |= more
    return "/console/notices" + (f"?{urlencode(said)}" if said else "")


def row(one: Waiting, today: date, zone: str, view: str, chosen: Chosen | None) -> Row:
    """One that waits, in words."""
    when, left, tone = _when(None if one.deadline is None else words.last_day(one.deadline, zone), today)
    name = _REFUND if one.what == "refund" else _KINDS.get(one.kind, _DELAY)
    state = Said(_TO_PAY if (one.what, one.state) == ("refund", "due") else _STATES[one.state])
    if one.trouble is not None and one.state != "bounced":
        state = Said(_NOT_REACHED, {"state": state, "trouble": Said(_TROUBLES[one.trouble])})
    sum_ = one.amount if one.what == "refund" else one.at_stake
    worth = words.amount(sum_, one.currency) if sum_ is not None and one.currency else ""
    here = chosen is not None and (chosen.order, chosen.number, chosen.refund is not None) == (
        one.order, one.number, one.what == "refund",
    )  # fmt: skip
    return Row(one, name, state, when, left, tone, worth, f"{address(view, one)}#one", here)


def _when(last: date | None, today: date) -> tuple[Value, Value, str]:
    if last is None:
        return Said(_NO_DEADLINE), "", "muted"
    days = (last - today).days
    return words.weekday(last, today), words.left(days), "bad" if days <= _SOON else ""


def lead(found: Sequence[Waiting], most: int, today: date, zone: str) -> Said:
    """How many wait, and until when, in a sentence; there is one more than `most` where there are more."""
    if not found:
        return Said(_NOTHING)
    values: dict[str, Value] = {"count": f"{most}+" if len(found) > most else str(len(found))}
    first = next((one.deadline for one in found if one.deadline is not None), None)
    if first is None:
        return Said(_TO_SEE_TO, values)
    return Said(_FIRST, {**values, "day": words.weekday(words.last_day(first, zone), today)})
