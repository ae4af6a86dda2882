"""What a notice says, in plain English: a sentence for each element that the law asks for.

A notice is rendered from the facts that it was made from, never from how things stand later: rendered again, it says
the same, and its digest proves it.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple, get_args

from backorder.kernel.calendars import NEVER, day_date
from backorder.kernel.notices import Owed
from backorder.kernel.rules import Element

VERSION = "en-1"  # of these sentences: evidence names it


class Part(NamedTuple):
    """Goods of an order that share one promise: what they are, the day that was told before, and the new one."""

    goods: Sequence[str]  # "2 of Oak chair"
    told: int
    planned: int  # NEVER: no day can be given


class Facts(NamedTuple):
    """What a notice on a delay was made from. Days are day numbers, in the zone of where the goods go to."""

    order: str
    parts: Sequence[Part]
    reason: str  # one plain sentence
    answer: str  # where to answer at the shop's expense: a link, a toll-free number
    charged: str  # when money is taken, one plain sentence
    contact: str
    next_word: int | None = None  # the day by which the shop writes again, whatever happens


class Notice(NamedTuple):
    """A notice as it is read, and the digest of its text."""

    subject: str
    text: str
    version: str
    digest: str


def plain_day(day: int) -> str:
    """A day as people write it: Fri 1 May 2026."""
    date_ = day_date(day)
    return f"{date_:%a} {date_.day} {date_:%b %Y}"


def _order(facts: Facts, _owed: Owed) -> str:
    return f"Your order {facts.order} is late. We are sorry."


def _revised_day(facts: Facts, _owed: Owed) -> str:
    return "\n".join(
        f"- {', '.join(part.goods)}: promised for {plain_day(part.told)}, now to ship by {plain_day(part.planned)}."
        for part in facts.parts
        if part.planned != NEVER
    )


def _no_day(facts: Facts, _owed: Owed) -> str:
    return "\n".join(
        f"- {', '.join(part.goods)}: promised for {plain_day(part.told)}. We are unable to give a new day."
        for part in facts.parts
        if part.planned == NEVER
    )


def _silence_cancels(_facts: Facts, owed: Owed) -> str:
    return (
        f"If you do not agree by {plain_day(owed.answer_by)}, and it has not shipped by then, it is cancelled and your "
        "money goes back to you."
    )


def _silence_consents(facts: Facts, _owed: Owed) -> str:
    latest = max(part.planned for part in facts.parts)
    return f"If we do not hear from you before we ship, we take it that you agree to wait until {plain_day(latest)}."


# In the order in which they are read.
SENTENCES: dict[Element, Callable[[Facts, Owed], str]] = {
    "order": _order,
    "revised_day": _revised_day,
    "no_day": _no_day,
    "reason": lambda facts, _: f"The reason: {facts.reason}",
    "right_to_cancel": lambda _facts, _owed: (
        "You can agree to wait, or cancel at any time before it ships for a full and prompt refund."
    ),
    "free_answer": lambda facts, _: f"Answering costs you nothing: {facts.answer}",
    "answer_by": lambda _, owed: f"Please answer by {plain_day(owed.answer_by)}.",
    "silence_consents": _silence_consents,
    "silence_cancels": _silence_cancels,
    "may_cancel_later": lambda _facts, _owed: (
        "If you agree to wait without a day, you can still cancel at any time before it ships."
    ),
}
assert SENTENCES.keys() == set(get_args(Element)), "every element has its sentence"


def render(facts: Facts, owed: Owed) -> Notice:
    """A notice on a delay. It says all that is asked for, and besides always what happened, why, and whom to ask."""
    assert facts.parts, "a notice is about something"
    wanted = {*owed.says, "order", "reason", "right_to_cancel", "free_answer"}
    wanted |= {"no_day" if part.planned == NEVER else "revised_day" for part in facts.parts}
    assert not {"silence_consents", "silence_cancels"} <= wanted, "silence means one thing"
    found = [sentence(facts, owed) for element, sentence in SENTENCES.items() if element in wanted]
    found.append(facts.charged)
    if facts.next_word is not None:
        found.append(f"We write to you again by {plain_day(facts.next_word)}, whatever happens.")
    found.append(f"Questions: {facts.contact}")
    text = "\n\n".join(line for line in found if line) + "\n"
    subject = f"Order {facts.order}: {_short(facts.parts)}"
    return Notice(subject, text, VERSION, hashlib.sha256(f"{subject}\n{text}".encode()).hexdigest())


def _short(parts: Sequence[Part]) -> str:
    """The worst of it, which a subject never hides."""
    latest = max(part.planned for part in parts)
    return "later than promised, without a new day" if latest == NEVER else f"later than promised, {plain_day(latest)}"
