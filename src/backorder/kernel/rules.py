"""Rule packs: what the law of a place makes of a delayed order, as data that is read, checked and named in evidence.

A pack is a TOML text; the packs that come along are in `backorder/rules`.
"""

import hashlib
import re
from collections.abc import Collection, Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from backorder.kernel.calendars import WEEKDAYS, Calendar, calendar
from backorder.kernel.keys import END

Days = Annotated[int, Meta(ge=0, le=3_650)]
Name = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,39}" + END)]
Text = Annotated[str, Meta(min_length=1, max_length=1_000)]
Place = Annotated[str, Meta(pattern="^[A-Z]{2}(-[A-Z0-9]{1,3})?" + END)]  # ISO 3166-1 or 3166-2
Silence = Literal["consent", "cancel"]  # where it means nothing, a pack has no delays

# What a notice can be required to say. `kernel/notices.py` has a sentence for each.
Element = Literal[
    "order",
    "revised_day",
    "no_day",
    "reason",
    "right_to_cancel",
    "free_answer",
    "silence_consents",
    "silence_cancels",
    "may_cancel_later",
    "answer_by",
]


class BadPack(ValueError):
    """A rule pack cannot be used; the message says which field and why."""


class Limit(Struct, frozen=True, forbid_unknown_fields=True):
    """When goods have to be shipped or delivered."""

    basis: Literal["ship", "deliver"]
    starts: Literal["completed", "payment", "contract"]  # an order with payment authorised; money taken; a contract
    days: Days | None = None  # after the start, where no day was stated; None: a day has to be stated
    credit_days: Days | None = None  # the same where the buyer applied to the seller for credit
    agreed_moves: bool = True  # whether a later day that the buyer agreed to takes the place of the first


class Delay(Struct, frozen=True, forbid_unknown_fields=True):
    """What a first notice of a delay of some length is, and what it means when the buyer does not answer.

    Lengths are days from the limit to the new day. `answer_days` is how long after the limit an answer is awaited;
    left out, it is awaited until the new day.
    """

    kind: Literal["short", "long", "indefinite"]
    silence: Silence
    says: tuple[Element, ...]
    from_days: Days | None = None
    to_days: Days | None = None
    answer_days: Days | None = None


class Renewed(Struct, frozen=True, forbid_unknown_fields=True):
    """Every later notice. An answer is awaited until the day that was to be kept before it."""

    silence: Silence
    says: tuple[Element, ...]


class Leaving(Struct, frozen=True, forbid_unknown_fields=True):
    """From when a buyer may end the contract because goods are late; before that the shop lets them by its own will.

    `call` says that the buyer has to set a further day first, unless the day was essential or the seller refused.
    """

    after_days: Days = 0  # after the limit
    call: bool = False


class Refund(Struct, frozen=True, forbid_unknown_fields=True):
    """By when money has to go back, counted from the day after the right to it came to be."""

    days: Days
    unit: Literal["working", "calendar"]
    forms: tuple[Text, ...]
    never: tuple[Text, ...] = ()
    holidays: Annotated[str, Meta(max_length=10)] = ""
    weekdays: tuple[str, ...] = WEEKDAYS[:5]


class Pack(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule pack. `digest` is that of its text, by which evidence names it."""

    pack: Name
    title: Text
    source: Text
    places: tuple[Place, ...]  # where goods go to; none: only where a customer or the shop names the pack
    buyers: tuple[Literal["consumer", "business"], ...]
    limit: Limit
    refund: Refund
    delay: tuple[Delay, ...] = ()
    renewed: Renewed | None = None
    leaving: Leaving = Leaving()
    binding: bool = False  # whether the seller cannot end the contract, not even where goods cannot be had
    notes: Text | None = None
    digest: str = ""

    @property
    def asks(self) -> bool:
        """Whether a delay has to be put to the buyer, whose silence then means something."""
        return bool(self.delay)

    def first(self, behind: int | None) -> Delay:
        """What a first notice of a delay is that ends so many days behind the limit; None for without a day."""
        assert self.asks, "a pack that asks nothing has no notices"
        for delay in self.delay:
            if (behind is None) == (delay.from_days is None) and (behind is None or _within(behind, delay)):
                return delay
        raise AssertionError("a pack was checked to cover every length")

    def working_days(self) -> Calendar:
        """The calendar that refunds are counted in."""
        weekdays = WEEKDAYS if self.refund.unit == "calendar" else self.refund.weekdays
        return calendar(",".join(weekdays), self.refund.holidays if self.refund.unit == "working" else "")

    def refund_by(self, vested: int) -> int:
        """The last day on which a refund is in time whose right came to be on the day `vested`."""
        return self.working_days().add_working(vested, self.refund.days)


def _within(behind: int, delay: Delay) -> bool:
    assert delay.from_days is not None
    return delay.from_days <= behind and (delay.to_days is None or behind <= delay.to_days)


def applying(
    packs: Iterable[Pack], country: str, region: str | None, buyer: str, named: Collection[str] = ()
) -> list[Pack]:
    """The packs that hold for goods that go to a place, in the order of their names; those that are named always do.

    `country` is of ISO 3166-1; `region` may be a part of it, with or without the country (`CA`, `US-CA`). An empty list
    says that nobody knows the law of the place: whoever asks has to say so, and not to take it for freedom.
    """
    part = None if region is None else region if region.startswith(f"{country}-") else f"{country}-{region}"
    found = [
        pack
        for pack in packs
        if pack.pack in named or (buyer in pack.buyers and (country in pack.places or part in pack.places))
    ]
    return sorted(found, key=lambda pack: pack.pack)


def read_pack(text: str) -> Pack:
    """A pack from its TOML text. Raises BadPack where it could not be used, or would leave a case without a rule."""
    try:
        written = text.encode()
        pack = msgspec.toml.decode(text, type=Pack)
    except UnicodeEncodeError:
        raise BadPack("the text has half a character in it: write it anew") from None
    except RecursionError:
        raise BadPack("the text is nested too deeply to be a pack") from None
    except msgspec.DecodeError as error:
        raise BadPack(_plain(str(error))) from None
    if pack.digest:
        raise BadPack("digest: nobody says this, leave it out")
    if not pack.buyers:
        raise BadPack("buyers: name consumer, business or both")
    _check_delays(pack)
    _check_refund(pack)
    return msgspec.structs.replace(pack, digest=hashlib.sha256(written).hexdigest())


def _plain(message: str) -> str:
    """The field first: what msgspec puts at the end."""
    found = re.match(r"(.*) - at `\$\.?(.*)`$", message)
    return f"{found[2]}: {found[1]}" if found else message


def _check_delays(pack: Pack) -> None:
    """Every length of a delay has exactly one rule, and so has one without an end; or there are none at all."""
    if not pack.delay:
        if pack.renewed is not None:
            raise BadPack("renewed: there is no first notice that it could follow")
        return
    if pack.renewed is None:
        raise BadPack("renewed: say what later notices mean")
    if pack.limit.basis != "ship":  # what is on its way can be cancelled by no silence
        raise BadPack("limit.basis: notices that ask for an answer go with basis = 'ship'; else leave out delay")
    if [delay.kind for delay in pack.delay].count("indefinite") != 1:
        raise BadPack("delay: exactly one is indefinite")
    definite = sorted(_definite(delay) for delay in pack.delay if delay.kind != "indefinite")
    behind = 1
    for starts, ends in definite:
        if starts > behind:
            raise BadPack(f"delay: nothing is said on delays of {behind} to {starts - 1} days")
        if starts < behind:
            raise BadPack(f"delay: two rules speak of delays of {starts} days")
        behind = ends + 1
    if behind <= _WITHOUT_END:
        raise BadPack(f"delay: nothing is said on delays of {behind} days and more")
    for delay in pack.delay:
        _check_says(delay)
    _check_silence("renewed", pack.renewed.silence, pack.renewed.says)


_WITHOUT_END = 10**6


def _definite(delay: Delay) -> tuple[int, int]:
    if delay.from_days is None:
        raise BadPack(f"delay.from_days: say from how many days on a delay is {delay.kind}")
    ends = _WITHOUT_END if delay.to_days is None else delay.to_days
    if ends < delay.from_days:
        raise BadPack(f"delay.to_days: {ends} comes before {delay.from_days}")
    return delay.from_days, ends


def _check_says(delay: Delay) -> None:
    if delay.kind == "indefinite":
        if delay.from_days is not None or delay.to_days is not None:
            raise BadPack("delay.from_days: an indefinite delay has no length")
        if delay.answer_days is None:
            raise BadPack("delay.answer_days: say until when an answer on an indefinite delay is awaited")
        if "no_day" not in delay.says or "reason" not in delay.says:
            raise BadPack("delay.says: an indefinite delay has to say that there is no day, and the reason")
    elif "revised_day" not in delay.says:
        raise BadPack(f"delay.says: a {delay.kind} delay has to say the revised_day")
    _check_silence(f"delay {delay.kind}", delay.silence, delay.says)


def _check_silence(where: str, silence: Silence, says: tuple[Element, ...]) -> None:
    """What silence does has to be said, and nothing else."""
    for does, element in (("consent", "silence_consents"), ("cancel", "silence_cancels")):
        if (silence == does) != (element in says):
            how = "has to say" if silence == does else "must not say"
            raise BadPack(f"{where}: with silence = {silence!r} the notice {how} {element}")
    if "right_to_cancel" not in says:
        raise BadPack(f"{where}: a notice has to say right_to_cancel")


def _check_refund(pack: Pack) -> None:
    if not pack.refund.forms:
        raise BadPack("refund.forms: name at least one way in which money goes back")
    strange = [day for day in pack.refund.weekdays if day not in WEEKDAYS]
    if strange or not pack.refund.weekdays:
        raise BadPack(f"refund.weekdays: {', '.join(strange) or 'none'}: name some of {', '.join(WEEKDAYS)}")
    try:
        pack.working_days()
    except ValueError as error:
        raise BadPack(f"refund.holidays: {error}") from None
