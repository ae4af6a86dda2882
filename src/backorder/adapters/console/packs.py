"""A rule pack in words: what it asks of the shop, and in what two packs differ."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from backorder.kernel.calendars import WEEKDAYS
from backorder.kernel.phrases import Phrase, Said, phrase, phrases
from backorder.kernel.rules import Delay, Element, Leaving, Limit, Pack, Refund, Silence

NEW = """pack = "my-place"
title = "What the pack is called"
source = "Which law, or which terms, and since when"
places = ["CH"]
buyers = ["consumer"]

[limit]
basis = "deliver"
starts = "contract"
days = 30

[refund]
days = 14
unit = "calendar"
forms = ["the same method as the payment"]
never = ["voucher"]
"""

_BUYERS = {
    frozenset({"consumer"}): phrase("consumers"),
    frozenset({"business"}): phrase("businesses"),
    frozenset({"consumer", "business"}): phrase("consumers and businesses"),
}
_BASES = {
    "ship": phrase("Goods have to be shipped by the day that was told"),
    "deliver": phrase("Goods have to be delivered by the day that was told"),
}
_STARTS = {
    "completed": phrase("The clock begins when the order is complete and its payment authorised"),
    "payment": phrase("The clock begins when payment is accepted"),
    "contract": phrase("The clock begins when the contract is made"),
}
_SAYS: dict[Element, Phrase] = {
    "order": phrase("which order it is"),
    "revised_day": phrase("the new day"),
    "no_day": phrase("that there is no day"),
    "reason": phrase("the reason"),
    "right_to_cancel": phrase("the right to cancel"),
    "free_answer": phrase("that an answer costs nothing"),
    "silence_consents": phrase("that no answer means yes"),
    "silence_cancels": phrase("that no answer means no"),
    "may_cancel_later": phrase("that they may cancel later, too"),
    "answer_by": phrase("until when to answer"),
}
_DAYS = {
    "mon": phrase("Monday"),
    "tue": phrase("Tuesday"),
    "wed": phrase("Wednesday"),
    "thu": phrase("Thursday"),
    "fri": phrase("Friday"),
    "sat": phrase("Saturday"),
    "sun": phrase("Sunday"),
}
Line = Said | str  # a sentence of ours, or words of the pack


class Fact(NamedTuple):
    """What a pack says of one thing, in sentences; `items` is a list that the last of them begins."""

    name: Said
    lines: tuple[Line, ...]
    items: tuple[Phrase | str, ...] = ()


class Difference(NamedTuple):
    """What one pack says of a thing, and another; None where it says nothing of it."""

    name: Said
    before: Fact | None
    after: Fact | None


def facts(pack: Pack) -> list[Fact]:
    """All that a pack says."""
    where: tuple[Line, ...] = (Said(phrase("Where you name it")),) if not pack.places else (", ".join(pack.places),)
    found = [
        Fact(Said(phrase("Called")), (pack.title,)),
        Fact(Said(phrase("Rests on")), (pack.source,)),
        Fact(Said(phrase("For")), (Said(_BUYERS[frozenset(pack.buyers)]),)),
        Fact(Said(phrase("Where goods go to")), where),
        Fact(Said(phrase("Clock")), tuple(_limit(pack.limit))),
        *(_delay(delay) for delay in pack.delay),
    ]
    if pack.renewed is not None:
        until = Said(phrase("No answer until the day that was to be kept: it means yes"))
        if pack.renewed.silence == "cancel":
            until = Said(phrase("No answer until the day that was to be kept: it means no, and the order is cancelled"))
        found.append(_told(Said(phrase("A later delay, however short")), until, pack.renewed.says))
    found.append(Fact(Said(phrase("When a buyer may leave")), tuple(_leaving(pack.leaving, asks=pack.asks))))
    if pack.binding:
        found.append(Fact(Said(phrase("When the seller may")), (Said(phrase("Never: the shop cannot cancel a line")),)))
    found.append(Fact(Said(phrase("Refund")), tuple(_refund(pack.refund)), pack.refund.forms))
    if pack.refund.never:
        found.append(Fact(Said(phrase("Never paid back as")), (), pack.refund.never))
    if pack.notes:
        found.append(Fact(Said(phrase("Notes")), (pack.notes,)))
    return found


def differences(before: Pack | None, after: Pack) -> list[Difference]:
    """In what a pack differs from the one whose place it would take; all of it where there is none."""
    mine = {_key(fact): fact for fact in facts(after)}
    there = {_key(fact): fact for fact in facts(before)} if before is not None else {}
    return [
        Difference((mine.get(key) or there[key]).name, there.get(key), mine.get(key))
        for key in dict.fromkeys([*mine, *there])
        if mine.get(key) != there.get(key)
    ]


def _key(fact: Fact) -> tuple[Phrase, tuple[object, ...]]:
    return fact.name.phrase, tuple(fact.name.values.items())


def _limit(limit: Limit) -> Iterator[Said]:
    yield Said(_BASES[limit.basis])
    yield Said(_STARTS[limit.starts])
    if limit.days is None:
        yield Said(phrase("A day has to be told"))
    else:
        many = phrases("Where no day was told: within {count} day", "Where no day was told: within {count} days")
        yield Said(many, {"count": limit.days})
    if limit.credit_days is not None:
        many = phrases(
            "Within {count} day where the buyer applied to the seller for credit",
            "Within {count} days where the buyer applied to the seller for credit",
        )
        yield Said(many, {"count": limit.credit_days})
    if not limit.agreed_moves:
        yield Said(phrase("A later day that the buyer agreed to does not move it"))


def _delay(delay: Delay) -> Fact:
    if delay.from_days is None:
        name = Said(phrase("A first delay without a day"))
    elif delay.to_days is None:
        name = Said(phrase("A first delay of {days} days or more"), {"days": delay.from_days})
    else:
        name = Said(
            phrase("A first delay of {first} to {last} days"), {"first": delay.from_days, "last": delay.to_days}
        )
    return _told(name, _silence(delay.silence, delay.answer_days), delay.says)


def _silence(silence: Silence, days: int | None) -> Said:
    if days is None:
        yes = phrase("No answer until the new day: it means yes")
        no = phrase("No answer until the new day: it means no, and the order is cancelled")
        return Said(yes if silence == "consent" else no)
    yes = phrases(
        "No answer until {count} day after the clock ran out: it means yes",
        "No answer until {count} days after the clock ran out: it means yes",
    )
    no = phrases(
        "No answer until {count} day after the clock ran out: it means no, and the order is cancelled",
        "No answer until {count} days after the clock ran out: it means no, and the order is cancelled",
    )
    return Said(yes if silence == "consent" else no, {"count": days})


def _told(name: Said, silence: Said, says: Sequence[Element]) -> Fact:
    return Fact(name, (silence, Said(phrase("The notice says"))), tuple(_SAYS[one] for one in says))


def _leaving(leaving: Leaving, *, asks: bool) -> Iterator[Said]:
    if leaving.after_days:
        many = phrases("{count} day after the clock ran out", "{count} days after the clock ran out")
        yield Said(many, {"count": leaving.after_days})
    else:
        yield Said(phrase("Once the clock ran out"))
    if leaving.call:
        yield Said(phrase("After setting a further day that is missed too"))
    if not asks:
        yield Said(phrase("Nobody is asked: no answer means nothing"))


def _refund(refund: Refund) -> Iterator[Line]:
    if refund.unit == "calendar":
        many = phrases("Within {count} day", "Within {count} days")
    else:
        many = phrases("Within {count} working day", "Within {count} working days")
    yield Said(many, {"count": refund.days})
    if refund.unit == "working" and refund.holidays:
        yield Said(phrase("Holidays: {holidays}"), {"holidays": refund.holidays})
    if refund.weekdays != WEEKDAYS[:5]:
        yield Said(phrase("Working days:"))
        yield from (Said(_DAYS[day]) for day in refund.weekdays)
    yield Said(phrase("Paid back as"))
