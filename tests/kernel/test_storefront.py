"""The words of the storefront: one table, and the rules of those who read it, for every state there can be."""

import re
from datetime import date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from backorder.adapters.feeds import google
from backorder.kernel import storefront
from backorder.kernel.calendars import day_date, day_number
from backorder.kernel.storefront import CROSSWALK, Shown, State, sentence, starts

TODAY = day_number(date(2026, 12, 1))
ZONES = ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "America/St_Johns", "Africa/Monrovia")

# From the crosswalk of availability words, written down a second time: schema.org, Google (with a day), Meta.
WORDS = {
    "in_stock": ("InStock", "in_stock", "in stock"),
    "partial": ("LimitedAvailability", "in_stock", "in stock"),
    "backorder": ("BackOrder", "backorder", "available for order"),
    "backorder_undated": ("BackOrder", "out_of_stock", "available for order"),
    "preorder": ("PreOrder", "preorder", "preorder"),
    "made_to_order": ("MadeToOrder", "backorder", "available for order"),
    "out_of_stock": ("OutOfStock", "out_of_stock", "out of stock"),
    "discontinued": ("Discontinued", "out_of_stock", "discontinued"),
}


@st.composite
def shown(draw: st.DrawFn) -> Shown:
    state = draw(st.sampled_from(get_args(State)))
    today = draw(st.integers(TODAY - 20_000, TODAY + 20_000))
    dated = state not in {"backorder_undated", "out_of_stock", "discontinued"}
    dated = dated and (state != "preorder" or draw(st.booleans()))
    day = today + draw(st.integers(0, 1_000)) if dated else None
    quantity = draw(st.integers(2, 50))
    ready = draw(st.integers(1, quantity - 1)) if state == "partial" else 0
    return Shown(
        sku="CHAIR",
        state=state,
        quantity=quantity,
        today=today,
        zone=draw(st.sampled_from(ZONES)),
        day=day,
        ready=ready,
        first=today if ready else None,
        available=draw(st.integers(0, quantity - 1)) if state == "out_of_stock" else 0,
        release=day if state == "preorder" and draw(st.booleans()) else None,
    )


def test_every_state_has_the_words_of_the_table() -> None:
    assert set(WORDS) == set(get_args(State)) == set(CROSSWALK)
    for state, (schema_org, word, meta) in WORDS.items():
        dated = state not in {"backorder_undated", "out_of_stock", "discontinued"}
        one = Shown("A", state, 1, TODAY, "UTC", TODAY + 9 if dated else None)
        assert (CROSSWALK[state].schema_org, CROSSWALK[state].meta) == (schema_org, meta)
        assert storefront.google(one)[0] == word


@given(one=shown())
def test_google_gets_a_day_within_a_year_or_hears_that_it_is_out_of_stock(one: Shown) -> None:
    word, moment = google.told(one)
    assert word in {"in_stock", "out_of_stock", "preorder", "backorder"}
    assert bool(moment) == (word in {"preorder", "backorder"})
    if not moment:
        return
    assert len(moment) <= 25
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d[+-]\d\d:\d\d", moment)
    said = datetime.fromisoformat(moment)
    assert one.day is not None
    assert said.date() == day_date(one.day), "never another day than the quote's"
    midnight = datetime.combine(day_date(one.today), datetime.min.time(), ZoneInfo(one.zone))
    assert midnight < said <= midnight + timedelta(days=365), "within a year of any hour of today"


@given(one=shown())
def test_schema_org_gets_a_day_where_somebody_waits_for_one(one: Shown) -> None:
    waits = CROSSWALK[one.state].schema_org in {"BackOrder", "PreOrder", "MadeToOrder"}
    assert starts(one) == (one.day if waits else None)


@given(one=shown())
def test_no_sentence_says_in_stock_of_what_waits_or_ships_without_a_day(one: Shown) -> None:
    said = sentence(one)
    text = said.phrase.one
    assert ("In stock" in text) == (one.state == "in_stock")
    assert ("hips by" in text) == (one.day is not None and one.state not in {"out_of_stock", "discontinued"}) or (
        one.state == "partial"
    )
    if one.day is not None and "day" in said.values:
        assert said.values["day"] == (one.day, one.today)


def test_a_day_beyond_a_year_is_out_of_stock_for_google_alone() -> None:
    late = Shown("A", "backorder", 1, TODAY, "UTC", TODAY + storefront.GOOGLE_DAYS + 1)
    assert google.told(late) == ("out_of_stock", "")
    assert google.told(late._replace(day=TODAY + storefront.GOOGLE_DAYS)) == ("backorder", "2027-11-30T23:59+00:00")
    assert CROSSWALK[late.state].meta == "available for order"
    assert starts(late) == late.day
