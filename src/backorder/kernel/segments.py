"""Reallocation policies as data: ordered segments of the backlog, and what each may gain or lose.

`trouble` finds what no type can: a filter that can match nothing, contradictory caps, keys that nobody knows.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from backorder.kernel.calendars import day_number, is_zone
from backorder.kernel.keys import END, Key
from backorder.kernel.money import BadAmount, minor_units
from backorder.kernel.ranking import DEFAULT, KEYS, is_key

SEGMENTS_MAX = 100
CHOICES_MAX = 1_000  # words of one list of a filter
UNITS_MAX = 10**9

Strategy = Literal["win", "gain", "redistribute", "fill", "lose", "improve", "skip"]
Sharing = Literal["strict", "proportional", "max_min", "equal"]
Violated = Literal["leave", "report", "stop"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

Choice = Annotated[str, Meta(max_length=200, pattern="^[^\x00-\x1f\x7f\ud800-\udfff]*" + END)]  # '' is having none
Choices = Annotated[tuple[Choice, ...], Meta(max_length=CHOICES_MAX)]
Period = Annotated[int, Meta(ge=1, le=3_650)]
Units = Annotated[int, Meta(ge=0, le=UNITS_MAX)]
Number = Annotated[int, Meta(ge=-UNITS_MAX, le=UNITS_MAX)]
DaysAway = Annotated[int, Meta(ge=-36_500, le=36_500)]
Amount = Annotated[str, Meta(min_length=1, max_length=40)]

WORDS = ("tier", "customer", "kind", "channel", "country", "region", "sku", "category", "selling", "currency", "order")
NUMBERS = ("quantity", "waiting", "priority", "age", "late")
DAYS = ("promise", "first_promise", "requested_on", "deadline", "placed_on")
_LEAST = {"quantity": 1, "waiting": 0, "age": 0}  # what such a number cannot be below


class Range(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Numbers from `at_least` to `at_most`, both included. A line without the number is not in it."""

    at_least: Number | None = None
    at_most: Number | None = None


class ValueRange(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Amounts as decimal texts, in each of the currencies that the filter names."""

    at_least: Amount | None = None
    at_most: Amount | None = None


class DayRange(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Days, both included: a whole number counts days from today (-7 is a week ago), else a date.

    A line without the day is not in it.
    """

    at_least: DaysAway | date | None = None
    at_most: DaysAway | date | None = None


class Filter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which lines are taken: everything that is named must hold. A filter that names nothing takes every line.

    A list holds where the line has one of its words; the word '' is having none. `tags` are those of the order, the
    line and the customer together. `state`: `none` has no promise, `late` is planned after its promise, `at_risk`
    stands on supply that is overdue or unconfirmed, `on_time` is everything else. `age` counts days since the order
    was placed, `late` how many days the plan is after the promise; a line whose plan has no day is late by any number.
    """

    tier: Choices | None = None
    customer: Choices | None = None
    kind: Choices | None = None
    channel: Choices | None = None
    country: Choices | None = None
    region: Choices | None = None
    sku: Choices | None = None
    category: Choices | None = None
    selling: Choices | None = None
    currency: Choices | None = None
    order: Choices | None = None
    tags: Choices | None = None
    state: tuple[Literal["none", "late", "at_risk", "on_time"], ...] | None = None
    quantity: Range | None = None
    waiting: Range | None = None
    priority: Range | None = None
    age: Range | None = None
    late: Range | None = None
    value: ValueRange | None = None
    promise: DayRange | None = None
    first_promise: DayRange | None = None
    requested_on: DayRange | None = None
    deadline: DayRange | None = None
    placed_on: DayRange | None = None


EVERYTHING = Filter()


class Quota(Struct, frozen=True, forbid_unknown_fields=True):
    """Units of each item in each period of `days` days, counted from today by ship day."""

    units: Units
    days: Period


class Segment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Lines that are treated alike. A line belongs to the first segment whose filter takes it and does not exclude it.

    `ranking` is the policy's where it is left out, `sharing` too. `minimum` keeps units from the segments before
    this one, `maximum` keeps this one from taking more.
    """

    name: Key
    filter: Filter = EVERYTHING
    exclude: Filter | None = None
    strategy: Strategy
    ranking: tuple[str, ...] | None = None
    sharing: Sharing | None = None
    minimum: Quota | None = None
    maximum: Quota | None = None


class Schedule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """When the policy runs by itself: at a time on the wall of a zone, on some days of the week."""

    at: Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]" + END)]
    zone: Key
    days: tuple[Weekday, ...] = get_args(Weekday)
    commit: bool = False


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a backlog is reallocated. What no segment takes keeps what it has, and is counted and listed.

    ranking: named keys of `ranking.KEYS`, `-` before one turns it round; tiers: customer tiers, best first
    sharing: how scarce units are divided in `redistribute` segments that do not say it themselves
    freeze_days, freeze_until: lines planned to ship before today + days, or before a day, are untouched
    take_allocated: whether lines give up allocated units that are not picked
    take_held: whether lines of held orders take part; they get supply that is on its way, but no stock
    changes_max: how many lines may get another day
    violated: where a `win` or a `gain` is violated, the items concerned keep what they have (`leave`), the plan stands
    all the same (`report`), or the run plans nothing (`stop`)
    fallback: the policy by which the items concerned are planned instead
    keep_days: after how many days runs are forgotten; undo_hours: how long a run can be undone
    """

    policy: Key
    segments: Annotated[tuple[Segment, ...], Meta(min_length=1, max_length=SEGMENTS_MAX)]
    ranking: tuple[str, ...] = DEFAULT
    tiers: Choices = ()
    sharing: Sharing = "strict"
    freeze_days: Annotated[int, Meta(ge=0, le=3_650)] | None = None
    freeze_until: date | None = None
    take_allocated: bool = False
    take_held: bool = False
    changes_max: Annotated[int, Meta(ge=0)] | None = None
    violated: Violated = "leave"
    fallback: Key | None = None
    keep_days: Annotated[int, Meta(ge=1, le=3_650)] = 30
    undo_hours: Annotated[int, Meta(ge=0, le=24 * 365)] = 24
    schedule: Schedule | None = None


Trouble = tuple[str, str]  # the field, and what to do about it


def trouble(policy: Policy, today: int) -> Trouble | None:
    """The first field of a policy that cannot be meant, and what to do about it; None if there is none.

    `today` is a day number, from which relative days count; a fence may not lie before it.
    """
    return next(_troubles(policy, today), None)


def day_of(day: int | date, today: int) -> int:
    """The day number of a filter's day: a date's own, else that many days from today."""
    return day_number(day) if isinstance(day, date) else today + day


def _troubles(policy: Policy, today: int) -> Iterator[Trouble]:
    yield from _of_policy(policy, today)
    names: set[str] = set()
    for n, segment in enumerate(policy.segments):
        field = f"segments[{n}]"
        if segment.name in names:
            yield f"{field}.name", f"there are two segments {segment.name!r}: give each a name of its own"
        names.add(segment.name)
        yield from _of_ranking(f"{field}.ranking", segment.ranking or ())
        yield from _of_filter(f"{field}.filter", segment.filter, today)
        if segment.exclude is not None:
            yield from _of_filter(f"{field}.exclude", segment.exclude, today)
            if segment.exclude in {segment.filter, EVERYTHING}:
                yield f"{field}.exclude", "it excludes everything that the filter takes: no line is left"
        yield from _of_quotas(field, segment)
        yield from _behind(field, segment, policy.segments[:n])


def _of_policy(policy: Policy, today: int) -> Iterator[Trouble]:
    yield from _of_ranking("ranking", policy.ranking)
    if len(set(policy.tiers)) < len(policy.tiers):
        yield "tiers", "a tier stands twice: name each once, the best first"
    if policy.freeze_days is not None and policy.freeze_until is not None:
        yield "freeze_until", "give freeze_days or freeze_until, not both"
    if policy.freeze_until is not None and day_number(policy.freeze_until) < today:
        yield "freeze_until", f"{policy.freeze_until} is past: give a day from today on, or freeze_days"
    if policy.fallback == policy.policy:
        yield "fallback", "a policy cannot fall back to itself: name another"
    if policy.fallback is not None and policy.violated != "leave":
        yield "fallback", f"a fallback plans what is left alone: with violated {policy.violated!r} nothing is"
    schedule = policy.schedule
    if schedule is not None:
        if not is_zone(schedule.zone):
            yield "schedule.zone", f"{schedule.zone!r} is no time zone: write it as in Europe/Berlin"
        if not schedule.days:
            yield "schedule.days", "it never runs: name a day of the week, or leave the schedule out"


def _of_ranking(field: str, ranking: Sequence[str]) -> Iterator[Trouble]:
    for n, key in enumerate(ranking):
        if not is_key(key):
            yield f"{field}[{n}]", f"there is no key {key!r}: name some of {', '.join(KEYS)}, with - to turn one round"
        elif key.removeprefix("-") in [other.removeprefix("-") for other in ranking[:n]]:
            yield f"{field}[{n}]", f"{key!r} stands there already: it decides nothing a second time"


def _of_filter(field: str, lines: Filter, today: int) -> Iterator[Trouble]:
    for name in (*WORDS, "tags", "state"):
        if getattr(lines, name) == ():
            yield f"{field}.{name}", "an empty list matches no line: name a word, or leave the field out"
    for name in (*NUMBERS, "value", *DAYS):
        given = getattr(lines, name)
        if given is not None and given.at_least is None and given.at_most is None:
            yield f"{field}.{name}", "say at_least or at_most, or leave the field out"
    for name in NUMBERS:
        given = getattr(lines, name)
        if given is not None:
            yield from _of_bounds(f"{field}.{name}", given.at_least, given.at_most, _LEAST.get(name))
    for name in DAYS:
        given = getattr(lines, name)
        if given is not None:
            low, high = (None if day is None else day_of(day, today) for day in (given.at_least, given.at_most))
            yield from _of_bounds(f"{field}.{name}", low, high, None)
    if lines.value is not None:
        yield from _of_value(f"{field}.value", lines.value, lines.currency)


def _of_bounds(field: str, low: int | None, high: int | None, least: int | None) -> Iterator[Trouble]:
    if low is not None and high is not None and low > high:
        yield field, "at_least is above at_most: it matches no line"
    if least is not None and high is not None and high < least:
        yield f"{field}.at_most", f"it matches no line: no line has less than {least}"


def _of_value(field: str, value: ValueRange, currencies: Sequence[str] | None) -> Iterator[Trouble]:
    if not currencies or "" in currencies:
        yield field, "amounts are of a currency: name it in the filter's currency"
        return
    for currency in currencies:
        bounds: dict[str, int] = {}
        for name in ("at_least", "at_most"):
            text = getattr(value, name)
            try:
                bounds |= {} if text is None else {name: minor_units(text, currency)}
            except BadAmount as error:
                yield f"{field}.{name}", str(error)
        yield from _of_bounds(field, bounds.get("at_least"), bounds.get("at_most"), None)


def _of_quotas(field: str, segment: Segment) -> Iterator[Trouble]:
    low, high = segment.minimum, segment.maximum
    if segment.sharing is not None and segment.strategy != "redistribute":
        yield f"{field}.sharing", f"only redistribute segments share: leave it out with {segment.strategy}"
    if segment.strategy in {"lose", "skip"}:
        for name, quota in (("minimum", low), ("maximum", high)):
            if quota is not None:
                yield f"{field}.{name}", f"a {segment.strategy} segment takes nothing: leave it out"
    if low is not None and low.units == 0:
        yield f"{field}.minimum.units", "a minimum of no units protects nothing: leave it out"
    if low is not None and high is not None:
        whole = max(1, high.days // low.days)  # periods of the minimum that lie within one of the maximum
        spans = -(-low.days // high.days)  # periods of the maximum that one of the minimum reaches into
        if low.units * whole > high.units * spans:
            yield f"{field}.minimum", "it asks for more units than the maximum allows"


def _behind(field: str, segment: Segment, before: Sequence[Segment]) -> Iterator[Trouble]:
    for other in before:
        if other.exclude is None and other.filter in {EVERYTHING, segment.filter}:
            took = "every line" if other.filter == EVERYTHING else "the same lines"
            yield f"{field}.filter", f"it can match nothing: segment {other.name!r} before it takes {took}"
