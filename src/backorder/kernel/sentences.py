"""What a notice says, in plain English: a sentence for each element that the law asks for.

A notice is rendered from the facts that it was made from, never from how things stand later: rendered again, it says
the same, and its digest proves it.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from backorder.kernel.calendars import NEVER, day_date
from backorder.kernel.money import text as amount_text
from backorder.kernel.notices import Owed
from backorder.kernel.rules import Element

VERSION = "en-2"  # of these sentences: evidence names it


class Part(NamedTuple):
    """Goods of an order that share one promise: what they are, the day that was told before, and the new one."""

    goods: tuple[str, ...]  # "2 of Oak chair"
    told: int
    planned: int  # NEVER: no day can be given


class Ask(NamedTuple):
    """Goods of which the same answer is awaited until the same day."""

    goods: tuple[str, ...]
    silence: Literal["consent", "cancel"]
    answer_by: int
    planned: int  # the latest day that is planned for them


class Facts(NamedTuple):
    """What a notice on a delay was made from. Days are day numbers, in the zone of where the goods go to."""

    order: str
    parts: tuple[Part, ...]
    reason: str  # one plain sentence
    answer: str  # where to answer at the shop's expense: a link, a toll-free number
    charged: str  # when money is taken, one plain sentence
    contact: str
    next_word: int | None = None  # the day by which the shop writes again, whatever happens
    asks: tuple[Ask, ...] = ()  # where not all of the goods are to be answered about alike


class Letter(NamedTuple):
    """A notice as it is read, and the digest of its text."""

    subject: str
    text: str
    version: str
    digest: str


@lru_cache(maxsize=1_024)
def plain_day(day: int) -> str:
    """A day as people write it: Fri 1 May 2026."""
    date_ = day_date(day)
    return f"{date_:%a} {date_.day} {date_:%b %Y}"


def _order(facts: Facts, _owed: Owed) -> str:
    return f"Your order {facts.order} is late. We are sorry."


def _promised(part: Part) -> str:
    return "" if part.told == NEVER else f"promised for {plain_day(part.told)}, "


def _revised_day(facts: Facts, _owed: Owed) -> str:
    return "\n".join(
        f"- {', '.join(part.goods)}: {_promised(part)}now to ship by {plain_day(part.planned)}."
        for part in facts.parts
        if part.planned != NEVER
    )


def _no_day(facts: Facts, _owed: Owed) -> str:
    return "\n".join(
        f"- {', '.join(part.goods)}: {_promised(part)}we are unable to give a new day."
        for part in facts.parts
        if part.planned == NEVER
    )


def _answer_by(facts: Facts, owed: Owed) -> str:
    if not facts.asks:
        return f"Please answer by {plain_day(owed.answer_by)}."
    return "\n".join(f"- {', '.join(ask.goods)}: please answer by {plain_day(ask.answer_by)}." for ask in facts.asks)


def _silence_cancels(facts: Facts, owed: Owed) -> str:
    if not facts.asks:
        return (
            f"If you do not agree by {plain_day(owed.answer_by)}, and it has not shipped by then, it is cancelled and "
            "your money goes back to you."
        )
    return "\n".join(
        f"- {', '.join(ask.goods)}: if you do not agree by {plain_day(ask.answer_by)}, and it has not shipped by then, "
        "it is cancelled and your money for it goes back to you."
        for ask in facts.asks
        if ask.silence == "cancel"
    )


def _silence_consents(facts: Facts, _owed: Owed) -> str:
    if not facts.asks:
        latest = max(part.planned for part in facts.parts)
        return (
            f"If we do not hear from you before we ship, we take it that you agree to wait until {plain_day(latest)}."
        )
    return "\n".join(
        f"- {', '.join(ask.goods)}: if we do not hear from you before we ship, we take it that you agree to wait until "
        f"{plain_day(ask.planned)}."
        for ask in facts.asks
        if ask.silence == "consent"
    )


# In the order in which they are read. The first alone names the order.
SENTENCES: dict[Element, Callable[[Facts, Owed], str]] = {
    "order": _order,
    "revised_day": _revised_day,
    "no_day": _no_day,
    "reason": lambda facts, _: f"The reason: {facts.reason}",
    "right_to_cancel": lambda _facts, _owed: (
        "You can agree to wait, or cancel at any time before it ships for a full and prompt refund."
    ),
    "free_answer": lambda facts, _: f"Answering costs you nothing: {facts.answer}",
    "answer_by": _answer_by,
    "silence_consents": _silence_consents,
    "silence_cancels": _silence_cancels,
    "may_cancel_later": lambda _facts, _owed: (
        "If you agree to wait without a day, you can still cancel at any time before it ships."
    ),
}
assert SENTENCES.keys() == set(get_args(Element)), "every element has its sentence"


def render(facts: Facts, owed: Owed) -> Letter:
    """A notice on a delay. It says all that is asked for, and besides always what happened, why, and whom to ask."""
    assert facts.parts, "a notice is about something"
    if owed.kind == "better":
        return _sooner(facts)
    found = [_order(facts, owed), *_body(facts._replace(order=""), owed)]
    return _letter(f"Order {facts.order}: {_short(facts.parts)}", found)


@lru_cache(maxsize=256)  # a supply that slips is told to thousands who ordered the same
def _body(facts: Facts, owed: Owed) -> tuple[str, ...]:
    """What a notice says after its first sentence, which alone names the order."""
    wanted = {*owed.says, "reason", "right_to_cancel", "free_answer"} - {"order"}
    wanted |= {"no_day" if part.planned == NEVER else "revised_day" for part in facts.parts}
    wanted |= {"silence_consents" if ask.silence == "consent" else "silence_cancels" for ask in facts.asks}
    assert facts.asks or not {"silence_consents", "silence_cancels"} <= wanted, "silence means one thing"
    found = [sentence(facts, owed) for element, sentence in SENTENCES.items() if element in wanted]
    return (*found, *_ends(facts))


def _ends(facts: Facts) -> list[str]:
    """What every notice ends with."""
    found = [facts.charged]
    if facts.next_word is not None:
        found.append(f"We write to you again by {plain_day(facts.next_word)}, whatever happens.")
    return [*found, f"Questions: {facts.contact}"]


def _letter(subject: str, found: Iterable[str]) -> Letter:
    text = "\n\n".join(line for line in found if line) + "\n"
    return Letter(subject, text, VERSION, digest(subject, text))


def digest(subject: str, text: str) -> str:
    """The digest of a notice, by which it is known whether a text is the one that went: SHA-256 of both, hex."""
    return hashlib.sha256(f"{subject}\n{text}".encode()).hexdigest()


def _sooner(facts: Facts) -> Letter:
    """Some of it comes sooner than was told, and none of it later."""
    days = [
        f"- {', '.join(part.goods)}: now to ship by {plain_day(part.planned)}"
        + (f" instead of {plain_day(part.told)}." if part.told != NEVER else ".")
        for part in facts.parts
    ]
    found = [f"Good news: your order {facts.order} ships sooner.", "\n".join(days), *_ends(facts)]
    return _letter(f"Order {facts.order}: sooner than promised", found)


def beat(facts: Facts) -> Letter:
    """Word to somebody who waits long that the days still stand."""
    days = "\n".join(
        f"- {', '.join(part.goods)}: "
        + ("we still have no day." if part.planned == NEVER else f"still to ship by {plain_day(part.planned)}.")
        for part in facts.parts
    )
    found = [
        f"Your order {facts.order} is on its way to you as we told you.",
        days,
        f"You can cancel what has not shipped at any time for a full refund: {facts.answer}",
        *_ends(facts),
    ]
    return _letter(f"Order {facts.order}: still on track", found)


def goodbye(
    order: str,
    goods: Sequence[str],
    cause: str,
    money: tuple[int, str] | None,
    refund_by: int,
    forms: Sequence[str],
    contact: str,
    charged: bool,
) -> Letter:
    """Word that goods will not come, and of the money that goes back: minor units and their currency, None unknown.

    `charged` says whether anything was paid on the order.
    """
    how = f" ({'; '.join(forms)})" if forms else ""
    if money is None:
        paid = f"What you paid for it goes back to you by {plain_day(refund_by)}{how}."
    elif money[0]:
        paid = f"{amount_text(*money)} {money[1]} goes back to you by {plain_day(refund_by)}{how}."
    elif charged:
        paid = "Nothing more has to go back to you for it."
    else:
        paid = "Nothing was charged for it, and nothing will be."
    found = [
        f"Of your order {order} this is cancelled, because {CANCELLED[cause]}:",
        "\n".join(f"- {one}" for one in goods),
        paid,
        f"Questions: {contact}",
    ]
    return _letter(f"Order {order}: cancelled", found)


CANCELLED = {
    "buyer": "you asked us to",
    "seller": "we cannot deliver it",
    "silence": "we had no answer from you on the delay",
    "missed": "it could not be shipped by the day that held",
}

# Why a promise moved, by the cause in its ledger, as a customer can read it.
REASONS = {
    "rescheduled": "our supplier moved the delivery of the goods.",
    "confirmed": "our supplier gave us another day for the delivery of the goods.",
    "overdue": "the goods have not reached us when they should have.",
    "not_left": "the goods are here, but did not leave in time.",
    "short": "fewer goods reached us than were ordered.",
    "cancelled_supply": "our supplier will not deliver the goods as agreed.",
    "counted": "we have fewer of the goods in stock than our books said.",
    "adjusted": "some of the goods in stock cannot be sold.",
    "stock_loss": "some of the goods in stock were lost or damaged.",
    "lead_time": "the goods take longer to get than usual.",
    "reversed": "a parcel that we had booked did not leave.",
    "held": "your order is on hold.",
    "pinned": "we assigned other goods to your order.",
    "order_changed": "your order was changed.",
    "line_changed": "your order was changed.",
    "line_added": "goods were added to your order, which ships together.",
    "reallocated": "we had to divide the goods that there are anew among all who wait for them.",
    "undone": "we took back how we had divided the goods among all who wait for them.",
}
_OTHERWISE = "the goods are not here yet."


def reason_of(causes: Iterable[str | None]) -> str:
    """One plain sentence for why promises moved."""
    return next((REASONS[cause] for cause in causes if cause in REASONS), _OTHERWISE)


def _short(parts: Sequence[Part]) -> str:
    """The worst of it, which a subject never hides."""
    latest = max(part.planned for part in parts)
    return "later than promised, without a new day" if latest == NEVER else f"later than promised, {plain_day(latest)}"
