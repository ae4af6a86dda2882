"""The queue of notices and refunds: what waits for people, by deadline, and what can be done about one of them."""

from datetime import date
from typing import NamedTuple
from urllib.parse import urlencode

from backorder.adapters.console import plain as words
from backorder.adapters.console.order import NOTICES
from backorder.queries.notices import NoticeView, Waiting
from backorder.queries.refunds import RefundView


class View(NamedTuple):
    """A part of the queue that has a name."""

    name: str
    said: str


VIEWS = (
    View("all", "All"),
    View("due", "To send"),
    View("asking", "Waiting for an answer"),
    View("trouble", "Not reached"),
    View("refund", "Refunds"),
)
ANSWERS = {
    "wait": "Keeps waiting for the day that was told",
    "until": "Keeps waiting until another day",
    "cancel": "Cancels what has not left",
    "ship_available": "Wants what is ready now",
}
MEANS = {"phone": "By phone", "email": "By e-mail", "letter": "By letter", "chat": "By chat", "in_person": "In person"}
FORMS = {
    "same_method": "The way it was paid",
    "credit_memo": "Credit on the card, with a copy to the customer",
    "transfer": "Transfer",
    "cheque": "Cheque",
    "cash": "Cash",
    "statement": "Nothing was charged: the customer was told so",
}
SILENCE = {"consent": "Counts as yes", "cancel": "Cancels", "none": "Has no effect"}
_STATES = {"due": "to send", "asking": "waits for an answer", "bounced": "came back", "overdue": "overdue"}
_TROUBLES = {"no_address": "no address", "bounced": "an e-mail came back"}
_SOON = 2  # days
# What a form was for, once it was done.
DONE = {
    "send_notice": "The notice went.",
    "suppress_notice": "The notice does not go.",
    "answer_notice": "The answer is taken down and has its effect.",
    "record_notice": "What became of the notice is taken down.",
    "record_refund": "The refund is recorded.",
}


class Row(NamedTuple):
    """One that waits, as the table has it."""

    one: Waiting
    name: str
    state: str
    when: str
    left: str
    tone: str
    worth: str
    link: str
    chosen: bool


class Chosen(NamedTuple):
    """The one that is looked at: a notice, or a refund."""

    order: str
    number: int
    notice: NoticeView | None = None
    refund: RefundView | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        if self.refund is not None:
            return f"Refund {self.number}"
        assert self.notice is not None
        return f"{NOTICES.get(self.notice.kind, 'delay notice').capitalize()} {self.number}"

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
    name = "Refund" if one.what == "refund" else NOTICES.get(one.kind, "delay notice").capitalize()
    state = "to pay" if (one.what, one.state) == ("refund", "due") else _STATES.get(one.state, one.state)
    if one.trouble is not None and one.state != "bounced":
        state += f", {_TROUBLES[one.trouble]}"
    sum_ = one.amount if one.what == "refund" else one.at_stake
    worth = f"{one.currency}\u00a0{sum_}" if sum_ is not None and one.currency else ""
    here = chosen is not None and (chosen.order, chosen.number, chosen.refund is not None) == (
        one.order, one.number, one.what == "refund",
    )  # fmt: skip
    return Row(one, name, state, when, left, tone, worth, f"{address(view, one)}#one", here)


def _when(last: date | None, today: date) -> tuple[str, str, str]:
    if last is None:
        return "No deadline", "", "muted"
    days = (last - today).days
    return words.weekday(last, today), words.left(days), "bad" if days <= _SOON else ""
