"""The law's clocks: the examples and rows of 16 CFR 435.2, other places, and every order of events against the law."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law import Order

from backorder.kernel.calendars import NEVER, day_date, day_number
from backorder.kernel.notices import (
    ENDED,
    Agreed,
    Called,
    Clock,
    Completed,
    Declined,
    Fact,
    Left,
    Refunded,
    Shipped,
    State,
    Told,
    begin,
    owed,
    stand,
    strictest,
)
from backorder.kernel.rules import Pack
from backorder.storage.rules import bundled

FTC, CALIFORNIA, EU, ONTARIO, QUEBEC = (bundled()[name] for name in ("us-ftc", "us-ca", "eu", "ca-on", "ca-qc"))


def day(text: str) -> int:
    return day_number(date.fromisoformat(text))


def text(number: int | None) -> str | None:
    return None if number is None or number == NEVER else day_date(number).isoformat()


V1 = Completed(day("2026-03-02"))
ASKED_SHORT = Told(day("2026-03-25"), day("2026-05-01"))
ASKED_LONG = Told(day("2026-03-25"), day("2026-05-02"))
ASKED_INDEFINITE = Told(day("2026-03-25"), NEVER)
RENEWED = Told(day("2026-04-20"), day("2026-06-01"))


@pytest.mark.parametrize(
    ("facts", "today", "state", "until", "vested", "refund_by"),
    [
        # Row 1: thirty days where nothing was stated; the thirtieth counts.
        ([], "2026-04-01", "open", "2026-04-01", None, None),
        ([], "2026-04-02", "refund_due", None, "2026-04-02", "2026-04-13"),
        # Row 2: what comes after the limit is no notice.
        ([Told(day("2026-04-02"), day("2026-04-10"))], "2026-04-03", "refund_due", None, "2026-04-02", "2026-04-13"),
        # Row 3a: thirty more days, and silence consents.
        ([ASKED_SHORT], "2026-05-01", "asked", "2026-05-01", None, None),
        ([ASKED_SHORT], "2026-05-02", "refund_due", None, "2026-05-02", "2026-05-12"),
        # Row 3b: thirty-one more, and silence cancels after thirty.
        ([ASKED_LONG], "2026-05-01", "asked", "2026-05-01", None, None),
        ([ASKED_LONG], "2026-05-02", "refund_due", None, "2026-05-02", "2026-05-12"),
        ([ASKED_LONG, Agreed(day("2026-04-03"), day("2026-05-02"))], "2026-05-02", "waiting", "2026-05-02", None, None),
        # Row 3c: without a day.
        ([ASKED_INDEFINITE], "2026-05-02", "refund_due", None, "2026-05-02", "2026-05-12"),
        # Row 5: however short a second delay is, silence is a no.
        ([ASKED_SHORT, RENEWED], "2026-05-01", "renewed", "2026-05-01", None, None),
        ([ASKED_SHORT, RENEWED], "2026-05-02", "refund_due", None, "2026-05-02", "2026-05-12"),
        (
            [ASKED_SHORT, RENEWED, Agreed(day("2026-04-28"), day("2026-06-01"))],
            "2026-06-02", "refund_due", None, "2026-06-02", "2026-06-11",
        ),
        # Row 6: who waits without a day waits until they say otherwise.
        ([ASKED_INDEFINITE, Agreed(day("2026-04-01"), NEVER)], "2027-04-01", "waiting_indefinite", None, None, None),
        (
            [ASKED_INDEFINITE, Agreed(day("2026-04-01"), NEVER), Left(day("2026-07-01"))],
            "2026-07-01", "refund_due", None, "2026-07-01", "2026-07-13",  # 3 July is the holiday of the fourth
        ),
        # Row 7: shipping ends it, but a cancellation that came before stands.
        ([Shipped(day("2026-04-01"))], "2026-09-01", "shipped", None, None, None),
        (
            [Left(day("2026-03-20")), Shipped(day("2026-03-20"))],
            "2026-03-21", "refund_due", None, "2026-03-20", "2026-03-31",
        ),
        # Rows 8 to 10.
        ([Declined(day("2026-03-20"))], "2026-03-21", "refund_due", None, "2026-03-20", "2026-03-31"),
        (
            [Declined(day("2026-03-20")), Refunded(day("2026-03-23"))],
            "2026-04-30", "refunded", None, "2026-03-20", "2026-03-31",
        ),
    ],
)  # fmt: skip
def test_a_row_of_the_federal_rule(
    facts: list[Fact], today: str, state: str, until: str | None, vested: str | None, refund_by: str | None
) -> None:
    clock = stand(FTC, V1, facts, day(today))
    found = (clock.state, text(clock.until), text(clock.vested), text(clock.refund_by))
    assert found == (state, until, vested, refund_by)


def test_credit_that_was_asked_of_the_seller_has_fifty_days_and_a_stated_day_comes_first() -> None:
    assert text(begin(FTC, V1._replace(credit=True)).limit) == "2026-04-21"
    assert text(begin(FTC, V1._replace(credit=True, stated=day("2026-03-10"))).limit) == "2026-03-10"


@pytest.mark.parametrize(
    ("facts", "planned", "kind", "by", "silence", "answer_by"),
    [
        ([], "2026-04-02", "short", "2026-04-01", "consent", "2026-04-02"),
        ([], "2026-05-01", "short", "2026-04-01", "consent", "2026-05-01"),
        ([], "2026-05-02", "long", "2026-04-01", "cancel", "2026-05-01"),
        ([], None, "indefinite", "2026-04-01", "cancel", "2026-05-01"),
        ([ASKED_SHORT], "2026-05-02", "renewed", "2026-05-01", "cancel", "2026-05-01"),
        ([ASKED_LONG], "2026-05-03", "renewed", "2026-05-01", "cancel", "2026-05-01"),
        ([ASKED_INDEFINITE], "2026-05-02", "renewed", "2026-05-01", "cancel", "2026-05-01"),  # better news
        ([ASKED_SHORT, Agreed(day("2026-04-01"), day("2026-05-01"))], None, "renewed", "2026-05-01", "cancel",
         "2026-05-01"),
    ],
)  # fmt: skip
def test_a_notice_that_is_owed(
    facts: list[Fact], planned: str | None, kind: str, by: str, silence: str, answer_by: str
) -> None:
    clock = stand(FTC, V1, facts, day("2026-03-31"))
    found = owed(FTC, clock, NEVER if planned is None else day(planned))
    assert found is not None
    assert (found.kind, text(found.by), found.silence, text(found.answer_by)) == (kind, by, silence, answer_by)
    assert ("silence_consents" in found.says) == (silence == "consent")
    assert ("silence_cancels" in found.says) == (silence == "cancel")
    assert ("reason" in found.says) == (planned is None)
    assert {"order", "right_to_cancel", "free_answer"} <= set(found.says)


@pytest.mark.parametrize(
    ("facts", "planned"),
    [
        ([], "2026-04-01"),
        ([ASKED_SHORT], "2026-05-01"),
        ([ASKED_LONG], "2026-05-02"),  # it was told already
        ([ASKED_INDEFINITE], None),
        ([ASKED_INDEFINITE, Agreed(day("2026-04-01"), NEVER)], "2026-09-01"),
        ([Left(day("2026-03-20"))], "2026-09-01"),
    ],
)
def test_a_notice_that_is_not_owed(facts: list[Fact], planned: str | None) -> None:
    clock = stand(FTC, V1, facts, day("2026-04-02") if facts else V1.day)
    assert owed(FTC, clock, NEVER if planned is None else day(planned)) is None


def test_where_two_packs_apply_silence_helps_only_if_both_let_it() -> None:
    today, planned = V1.day, day("2026-04-20")
    both = [found for pack in (FTC, CALIFORNIA) if (found := owed(pack, begin(pack, V1), planned)) is not None]
    assert len(both) == 2
    together = strictest(tuple(both))
    assert together is not None
    assert (together.silence, "free_answer" in together.says) == ("consent", True)
    renewed = owed(FTC, stand(FTC, V1, [Told(today, day("2026-04-10"))], today), planned)
    assert renewed is not None
    stricter = strictest((*both, renewed))
    assert stricter is not None
    assert (stricter.silence, stricter.by) == ("cancel", min(one.by for one in (*both, renewed)))
    assert stricter.kind == "renewed"  # never called a first delay where it is a second one for some goods
    assert "silence_consents" not in stricter.says
    assert {"silence_cancels", "answer_by"} <= set(stricter.says)
    assert strictest(()) is None


STATED = Completed(day("2026-03-02"), stated=day("2026-03-20"))


@pytest.mark.parametrize(
    ("pack", "facts", "today", "state", "leave_from", "refund_by"),
    [
        # Union: a notice moves nothing; the buyer calls once, then leaves.
        (EU, [Told(day("2026-03-10"), day("2026-05-01"))], "2026-03-21", "late", None, None),
        (EU, [Called(day("2026-03-22"), day("2026-04-05"))], "2026-04-06", "late", "2026-04-06", None),
        (EU, [Called(day("2026-03-22"), day("2026-03-21"))], "2026-03-22", "late", "2026-03-22", None),  # essential
        (EU, [Called(day("2026-03-05"), day("2026-03-10"))], "2026-03-12", "open", "2026-03-21", None),  # not late yet
        (EU, [Agreed(day("2026-03-10"), day("2026-04-20"))], "2026-04-20", "waiting", None, None),
        (EU, [Agreed(day("2026-03-10"), day("2026-04-20"))], "2026-04-21", "late", None, None),
        (EU, [Left(day("2026-04-01"))], "2026-04-01", "refund_due", None, "2026-04-15"),
        # Ontario: more than thirty days late; an accepted day counts instead.
        (ONTARIO, [], "2026-03-21", "late", "2026-04-20", None),
        (ONTARIO, [Agreed(day("2026-03-25"), day("2026-04-10"))], "2026-04-11", "late", "2026-05-11", None),
        (ONTARIO, [Left(day("2026-04-20"))], "2026-04-20", "refund_due", "2026-04-20", "2026-05-05"),
        # Quebec: it does not.
        (QUEBEC, [Agreed(day("2026-03-25"), day("2026-04-10"))], "2026-04-11", "late", "2026-04-20", None),
    ],
)
def test_elsewhere(
    pack: Pack, facts: list[Fact], today: str, state: str, leave_from: str | None, refund_by: str | None
) -> None:
    clock = stand(pack, STATED, facts, day(today))
    assert (clock.state, text(clock.leave_from), text(clock.refund_by)) == (state, leave_from, refund_by)
    assert owed(pack, clock, NEVER) is None  # the law asks for no notice there; the shop's own policy may


def test_where_a_day_has_to_be_told_and_none_was_that_is_said() -> None:
    with pytest.raises(ValueError, match="cn asks for a day"):
        begin(bundled()["cn"], V1)


# -- any events, in any order, against the law told a second time ----------------------------------------------------

START = date(2025, 12, 1)
_MADE = {
    "told": lambda at, about: Told(at, NEVER if about is None else about),
    "agreed": lambda at, about: Agreed(at, NEVER if about is None else about),
    "left": lambda at, _: Left(at),
    "declined": lambda at, _: Declined(at),
    "shipped": lambda at, _: Shipped(at),
    "refunded": lambda at, _: Refunded(at),
}


@st.composite
def lives(draw: st.DrawFn) -> tuple[date, date | None, bool, list[tuple[date, str, date | None]]]:
    completed = START + timedelta(days=draw(st.integers(0, 40)))
    stated = draw(st.none() | st.integers(0, 60).map(lambda n: completed + timedelta(days=n)))
    gaps = draw(st.lists(st.integers(0, 35), max_size=7))
    facts, at = [], completed
    for gap in gaps:
        at += timedelta(days=gap)
        what = draw(
            st.sampled_from(["told", "told", "told", "agreed", "agreed", "left", "declined", "shipped", "refunded"])
        )
        about = draw(st.none() | st.integers(-10, 70).map(lambda n, at=at: at + timedelta(days=n)))
        facts.append((at, what, about if what in {"told", "agreed"} else None))
    return completed, stated, draw(st.booleans()), facts


@settings(max_examples=500)
@given(lives(), st.integers(0, 250))
def test_the_machine_says_what_the_law_says_on_every_day(life: tuple, later: int) -> None:
    completed, stated, credit, facts = life
    today = completed + timedelta(days=later)
    known = [fact for fact in facts if fact[0] <= today]
    law = Order(completed, stated, credit).live(known, today)
    made = [_MADE[what](day_number(at), None if about is None else day_number(about)) for at, what, about in known]
    told = Completed(day_number(completed), None if stated is None else day_number(stated), credit)
    clock = stand(FTC, told, made, day_number(today))
    vested = None if law.vested is None else day_number(law.vested)
    refund_by = None if law.refund_by is None else day_number(law.refund_by)
    assert (clock.state, clock.vested, clock.refund_by) == (law.word, vested, refund_by)
    if clock.state not in ENDED:
        assert clock.until == (NEVER if law.right is None else day_number(law.right))


@settings(max_examples=300)
@given(lives(), st.sampled_from([FTC, CALIFORNIA]))
def test_what_must_never_be_never_is(life: tuple, pack: Pack) -> None:
    completed, stated, credit, facts = life
    told = Completed(day_number(completed), None if stated is None else day_number(stated), credit)
    made = [_MADE[what](day_number(at), None if about is None else day_number(about)) for at, what, about in facts]
    first, last = told.day, day_number(facts[-1][0] if facts else completed) + 120
    seen = [stand(pack, told, [fact for fact in made if fact.day <= today], today) for today in range(first, last)]
    for clock in seen:
        if clock.cause is not None:  # never cancelled without the refund's clock
            assert clock.vested is not None
            assert clock.refund_by is not None
            assert clock.refund_by > clock.vested
        if clock.state is State.RENEWED:  # never a second delay like a first one
            assert clock.silence == "cancel"
        if clock.silence == "consent":  # silence never brings more than the first thirty days
            assert clock.until <= clock.limit + 30
    for before, after in pairwise(seen):
        assert not (before.state in ENDED and after.state not in ENDED)
        assert _extended_by_consent(before, after, made)


def _extended_by_consent(before: Clock, after: Clock, made: list[Fact]) -> bool:
    """The right to wait only grows by the buyer's word, or once by a first notice, within its thirty days."""
    if after.until <= before.until or after.state in ENDED:
        return True
    if any(isinstance(fact, Agreed) for fact in made):
        return True
    asked = before.state is State.OPEN and after.state in {State.ASKED, State.RENEWED}
    return asked and after.until <= after.limit + 30
