"""What a notice says: a sentence for each element that the law asks for, in plain English and as it is translated.

A notice is rendered from the facts that it was made from, never from how things stand later: rendered again, it says
the same, and its digest proves it. A language that lacks one of its sentences says none of it.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from backorder.kernel.calendars import NEVER
from backorder.kernel.notices import Owed
from backorder.kernel.phrases import Money, Phrase, Said, WholeDay, phrase
from backorder.kernel.rules import Element
from backorder.kernel.tongues import ENGLISH, Tongue, Voice

# Of these sentences, by their language: evidence names it with the language's tag. A catalogue whose sentences are
# said otherwise than before gets the next number; a language that is not here has its first.
_VERSIONS = {"en": 2}


class Units(NamedTuple):
    """Units of an item; `line` is told where the same item stands on several lines of what is told."""

    quantity: int
    item: str
    line: str | None = None


class Part(NamedTuple):
    """Goods of an order that share one promise: what they are, the day that was told before, and the new one."""

    goods: tuple[Units, ...]
    told: int
    planned: int  # NEVER: no day can be given


class Ask(NamedTuple):
    """Goods of which the same answer is awaited until the same day."""

    goods: tuple[Units, ...]
    silence: Literal["consent", "cancel"]
    answer_by: int
    planned: int  # the latest day that is planned for them


class Facts(NamedTuple):
    """What a notice on a delay was made from. Days are day numbers, in the zone of where the goods go to."""

    order: str
    parts: tuple[Part, ...]
    reason: str  # one plain sentence, in English: one of REASONS where it is to be said in other languages
    answer: str  # where to answer at the shop's expense: a link, a toll-free number
    charged: str  # when money is taken, one plain sentence of the merchant's
    contact: str
    next_word: int | None = None  # the day by which the shop writes again, whatever happens
    asks: tuple[Ask, ...] = ()  # where not all of the goods are to be answered about alike


class Letter(NamedTuple):
    """A notice as it is read, and the digest of its text; `lacking` are sentences that the wanted language has not.

    `version` is that of the sentences: the language's tag, and the number of its version.
    """

    subject: str
    text: str
    version: str
    digest: str
    lacking: tuple[str, ...] = ()


def version_of(tongue: Tongue) -> str:
    """The version of the sentences of a language, such as en-2 or de-AT-1."""
    return f"{tongue.tag}-{_VERSIONS.get(tongue.tag.partition('-')[0], 1)}"


def language_of(version: str | None) -> str:
    """The tag of the language that sentences of a version are in; English where nothing else is known."""
    return (version or "").rpartition("-")[0] or ENGLISH.tag


def _order(facts: Facts, _owed: Owed, say: Voice) -> str:
    return say(phrase("Your order {order} is late. We are sorry."), order=facts.order)


def _goods(goods: Iterable[Units], say: Voice) -> str:
    return ", ".join(named(one, say) for one in goods)


def named(one: Units, say: Voice) -> str:
    """Units of an item as a notice names them."""
    if one.line is None:
        return say(phrase("{quantity} of {item}"), quantity=one.quantity, item=one.item)
    return say(phrase("{quantity} of {item} (line {line})"), quantity=one.quantity, item=one.item, line=one.line)


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _revised_day(facts: Facts, _owed: Owed, say: Voice) -> str:
    return _listed(_now_by(part, say) for part in facts.parts if part.planned != NEVER)


def _now_by(part: Part, say: Voice) -> str:
    goods, planned = _goods(part.goods, say), WholeDay(part.planned)
    if part.told == NEVER:
        return say(phrase("{goods}: now to ship by {planned}."), goods=goods, planned=planned)
    told = WholeDay(part.told)
    return say(
        phrase("{goods}: promised for {told}, now to ship by {planned}."), goods=goods, told=told, planned=planned
    )


def _no_day(facts: Facts, _owed: Owed, say: Voice) -> str:
    return _listed(_without(part, say) for part in facts.parts if part.planned == NEVER)


def _without(part: Part, say: Voice) -> str:
    goods = _goods(part.goods, say)
    if part.told == NEVER:
        return say(phrase("{goods}: we are unable to give a new day."), goods=goods)
    told = WholeDay(part.told)
    return say(phrase("{goods}: promised for {told}, we are unable to give a new day."), goods=goods, told=told)


def _answer_by(facts: Facts, owed: Owed, say: Voice) -> str:
    if not facts.asks:
        return say(phrase("Please answer by {day}."), day=WholeDay(owed.answer_by))
    each = phrase("{goods}: please answer by {day}.")
    return _listed(say(each, goods=_goods(ask.goods, say), day=WholeDay(ask.answer_by)) for ask in facts.asks)


def _silence_cancels(facts: Facts, owed: Owed, say: Voice) -> str:
    if not facts.asks:
        whole = phrase(
            "If you do not agree by {day}, and it has not shipped by then, it is cancelled and your money goes back to "
            "you."
        )
        return say(whole, day=WholeDay(owed.answer_by))
    each = phrase(
        "{goods}: if you do not agree by {day}, and it has not shipped by then, it is cancelled and your money for it "
        "goes back to you."
    )
    asks = [ask for ask in facts.asks if ask.silence == "cancel"]
    return _listed(say(each, goods=_goods(ask.goods, say), day=WholeDay(ask.answer_by)) for ask in asks)


def _silence_consents(facts: Facts, _owed: Owed, say: Voice) -> str:
    if not facts.asks:
        latest = max(part.planned for part in facts.parts)
        whole = phrase("If we do not hear from you before we ship, we take it that you agree to wait until {day}.")
        return say(whole, day=WholeDay(latest))
    each = phrase("{goods}: if we do not hear from you before we ship, we take it that you agree to wait until {day}.")
    asks = [ask for ask in facts.asks if ask.silence == "consent"]
    return _listed(say(each, goods=_goods(ask.goods, say), day=WholeDay(ask.planned)) for ask in asks)


def _reason(facts: Facts, _owed: Owed, say: Voice) -> str:
    return say(phrase("The reason: {reason}"), reason=say(Phrase(facts.reason)))


def _right_to_cancel(_facts: Facts, _owed: Owed, say: Voice) -> str:
    return say(phrase("You can agree to wait, or cancel at any time before it ships for a full and prompt refund."))


def _free_answer(facts: Facts, _owed: Owed, say: Voice) -> str:
    return say(phrase("Answering costs you nothing: {answer}"), answer=facts.answer)


def _may_cancel_later(_facts: Facts, _owed: Owed, say: Voice) -> str:
    return say(phrase("If you agree to wait without a day, you can still cancel at any time before it ships."))


# In the order in which they are read. The first alone names the order.
SENTENCES: dict[Element, Callable[[Facts, Owed, Voice], str]] = {
    "order": _order,
    "revised_day": _revised_day,
    "no_day": _no_day,
    "reason": _reason,
    "right_to_cancel": _right_to_cancel,
    "free_answer": _free_answer,
    "answer_by": _answer_by,
    "silence_consents": _silence_consents,
    "silence_cancels": _silence_cancels,
    "may_cancel_later": _may_cancel_later,
}
assert SENTENCES.keys() == set(get_args(Element)), "every element has its sentence"

_Written = tuple[str, Sequence[str]]  # a subject, and what is said


def render(facts: Facts, owed: Owed, tongue: Tongue = ENGLISH) -> Letter:
    """A notice on a delay. It says all that is asked for, and besides always what happened, why, and whom to ask."""
    assert facts.parts, "a notice is about something"
    if owed.kind == "better":
        return _letter(tongue, lambda say: _sooner(facts, say))
    late = _late(facts._replace(order=_ORDER), owed, tongue)
    if late.lacking:
        return render(facts, owed)._replace(lacking=late.lacking)
    order = tongue.say(Said(_NAMED, {"order": facts.order}))
    subject, text = late.subject.replace(_ORDER, order), late.first.replace(_ORDER, order) + late.rest
    return Letter(subject, text, late.version, digest(subject, text))


class _Late(NamedTuple):
    """A notice to whoever waits for the same: `subject` and `first`, its first sentence, alone name the order."""

    subject: str
    first: str
    rest: str
    version: str
    lacking: tuple[str, ...]


_ORDER = "\ue000"  # stands for the order in what is remembered; no language says it
_NAMED = Phrase("{order}")


@lru_cache(maxsize=1_024)  # a supply that slips is told to thousands who ordered the same, in a few languages
def _late(facts: Facts, owed: Owed, tongue: Tongue) -> _Late:
    wanted = {*owed.says, "reason", "right_to_cancel", "free_answer"} - {"order"}
    wanted |= {"no_day" if part.planned == NEVER else "revised_day" for part in facts.parts}
    wanted |= {"silence_consents" if ask.silence == "consent" else "silence_cancels" for ask in facts.asks}
    assert facts.asks or not {"silence_consents", "silence_cancels"} <= wanted, "silence means one thing"
    say = Voice(tongue)
    subject, first = _late_subject(facts, say), _order(facts, owed, say)
    found = [sentence(facts, owed, say) for element, sentence in SENTENCES.items() if element in wanted]
    rest = _joined(["", *filter(None, [*found, *_ends(facts, say)])])
    return _Late(subject, first, rest, version_of(tongue), tuple(say.lacking))


def _joined(found: Iterable[str]) -> str:
    return "\n\n".join(found) + "\n"


def _ends(facts: Facts, say: Voice) -> list[str]:
    """What every notice ends with."""
    found = [facts.charged]
    if facts.next_word is not None:
        found.append(say(phrase("We write to you again by {day}, whatever happens."), day=WholeDay(facts.next_word)))
    return [*found, _questions(facts.contact, say)]


def _questions(contact: str, say: Voice) -> str:
    return say(phrase("Questions: {contact}"), contact=contact)


def _letter(tongue: Tongue, write: Callable[[Voice], _Written]) -> Letter:
    """A notice in a language, or in English where that lacks a sentence of it: half a notice would hide a right."""
    say = Voice(tongue)
    subject, found = write(say)
    if say.lacking:
        return _letter(ENGLISH, write)._replace(lacking=tuple(say.lacking))
    text = _joined(filter(None, found))
    return Letter(subject, text, version_of(tongue), digest(subject, text))


def digest(subject: str, text: str) -> str:
    """The digest of a notice, by which it is known whether a text is the one that went: SHA-256 of both, hex."""
    return hashlib.sha256(f"{subject}\n{text}".encode()).hexdigest()


def _sooner(facts: Facts, say: Voice) -> _Written:
    """Some of it comes sooner than was told, and none of it later."""
    first = say(phrase("Good news: your order {order} ships sooner."), order=facts.order)
    days = _listed(_instead(part, say) for part in facts.parts)
    return say(phrase("Order {order}: sooner than promised"), order=facts.order), [first, days, *_ends(facts, say)]


def _instead(part: Part, say: Voice) -> str:
    if part.told == NEVER:
        return _now_by(part, say)
    goods, planned, told = _goods(part.goods, say), WholeDay(part.planned), WholeDay(part.told)
    return say(phrase("{goods}: now to ship by {planned} instead of {told}."), goods=goods, planned=planned, told=told)


def beat(facts: Facts, tongue: Tongue = ENGLISH) -> Letter:
    """Word to somebody who waits long that the days still stand."""
    return _letter(tongue, lambda say: _still(facts, say))


def _still(facts: Facts, say: Voice) -> _Written:
    found = [
        say(phrase("Your order {order} is on its way to you as we told you."), order=facts.order),
        _listed(_stands(part, say) for part in facts.parts),
        say(phrase("You can cancel what has not shipped at any time for a full refund: {answer}"), answer=facts.answer),
        *_ends(facts, say),
    ]
    return say(phrase("Order {order}: still on track"), order=facts.order), found


def _stands(part: Part, say: Voice) -> str:
    goods = _goods(part.goods, say)
    if part.planned == NEVER:
        return say(phrase("{goods}: we still have no day."), goods=goods)
    return say(phrase("{goods}: still to ship by {planned}."), goods=goods, planned=WholeDay(part.planned))


class Gone(NamedTuple):
    """Goods that will not come, and the money that goes back: minor units and their currency, None unknown.

    `forms` are the ways in which it may go back, in the words of the rule pack, `charged` says whether anything was
    paid on the order.
    """

    order: str
    goods: Sequence[str]
    cause: str
    money: tuple[int, str] | None
    refund_by: int
    forms: Sequence[str]
    contact: str
    charged: bool


def goodbye(gone: Gone, tongue: Tongue = ENGLISH) -> Letter:
    """Word that goods will not come, and of the money that goes back."""
    return _letter(tongue, lambda say: _cancelled(gone, say))


def _cancelled(gone: Gone, say: Voice) -> _Written:
    found = [
        say(CANCELLED[gone.cause], order=gone.order),
        _listed(gone.goods),
        _paid(gone, say),
        _questions(gone.contact, say),
    ]
    return say(phrase("Order {order}: cancelled"), order=gone.order), found


def _paid(gone: Gone, say: Voice) -> str:
    day, how = WholeDay(gone.refund_by), "; ".join(say(Phrase(form)) for form in gone.forms)
    if gone.money is None:
        if how:
            return say(phrase("What you paid for it goes back to you by {day} ({how})."), day=day, how=how)
        return say(phrase("What you paid for it goes back to you by {day}."), day=day)
    if gone.money[0]:
        amount = Money(*gone.money)
        if how:
            return say(phrase("{amount} goes back to you by {day} ({how})."), amount=amount, day=day, how=how)
        return say(phrase("{amount} goes back to you by {day}."), amount=amount, day=day)
    if gone.charged:
        return say(phrase("Nothing more has to go back to you for it."))
    return say(phrase("Nothing was charged for it, and nothing will be."))


# What begins a notice of goods that will not come, by who or what cancelled them.
CANCELLED = {
    "buyer": phrase("Of your order {order} this is cancelled, because you asked us to:"),
    "seller": phrase("Of your order {order} this is cancelled, because we cannot deliver it:"),
    "silence": phrase("Of your order {order} this is cancelled, because we had no answer from you on the delay:"),
    "missed": phrase("Of your order {order} this is cancelled, because it could not be shipped by the day that held:"),
}

# The ways in which money goes back, as the rule packs that come along name them.
FORMS = (
    phrase("the same method as the payment"),
    phrase("credit note"),
    phrase("a credit to the card's issuer with a copy to the buyer"),
    phrase("a statement that nothing will be charged"),
)

# Why a promise moved, by the cause in its ledger, as a customer can read it.
REASONS = {
    "rescheduled": phrase("our supplier moved the delivery of the goods."),
    "confirmed": phrase("our supplier gave us another day for the delivery of the goods."),
    "overdue": phrase("the goods have not reached us when they should have."),
    "not_left": phrase("the goods are here, but did not leave in time."),
    "short": phrase("fewer goods reached us than were ordered."),
    "cancelled_supply": phrase("our supplier will not deliver the goods as agreed."),
    "counted": phrase("we have fewer of the goods in stock than our books said."),
    "adjusted": phrase("some of the goods in stock cannot be sold."),
    "stock_loss": phrase("some of the goods in stock were lost or damaged."),
    "lead_time": phrase("the goods take longer to get than usual."),
    "reversed": phrase("a parcel that we had booked did not leave."),
    "held": phrase("your order is on hold."),
    "pinned": phrase("we assigned other goods to your order."),
    "order_changed": phrase("your order was changed."),
    "line_changed": phrase("your order was changed."),
    "line_added": phrase("goods were added to your order, which ships together."),
    "reallocated": phrase("we had to divide the goods that there are anew among all who wait for them."),
    "undone": phrase("we took back how we had divided the goods among all who wait for them."),
}
_OTHERWISE = phrase("the goods are not here yet.")


def reason_of(causes: Iterable[str | None]) -> str:
    """One plain sentence for why promises moved, in English."""
    return next((REASONS[cause] for cause in causes if cause in REASONS), _OTHERWISE).one


def _late_subject(facts: Facts, say: Voice) -> str:
    """The worst of it, which a subject never hides."""
    latest = max(part.planned for part in facts.parts)
    if latest == NEVER:
        return say(phrase("Order {order}: later than promised, without a new day"), order=facts.order)
    return say(phrase("Order {order}: later than promised, {day}"), order=facts.order, day=WholeDay(latest))
