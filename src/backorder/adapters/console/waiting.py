"""The queue of notices and refunds: what waits for people, by deadline, and what can be done about one of them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from urllib.parse import urlencode

from backorder.adapters.console import words
from backorder.adapters.console.several import Result, take
from backorder.kernel.phrases import Phrase, Said, Value, phrase
from backorder.queries.notices import Counts, NoticeView, Waiting
from backorder.queries.refunds import RefundView
from backorder.queries.telling import Moved, Telling


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
SPOKEN = {name: said for name, said in MEANS.items() if name != "email"}  # how people tell somebody by themselves
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
_UNSHIPPED, _SENT = phrase("{units} not shipped"), phrase("Sent by e-mail.")
_DELAY, _REFUND, _TO_PAY = phrase("Delay notice"), phrase("Refund"), phrase("to pay")
_NUMBERED, _NOT_REACHED, _NO_DEADLINE = phrase("{name} {number}"), phrase("{state}, {trouble}"), phrase("No deadline")
_STATES = {
    "due": phrase("to send"),
    "asking": phrase("waits for an answer"),
    "bounced": phrase("came back"),
    "overdue": phrase("overdue"),
}
_PAST = "replaced"  # the state of a notice in whose place another came
_TROUBLES = {"no_address": phrase("no address"), "bounced": phrase("an e-mail came back")}
_SOON = 2  # days
_GOOD = {"better", "still"}  # news that no law wants told by a day
# What a form was for, once it was done.
DONE = {
    "send_notice": phrase("They are told. Take down here what they answer."),
    "suppress_notice": phrase("The notice is not sent."),
    "answer_notice": phrase("The answer is taken down and has its effect."),
    "record_notice": phrase("It is recorded."),
    "record_refund": phrase("The refund is recorded."),
}
_NOTHING, _OFF = phrase("Nothing to see to."), phrase("Customers are told nothing: that is turned off.")
_TO_SEE_TO, _FIRST = phrase("{count} to see to."), phrase("{count} to see to. The first deadline is {day}.")


class Day(NamedTuple):
    """A day that is told, and the one in whose place it comes: the first that was promised, as long as they differ."""

    was: Value
    now: Value


class Row(NamedTuple):
    """One that waits, as the table has it; `take` is what its box says, empty where no e-mail can go."""

    one: Waiting
    name: Phrase
    about: list[Value]
    days: list[Day]
    silence: Phrase | str
    state: Said
    when: Value
    left: Value
    tone: str
    worth: Value
    link: str
    chosen: bool
    take: str


class Chosen(NamedTuple):
    """The one that is looked at: a notice with what it tells and all notices of its order, or a refund."""

    order: str
    number: int
    notice: NoticeView | None = None
    refund: RefundView | None = None
    telling: Telling | None = None
    all: Sequence[NoticeView] = ()

    @property
    def name(self) -> Said:
        """What it is called."""
        name = _REFUND if self.notice is None else _KINDS.get(self.notice.kind, _DELAY)
        return Said(_NUMBERED, {"name": Said(name), "number": str(self.number)})

    @property
    def due(self) -> bool:
        """Whether it is still to be sent."""
        return self.notice is not None and self.notice.state == "due"

    @property
    def answerable(self) -> bool:
        """Whether the customer can answer it: they were told, of goods that can come, and of nothing else since."""
        return self.went and self.notice is not None and self.notice.kind != "cancelled" and self.notice.state != _PAST

    @property
    def went(self) -> bool:
        """Whether it can be said to have arrived, or not."""
        return self.notice is not None and self.notice.sent_at is not None

    @property
    def forms(self) -> frozenset[str]:
        """What can be done about it, by the words of the forms."""
        found = {"send_notice", "suppress_notice"} if self.due else set()
        found |= {"answer_notice"} if self.answerable else set()
        found |= {"record_notice"} if self.went else set()
        return frozenset(found | ({"record_refund"} if self.refund is not None and not self.refund.ended_at else set()))

    def named(self, notice: NoticeView) -> Said:
        """What a notice of the order is called."""
        return self._replace(number=notice.notice, notice=notice).name


def best(found: Sequence[NoticeView]) -> NoticeView | None:
    """The notice of an order that somebody means who names the order alone: what waits, else the last that went."""
    ranks = {"asking": 3, "bounced": 3, "due": 2}
    return max(found, key=lambda one: (ranks.get(one.state, one.sent_at is not None), one.notice), default=None)


def counted(found: Counts, most: int) -> dict[str, Value]:
    """How many wait, by the name of each view; what none is said of has none."""
    notices = found.due + found.asking + found.bounced
    by_view = {
        "all": notices + found.refunds,
        "due": found.due,
        "asking": found.asking,
        "trouble": found.troubled + found.bounced,
        "refund": found.refunds,
    }
    return {name: words.count(many, most) for name, many in by_view.items() if many}


def address(view: str, one: Waiting | None = None, **more: str) -> str:
    """Where a part of the queue is, with one that is looked at."""
    said = {} if view == "all" else {"view": view}
    if one is not None:
        said |= {"what": one.what, "order": one.order, "number": str(one.number)}
    said |= more
    return "/console/notices" + (f"?{urlencode(said)}" if said else "")


def row(
    one: Waiting, told: Mapping[tuple[str, int], Telling], today: date, zone: str, view: str, chosen: Chosen | None
) -> Row:
    """One that waits, in words; `told` is what notices tell, by their orders and numbers."""
    tells = told.get((one.order, one.number)) if one.what == "notice" else None
    last = None if one.deadline is None else words.last_day(one.deadline, zone)
    name = _REFUND if one.what == "refund" else _KINDS.get(one.kind, _DELAY)
    state = Said(_TO_PAY if (one.what, one.state) == ("refund", "due") else _STATES[one.state])
    if one.trouble is not None and one.state != "bounced":
        state = Said(_NOT_REACHED, {"state": state, "trouble": Said(_TROUBLES[one.trouble])})
    sum_ = one.amount if one.what == "refund" else one.at_stake
    here = chosen is not None and (chosen.order, chosen.number, chosen.refund is not None) == (
        one.order, one.number, one.what == "refund",
    )  # fmt: skip
    about: list[Value] = [Said(_UNSHIPPED, {"units": words.units(one.units)})] if one.units else []
    if tells is not None and tells.country:
        about.append(tells.country)
    return Row(
        one,
        name,
        about,
        days(tells.moves, today) if tells is not None else [],
        SILENCE[tells.silence] if tells is not None else "",
        state,
        *_when(last, today, calm=one.what == "notice" and one.kind in _GOOD),
        words.amount(sum_, one.currency) if sum_ is not None and one.currency else "",
        f"{address(view, one)}#one",
        here,
        take(one.order, str(one.number)) if (one.what, one.state, one.trouble) == ("notice", "due", None) else "",
    )


def days(moves: Sequence[Moved], today: date) -> list[Day]:
    """The days that a notice tells, each once."""
    found = dict.fromkeys((one.first if one.first != one.planned else one.told, one.planned) for one in moves)
    return [Day("" if was == now else words.day(was, today), words.day(now, today)) for was, now in found]


def _when(last: date | None, today: date, *, calm: bool) -> tuple[Value, Value, str]:
    """A last day in words, how far off it is, and its tone: that of good news is `calm`."""
    if last is None:
        return Said(_NO_DEADLINE), "", "muted"
    left = (last - today).days
    if calm:
        return words.weekday(last, today), "", "muted"
    return words.weekday(last, today), words.left(left), "bad" if left <= _SOON else ""


def sent(order: str, wrong: Said | None) -> Result:
    """What came of sending one of several notices."""
    return Result(order, (), Said(_SENT) if wrong is None else wrong, refused=wrong is not None)


def lead(found: Sequence[Waiting], most: int, today: date, zone: str, *, on: bool) -> Said:
    """How many wait, and until when, in a sentence; there is one more than `most` where there are more.

    `on` says whether customers are told at all.
    """
    if not found:
        return Said(_NOTHING if on else _OFF)
    values: dict[str, Value] = {"count": f"{most}+" if len(found) > most else str(len(found))}
    first = next((one.deadline for one in found if one.deadline is not None and one.kind not in _GOOD), None)
    if first is None:
        return Said(_TO_SEE_TO, values)
    return Said(_FIRST, {**values, "day": words.weekday(words.last_day(first, zone), today)})
