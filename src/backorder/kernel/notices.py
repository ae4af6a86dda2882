"""What the law makes of one promise: a clock for each rule pack, moved by what happened and by days that pass.

The rows of the state machine are those of 16 CFR 435.2, told by a pack's data, so that one machine serves every pack.
A clock knows days, in the zone of where the goods go to: a day counts to its end. Nothing here reads a clock.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache, reduce
from typing import Literal, NamedTuple

from backorder.kernel.calendars import NEVER
from backorder.kernel.rules import Element, Pack


class State(StrEnum):
    """Where a clock stands."""

    OPEN = "open"  # in time, and nobody was told of a delay
    ASKED = "asked"  # a first notice of a delay awaits its answer
    WAITING = "waiting"  # the buyer agreed, or their silence did, to a later day
    RENEWED = "renewed"  # a later notice awaits its answer
    WAITING_INDEFINITE = "waiting_indefinite"  # the buyer agreed to wait without a day, and may leave at any time
    LATE = "late"  # the limit has passed where the law asks the buyer nothing; from `leave_from` on they may leave
    SHIPPED = "shipped"
    REFUND_DUE = "refund_due"
    REFUNDED = "refunded"


ENDED = frozenset({State.SHIPPED, State.REFUND_DUE, State.REFUNDED})
Cause = Literal["silence", "missed", "buyer", "seller"]
NoticeKind = Literal["short", "long", "indefinite", "renewed", "delay", "better"]  # the last two: courtesy alone
RUNNING = frozenset({State.OPEN, State.ASKED, State.WAITING, State.RENEWED, State.LATE, State.WAITING_INDEFINITE})


class Clock(NamedTuple):
    """How one promise stands under one pack. Days are day numbers."""

    state: State
    limit: int  # the day that the law counts from: stated, or given by the pack, or agreed to where that moves it
    until: int  # the last day of the present right to wait; NEVER while there is none
    offered: int | None = None  # the day that the last notice offered, NEVER for none
    silence: Literal["consent", "cancel", "none"] = "none"  # what no answer means until then
    leave_from: int = NEVER  # the first day on which the buyer may leave by law because it is late
    vested: int | None = None  # the day on which the right to a refund came to be
    refund_by: int | None = None  # the last day on which it is in time
    cause: Cause | None = None


class Completed(NamedTuple):
    """The order is complete for the clock: payment authorised, all information there; or paid, or a contract."""

    day: int
    stated: int | None = None  # the day that was told at the order, in the pack's own basis
    credit: bool = False  # the buyer applied to the seller for credit


class Told(NamedTuple):
    """A notice was sent that offers another day, NEVER for none; `ends` is the day with which it said that all ends
    without an answer, if it said so.
    """

    day: int
    offers: int
    ends: int | None = None


class Bounced(NamedTuple):
    """The last notice came back: who was not reached was not told."""

    day: int


class Agreed(NamedTuple):
    """The buyer expressly agreed to wait until a day, NEVER for without one."""

    day: int
    to: int


class Called(NamedTuple):
    """The buyer set a further day, where the law lets them; the day itself where the first was essential."""

    day: int
    to: int


class Left(NamedTuple):
    """The buyer cancelled; the day is that on which it was received."""

    day: int


class Declined(NamedTuple):
    """The seller told that the goods will not come."""

    day: int


class Shipped(NamedTuple):
    """The carrier took the goods, or the addressee has them, as the pack's basis says."""

    day: int


class Refunded(NamedTuple):
    """The refund was sent, or the statement that nothing will be charged."""

    day: int


Fact = Told | Bounced | Agreed | Called | Left | Declined | Shipped | Refunded


def begin(pack: Pack, completed: Completed) -> Clock:
    """The clock of a promise. Raises ValueError where neither the order nor the pack says a day."""
    limit = _limit(pack, completed)
    if pack.asks:
        return Clock(State.OPEN, limit, limit)
    leave = NEVER if pack.leaving.call else limit + pack.leaving.after_days + 1
    return Clock(State.OPEN, limit, limit, leave_from=leave)


def _limit(pack: Pack, completed: Completed) -> int:
    if completed.stated is not None:
        return completed.stated
    days = pack.limit.days
    if completed.credit and pack.limit.credit_days is not None:
        days = pack.limit.credit_days
    if days is None:
        raise ValueError(f"{pack.pack} asks for a day that was told, and none was")
    return completed.day + days


def stand(pack: Pack, completed: Completed, facts: Iterable[Fact], today: int) -> Clock:
    """How the clock stands at the end of yesterday, with all that happened until today, told in order of days."""
    return passed(pack, reduce(lambda clock, fact: step(pack, clock, fact), facts, begin(pack, completed)), today)


def step(pack: Pack, clock: Clock, fact: Fact) -> Clock:
    """The clock after something happened; what the days before it brought about comes first."""
    clock = passed(pack, clock, fact.day)
    match fact:
        case Refunded():
            return clock._replace(state=State.REFUNDED) if clock.state is State.REFUND_DUE else clock
        case _ if clock.state in ENDED:
            return clock  # who cancelled before it was shipped stays cancelled, and the other way round
        case Left(day):
            return _over(pack, clock, day, "buyer")
        case Declined(day):
            return _over(pack, clock, day, "seller")
        case Shipped():
            return clock._replace(state=State.SHIPPED, until=NEVER, silence="none")
        case Told():
            return _told(pack, clock, fact) if pack.asks else clock._replace(offered=fact.offers)
        case Bounced(day):
            return _bounced(clock, day)
        case Agreed(_, to):
            return _agreed(pack, clock, to)
        case Called(day, to):
            # Nobody is late before the limit: a day that was set sooner ends nothing sooner.
            return clock._replace(leave_from=min(clock.leave_from, max(day, to + 1, clock.limit + 1)))


def passed(pack: Pack, clock: Clock, today: int) -> Clock:
    """The clock once all days before `today` are over: what silence did, and what was missed."""
    if clock.state in ENDED or today <= clock.until:
        return clock
    if not pack.asks:
        return clock._replace(state=State.LATE)
    if clock.state is State.ASKED and clock.silence == "consent" and clock.offered is not None:
        waiting = clock._replace(state=State.WAITING, until=clock.offered, silence="none")
        return passed(pack, waiting, today)
    cause: Cause = "silence" if clock.state in {State.ASKED, State.RENEWED} else "missed"
    return _over(pack, clock, clock.until + 1, cause)


def _over(pack: Pack, clock: Clock, day: int, cause: Cause) -> Clock:
    """Cancelled: the right to a refund comes to be, and its own clock starts with it."""
    return clock._replace(
        state=State.REFUND_DUE, until=NEVER, vested=day, refund_by=pack.refund_by(day), cause=cause, silence="none"
    )


def _told(pack: Pack, clock: Clock, told: Told) -> Clock:
    """A notice was sent, in time, or `passed` would have ended the clock. A day that holds anyhow moves nothing.

    Silence agrees only where the notice said so, which another pack that holds besides may have forbidden.
    """
    offers = told.offers
    if clock.state is State.WAITING_INDEFINITE or offers <= clock.until:
        return clock
    if clock.state is not State.OPEN:
        assert pack.renewed is not None, "a pack that asks says what later notices mean"
        return clock._replace(state=State.RENEWED, offered=offers, silence=pack.renewed.silence)
    delay = pack.first(None if offers == NEVER else offers - clock.limit)
    until = offers if delay.answer_days is None else clock.limit + delay.answer_days
    if delay.silence == "consent" and told.ends is not None:
        until = min(until, max(clock.limit, told.ends))
        return clock._replace(state=State.ASKED, until=until, offered=offers, silence="cancel")
    return clock._replace(state=State.ASKED, until=until, offered=offers, silence=delay.silence)


def _bounced(clock: Clock, day: int) -> Clock:
    """Before the limit it is as if nobody had been told; after it, silence agrees to nothing.

    A renewed notice moved no day, so there is nothing to take back but the question.
    """
    if clock.state is State.RENEWED:
        return clock._replace(state=State.WAITING, offered=None, silence="none")
    if clock.state is not State.ASKED:
        return clock
    if day <= clock.limit:
        return clock._replace(state=State.OPEN, until=clock.limit, offered=None, silence="none")
    return clock._replace(silence="cancel")


def _agreed(pack: Pack, clock: Clock, to: int) -> Clock:
    if not pack.asks:
        return _moved(pack, clock, to)
    if to == NEVER:
        return clock._replace(state=State.WAITING_INDEFINITE, until=NEVER, silence="none")
    if to < clock.until or (to == clock.until and clock.state is State.OPEN):
        return clock  # no delay was agreed to: the first one is still to come
    # Whoever agreed to a day that was taken back meanwhile has not agreed to the one that came after it.
    more = clock.offered is not None and clock.offered > to and clock.state in {State.ASKED, State.RENEWED}
    if more:
        assert pack.renewed is not None, "a pack that asks says what later notices mean"
        return clock._replace(state=State.RENEWED, until=to, silence=pack.renewed.silence)
    return clock._replace(state=State.WAITING, until=to, silence="none")


def _moved(pack: Pack, clock: Clock, to: int) -> Clock:
    """Where the law asks nothing, a day that the buyer agreed to takes the first one's place, if the pack lets it."""
    if not pack.limit.agreed_moves or to <= clock.limit:
        return clock
    if to == NEVER:  # the day that the law counts from stays, but nobody is held to it
        return clock._replace(state=State.WAITING_INDEFINITE, until=NEVER, leave_from=NEVER)
    leave = NEVER if pack.leaving.call else to + pack.leaving.after_days + 1
    return clock._replace(state=State.WAITING, limit=to, until=to, leave_from=leave)


class Owed(NamedTuple):
    """A notice that has to be sent: which, by when at the latest, and what it has to say."""

    kind: NoticeKind
    by: int
    says: tuple[Element, ...]
    silence: Literal["consent", "cancel", "none"]
    answer_by: int


def owed(pack: Pack, clock: Clock, planned: int) -> Owed | None:
    """What the buyer has to be told now that the goods are planned for a day, NEVER for unknown; None for nothing.

    Nothing is owed while the day that holds is kept, or the one that was offered and is not answered yet stands. Where
    another one takes its place, even a better one, the question is asked again: silence would still end it.
    """
    if not pack.asks or clock.state in ENDED or planned <= clock.until:
        return None
    if clock.state in {State.ASKED, State.RENEWED} and planned == clock.offered:
        return None
    if clock.state is not State.OPEN:
        assert pack.renewed is not None, "a pack that asks says what later notices mean"
        extra: tuple[Element, ...] = ("revised_day",) if planned != NEVER else ("no_day", "reason", "may_cancel_later")
        return Owed("renewed", clock.until, (*pack.renewed.says, *extra), pack.renewed.silence, clock.until)
    delay = pack.first(None if planned == NEVER else planned - clock.limit)
    answer = planned if delay.answer_days is None else clock.limit + delay.answer_days
    return Owed(delay.kind, clock.until, delay.says, delay.silence, answer)


_GRAVITY: tuple[NoticeKind, ...] = ("short", "long", "indefinite", "renewed")


@lru_cache(maxsize=256)  # a supply that slips asks the same of thousands of orders
def strictest(owing: tuple[Owed, ...]) -> Owed | None:
    """What several packs together ask of one notice: the earliest day, all that any wants said.

    Silence helps the seller only where all of them let it, and the earliest answer counts. It is called by the gravest.
    """
    if not owing:
        return None
    kind = max((one.kind for one in owing), key=_GRAVITY.index)
    consents = all(one.silence == "consent" for one in owing)
    wanted: list[Element] = [element for one in owing for element in one.says]
    if not consents:
        wanted = [*(element for element in wanted if element != "silence_consents"), "silence_cancels", "answer_by"]
    says = tuple(dict.fromkeys(wanted))
    by, answer_by = min(one.by for one in owing), min(one.answer_by for one in owing)
    return Owed(kind, by, says, "consent" if consents else "cancel", answer_by)
