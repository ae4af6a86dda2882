"""Bad input on what customers are owed: refused with the field and what to do, and no clock is lost by it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from owed import COMMUNICATION, PACK, advance
from sqlalchemy import func, literal_column, select
from state import apply

from backorder.commands._settling import settle_due
from backorder.kernel.calendars import moment_number
from backorder.kernel.notices import RUNNING
from backorder.kernel.outcomes import Outcome
from backorder.queries import check
from backorder.queries.notices import queue
from backorder.storage.db import Database
from backorder.storage.notice_tables import clocks
from backorder.storage.tables import items, lines

ANSWER = {"do": "answer_notice", "order": "A", "by": "ada", "means": "link"}
REFUND = {"do": "record_refund", "order": "GONE", "form": "same_method"}


def do(db: Database, moment: str, **body: object) -> Outcome:
    """A command at a moment of UTC."""
    return apply(db, datetime.fromisoformat(f"{moment}+00:00"), [body])[0]


def standing(db: Database) -> list[tuple]:
    """How every clock stands."""
    c = clocks.c
    with db.read() as tx:
        found = tx.fetch(select(c.order_id, c.line, c.pack, c.state, c.until_on).order_by(*clocks.primary_key))
    return [tuple(row) for row in found]


@pytest.fixture
def shop(db: Database) -> Database:
    """A shop in New York with two orders that were promised 1 April: A waits, and was told of 20 April on 25 March.

    GONE was cancelled by its customer on 26 March: 50.00 USD have to go back by 6 April.
    """
    day = "2026-03-02T15:00"
    do(db, day, do="put_site", site="NY", zone="America/New_York", country="US")
    do(db, day, do="put_item", sku="CHAIR")
    do(db, day, do="put_customer", customer="ada", email="ada@example.com", country="US")
    do(db, day, **COMMUNICATION)
    supply = {"supply": "PO", "sku": "CHAIR", "site": "NY", "quantity": 9, "expected_on": "2026-04-01"}
    do(db, day, do="announce_supply", **supply)
    for name in ("A", "GONE"):
        assert place(db, day, name, customer="ada").outcome.value == "accepted"
    do(db, "2026-03-25T15:00", do="reschedule_supply", supply="PO", expected_on="2026-04-20")
    advance(db, "2026-03-25T16:00")
    assert do(db, "2026-03-26T15:00", **ANSWER | {"order": "GONE", "answer": "cancel"}).outcome.value == "answered"
    return db


def place(db: Database, moment: str, name: str, currency: str = "USD", price: str = "50.00", **more: object) -> Outcome:
    line = {"line": "1", "sku": "CHAIR", "quantity": 1, "unit_price": price}
    return do(
        db, moment, do="place_order", order=name, currency=currency, paid=price, lines=[line], sites=["NY"], **more
    )


BAD = {
    "a day that has passed": (ANSWER | {"answer": "wait", "until": "2026-03-26"}, "invalid", "until"),
    "a day before 1970": (ANSWER | {"answer": "wait", "until": "1969-12-31"}, "invalid", "until"),
    "a day after 2200": (ANSWER | {"answer": "wait", "until": "2201-01-01"}, "invalid", "until"),
    "a day that is none": (ANSWER | {"answer": "wait", "until": "2026-02-30"}, "invalid", "until"),
    "less than was told": (ANSWER | {"answer": "wait", "until": "2026-04-10"}, "invalid", "until"),
    "a day for a cancellation": (ANSWER | {"answer": "cancel", "until": "2026-04-10"}, "invalid", "until"),
    "a call without a day": (ANSWER | {"answer": "call"}, "invalid", "until"),
    "a call where no law has one": (ANSWER | {"answer": "call", "until": "2026-04-10"}, "not_allowed", None),
    "another item without consent": (
        ANSWER | {"answer": "substitute", "sku": "CHAIR", "lines": ["1"]}, "invalid", "consent"),
    "another item for no line": (
        ANSWER | {"answer": "substitute", "sku": "CHAIR", "consent": True}, "invalid", "lines"),
    "another item that is not said": (
        ANSWER | {"answer": "substitute", "lines": ["1"], "consent": True}, "invalid", "sku"),
    "another item that is none": (
        ANSWER | {"answer": "substitute", "lines": ["1"], "sku": "?", "consent": True}, "unknown_item", None),
    "an answer that is none": (ANSWER | {"answer": "perhaps"}, "invalid", "answer"),
    "an answer by nobody": ({**ANSWER, "answer": "wait", "by": ""}, "invalid", "by"),
    "an answer on a line that is none": (ANSWER | {"answer": "wait", "lines": ["9"]}, "unknown_line", None),
    "an answer on a notice that is none": (ANSWER | {"answer": "wait", "notice": 9}, "unknown_notice", None),
    "an answer on the notice of another order": (
        ANSWER | {"order": "NONE", "answer": "wait", "notice": 1}, "unknown_order", None),
    "an answer of who cancelled": (ANSWER | {"order": "GONE", "answer": "wait"}, "not_allowed", None),
    "a cancellation twice": (ANSWER | {"order": "GONE", "answer": "cancel"}, "exists", None),
    "to send what is not due": ({"do": "send_notice", "order": "A", "notice": 1}, "not_allowed", None),
    "to send what is none": ({"do": "send_notice", "order": "A", "notice": 9}, "unknown_notice", None),
    "to send where nothing is due": ({"do": "send_notice", "order": "A"}, "unknown_notice", None),
    "to hold back without a reason": (
        {"do": "suppress_notice", "order": "A", "by": "kim", "reason": ""}, "invalid", "reason"),
    "to hold back what was sent": (
        {"do": "suppress_notice", "order": "A", "by": "kim", "reason": "x", "notice": 1}, "not_allowed", None),
    "a notice that came back and is none": (
        {"do": "record_notice", "order": "A", "notice": 9, "became": "bounced"}, "unknown_notice", None),
    "less than is due": (REFUND | {"amount": "49.99"}, "invalid", "amount"),
    "decimals that the currency has not": (REFUND | {"amount": "50.001"}, "invalid", "amount"),
    "an amount that is none": (REFUND | {"amount": "all"}, "invalid", "amount"),
    "an amount below nothing": (REFUND | {"amount": "-50.00"}, "invalid", "amount"),
    "a statement where money was taken": (REFUND | {"form": "statement"}, "invalid", "form"),
    "a voucher": (REFUND | {"form": "voucher"}, "invalid", "form"),
    "a refund that is none": (REFUND | {"refund": 9}, "unknown_refund", None),
    "a refund where nothing is due": (REFUND | {"order": "A"}, "unknown_refund", None),
    "a refund on no order": (REFUND | {"order": "NONE"}, "unknown_order", None),
    "rules that are none": ({"do": "put_communication", "rules": ["nowhere"]}, "invalid", "rules[0]"),
    "no answers": ({"do": "put_communication", "answers": ""}, "invalid", "answers"),
    "a margin of a year": ({"do": "put_communication", "margin_days": 365}, "invalid", "margin_days"),
    "an order to a zone that is none": (
        {"do": "place_order", "order": "Z", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 1}],
         "ship_to": {"zone": "Mars/Olympus"}}, "invalid", "ship_to.zone"),
    "a move to a zone that is none": (
        {"do": "change_order", "order": "A", "ship_to": {"zone": "Mars/Olympus"}}, "invalid", "ship_to.zone"),
    "a customer in a zone that is none": (
        {"do": "put_customer", "customer": "ada", "zone": "Mars/Olympus"}, "invalid", "zone"),
    "a pack to withdraw that is none": ({"do": "put_pack", "pack": "ours", "text": None}, "unknown_pack", None),
    "a bundled pack to withdraw": ({"do": "put_pack", "pack": "us-ftc", "text": None}, "unknown_pack", None),
}  # fmt: skip


@pytest.mark.parametrize("trouble", BAD)
def test_it_is_refused_with_what_to_do_and_every_clock_stands_as_before(shop: Database, trouble: str) -> None:
    body, word, field = BAD[trouble]
    before, waiting = standing(shop), queue(shop)
    outcome = do(shop, "2026-03-27T15:00", **body)
    assert (outcome.outcome.value, outcome.field) == (word, field)
    assert outcome.message or word == "exists"
    assert standing(shop) == before
    assert queue(shop) == waiting
    assert check.run(shop) == []


DELAYS = """
[[delay]]
kind = "short"
from_days = 1
to_days = 30
silence = "consent"
says = ["order", "revised_day", "right_to_cancel", "silence_consents"]

[[delay]]
kind = "long"
from_days = 31
answer_days = 30
silence = "cancel"
says = ["order", "revised_day", "right_to_cancel", "silence_cancels", "answer_by"]

[[delay]]
kind = "indefinite"
answer_days = 30
silence = "cancel"
says = ["order", "no_day", "reason", "right_to_cancel", "silence_cancels", "answer_by"]

[renewed]
silence = "cancel"
says = ["order", "right_to_cancel", "silence_cancels", "answer_by"]
"""
SHORT_SAYS = 'says = ["order", "revised_day", "right_to_cancel", "silence_consents"]'
TEXTS = {
    "states that overlap": (DELAYS.replace("from_days = 31", "from_days = 30"), "two rules speak of delays of 30 days"),
    "a gap": (DELAYS.replace("from_days = 31", "from_days = 33"), "nothing is said on delays of 31 to 32 days"),
    "no rule for later notices": (DELAYS[: DELAYS.index("[renewed]")], "renewed: "),
    "an empty says": (DELAYS.replace(SHORT_SAYS, "says = []"), "delay.says: "),
    "an unknown field": (DELAYS.replace("to_days = 30", "until_days = 30"), "unknown field `until_days`"),
    "text that is no TOML": (DELAYS + "[[", "at end of document"),
}


@pytest.mark.parametrize("trouble", TEXTS)
def test_a_pack_of_ones_own_that_leaves_a_case_without_a_rule_is_refused(shop: Database, trouble: str) -> None:
    text, says = TEXTS[trouble]
    assert do(shop, "2026-03-27T15:00", do="put_pack", pack="ours", text=PACK + DELAYS).outcome.value == "accepted"
    outcome = do(shop, "2026-03-27T15:00", do="put_pack", pack="ours", text=PACK + text)
    assert (outcome.outcome.value, outcome.field) == ("invalid", "text")
    assert says in (outcome.message or "")
    # The one that was there before still holds.
    again = do(shop, "2026-03-27T15:00", do="put_pack", pack="ours", text=PACK + DELAYS)
    assert again.outcome.value == "exists"


@pytest.mark.parametrize(
    ("was", "becomes", "field", "says"),
    [
        ('refund = { days = 10, unit = "calendar", forms = ["the same method"] }', "", "text", "refund"),
        ('unit = "calendar"', 'unit = "working", holidays = "Atlantis"', "text", "refund.holidays: no public holidays"),
        ('pack = "ours"', 'pack = "theirs"', "pack", "the text is that of the pack theirs"),
        ('source = "Our terms"', f'source = "{"x" * 20_000}"', "text", "20000"),
        ('source = "Our terms"', f'source = "{"x" * 1_001}"', "text", "source: "),
    ],
)
def test_a_pack_that_cannot_be_used_names_what_is_wrong(
    db: Database, was: str, becomes: str, field: str, says: str
) -> None:
    assert was in PACK
    outcome = do(db, "2026-03-02T15:00", do="put_pack", pack="ours", text=PACK.replace(was, becomes))
    assert (outcome.outcome.value, outcome.field) == ("invalid", field)
    assert says in (outcome.message or "")


def test_a_pack_by_the_name_of_a_bundled_one_comes_before_it_for_new_orders_alone(shop: Database) -> None:
    ours = PACK.replace('pack = "ours"', 'pack = "us-ftc"').replace('"CH"', '"US"')
    assert do(shop, "2026-03-27T15:00", do="put_pack", pack="us-ftc", text=ours).outcome.value == "accepted"
    place(shop, "2026-03-27T16:00", "B", customer="ada")
    for name in ("A", "B"):
        do(shop, "2026-03-27T17:00", do="cancel_line", order=name, line="1")
    # Seven working days after Friday 27 March end with 7 April; ten days of the shop's own, with 6 April.
    found = {one.order: one.deadline for one in queue(shop) if one.what == "refund"}
    assert f"{found['A']:%Y-%m-%d}" == "2026-04-08"
    assert f"{found['B']:%Y-%m-%d}" == "2026-04-07"
    assert check.run(shop) == []


def test_a_pack_that_holds_for_every_order_is_not_withdrawn_under_them(shop: Database) -> None:
    moment = "2026-03-27T15:00"
    do(shop, moment, do="put_pack", pack="ours", text=PACK)
    do(shop, moment, do="put_communication", rules=["ours"])
    outcome = do(shop, moment, do="put_pack", pack="ours", text=None)
    assert outcome.outcome.value == "not_allowed"
    assert "put_communication" in (outcome.message or "")
    do(shop, moment, do="put_communication", rules=[])
    assert do(shop, moment, do="put_pack", pack="ours", text=None).outcome.value == "changed"


def test_an_answer_after_the_last_day_is_too_late_before_and_after_the_worker_came(shop: Database) -> None:
    late = "2026-04-21T12:00"  # silence agreed to 20 April, and nothing has left
    wait = ANSWER | {"answer": "wait", "until": "2026-05-15"}
    assert do(shop, late, **wait).outcome.value == "too_late"
    advance(shop, "2026-04-21T12:01")
    assert do(shop, late, **wait).outcome.value == "too_late"
    assert do(shop, late, **ANSWER | {"answer": "cancel"}).outcome.value == "exists"
    # Seven working days after 21 April end with the 30th, in New York.
    found = [f"{one.deadline:%Y-%m-%d %H:%M}" for one in queue(shop) if one.what == "refund" and one.order == "A"]
    assert found == ["2026-05-01 04:00"]
    assert check.run(shop) == []


def test_a_cancellation_that_comes_before_the_worker_counts_from_the_day_of_the_law(shop: Database) -> None:
    assert do(shop, "2026-04-23T12:00", **ANSWER | {"answer": "cancel"}).outcome.value == "answered"
    found = [f"{one.deadline:%Y-%m-%d %H:%M}" for one in queue(shop) if one.what == "refund" and one.order == "A"]
    assert found == ["2026-05-01 04:00"]
    assert check.run(shop) == []


def test_an_answer_on_a_notice_that_was_not_sent_is_refused(shop: Database) -> None:
    do(shop, "2026-03-27T15:00", do="reschedule_supply", supply="PO", expected_on="2026-04-22")
    outcome = do(shop, "2026-03-27T15:01", **ANSWER | {"answer": "wait", "notice": 2})
    assert outcome.outcome.value == "not_allowed"
    assert "not sent yet" in (outcome.message or "")


def test_an_order_that_has_left_cannot_be_answered_about(shop: Database) -> None:
    do(shop, "2026-03-27T15:00", do="receive_supply", supply="PO", receipt="R", quantity=9)
    ship = {"shipment": "S", "order": "A", "lines": [{"line": "1", "quantity": 1}]}
    assert do(shop, "2026-03-27T15:01", do="ship", **ship).outcome.value == "shipped"
    for answer in ("wait", "cancel", "ship_available"):
        assert do(shop, "2026-03-27T15:02", **ANSWER | {"answer": answer}).outcome.value == "already_shipped"


def test_a_refund_is_recorded_once_and_in_the_decimals_of_its_currency(shop: Database) -> None:
    place(shop, "2026-03-27T15:00", "YEN", "JPY", "5000", customer="ada")
    do(shop, "2026-03-27T15:01", **ANSWER | {"order": "YEN", "answer": "cancel"})
    yen = REFUND | {"order": "YEN"}
    assert do(shop, "2026-03-27T15:02", **yen, amount="5000.5").field == "amount"
    assert do(shop, "2026-03-27T15:02", **yen, amount="5000").outcome.value == "changed"
    assert do(shop, "2026-03-27T15:03", **yen, amount="5000").outcome.value == "exists"
    assert [one.order for one in queue(shop) if one.what == "refund"] == ["GONE"]


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"country": "USA"}, "country"),
        ({"country": "us"}, "country"),
        ({"country": "XX"}, "country"),
        ({"country": "Germany"}, "country"),
        ({"country": "US", "region": "California"}, "region"),
        ({"country": "CA", "region": "Québec"}, "region"),
    ],
)
def test_a_place_that_no_law_could_be_found_for_is_refused_with_the_code_to_say(
    shop: Database, place: dict, field: str
) -> None:
    line = {"line": "1", "sku": "CHAIR", "quantity": 1}
    day = "2026-03-27T15:00"
    refused = [
        (do(shop, day, do="place_order", order="NEW", ship_to=place, lines=[line]), f"ship_to.{field}"),
        (do(shop, day, do="change_order", order="A", ship_to=place), f"ship_to.{field}"),
        (do(shop, day, do="put_customer", customer="ada", **place), field),
        (do(shop, day, do="put_site", site="NY", **place), field),
    ]
    for outcome, named in refused:
        assert (outcome.outcome.value, outcome.field) == ("invalid", named)
        assert "ISO 3166" in (outcome.message or "")


@pytest.mark.parametrize(
    ("customer", "ship_to", "packs"),
    [
        ({}, {}, ["us-ftc"]),  # nothing is known of them: the site's country counts
        ({"kind": "business"}, {"country": "DE"}, ["b2b"]),
        ({"kind": "business"}, {"country": "US"}, ["us-ftc"]),
        ({}, {"country": "BR"}, ["elsewhere"]),
        ({"kind": "business"}, {"country": "BR"}, ["b2b"]),
        ({"country": "FR"}, {}, ["eu"]),
        ({"country": "FR"}, {"country": "US", "region": "CA"}, ["us-ca", "us-ftc"]),
        ({}, {"country": "US", "region": "US-CA"}, ["us-ca", "us-ftc"]),
    ],
)
def test_whoever_it_is_and_wherever_it_goes_a_clock_runs_and_who_has_no_address_is_seen(
    shop: Database, customer: dict, ship_to: dict, packs: list[str]
) -> None:
    moment = "2026-03-27T15:00"
    do(shop, moment, do="put_customer", customer="x", **customer)
    assert place(shop, moment, "X", customer="x", ship_to=ship_to).outcome.value == "accepted"
    assert [row[2:4] for row in standing(shop) if row[0] == "X"] == [(pack, "open") for pack in packs]
    do(shop, "2026-03-28T15:00", do="reschedule_supply", supply="PO", expected_on="2026-05-04")
    assert [one.trouble for one in queue(shop) if one.order == "X"] == ["no_address"]


# -- whatever is in an order's fields, and whatever happens to it: no clock disappears ------------------------------

PLACES = st.fixed_dictionaries(
    {},
    optional={
        "country": st.sampled_from(["US", "DE", "CA", "CN", "XX", "us", "Germany", "\u00df", " "]),
        "region": st.sampled_from(["CA", "US-CA", "QC", "Bayern", "?", "-"]),
        "zone": st.sampled_from(["America/Los_Angeles", "Asia/Shanghai", "Mars/Olympus", "", "..", "UTC"]),
    },
)
CUSTOMERS = st.fixed_dictionaries(
    {"kind": st.sampled_from(["consumer", "business"])},
    optional={"email": st.just("ada@example.com"), "country": st.sampled_from(["US", "DE", "XX"])},
)
STEPS = st.sampled_from(
    [
        "move",
        "wait",
        "longer",
        "cancel",
        "less",
        "call",
        "ready",
        "slip",
        "drop",
        "receive",
        "ship",
        "reverse",
        "address",
        "look",
    ]
)


def _happens(what: str, order: str, place: dict, now: datetime, n: int) -> dict:
    """One thing that happens to an order, as a command."""
    answer = ANSWER | {"order": order}
    line = [{"line": "1", "quantity": 1}]
    later = f"{now + timedelta(days=20 * n):%Y-%m-%d}"
    return {
        "move": {"do": "change_order", "order": order, "ship_to": place},
        "wait": answer | {"answer": "wait"},
        "longer": answer | {"answer": "wait", "until": later},
        "cancel": answer | {"answer": "cancel"},
        "less": {"do": "cancel_line", "order": order, "line": "1", "quantity": 1, "by": "merchant"},
        "call": answer | {"answer": "call", "until": later},
        "ready": answer | {"answer": "ship_available"},
        "slip": {"do": "reschedule_supply", "supply": order, "expected_on": later},
        "drop": {"do": "cancel_supply", "supply": order},
        "receive": {"do": "receive_supply", "supply": order, "receipt": f"{order}-{n}", "quantity": 1},
        "ship": {"do": "ship", "shipment": f"{order}-{n}", "order": order, "lines": line},
        "reverse": {"do": "reverse_shipment", "shipment": f"{order}-{n - 1}"},
        "address": {"do": "put_customer", "customer": order, "email": None if n % 2 else "ada@example.com"},
    }[what]


def _place_any(db: Database, start: datetime, customer: dict | None, ship_to: dict) -> tuple[str, Outcome]:
    """An order of a customer of its own, on two units of an item of its own, which come in a month."""
    with db.read() as tx:
        order = f"P{tx.fetch(select(func.count()).select_from(items))[0][0]}"
    supply = {"supply": order, "sku": order, "site": "NY", "quantity": 2, "expected_on": "2026-04-27"}
    line = {"line": "1", "sku": order, "quantity": 2, "unit_price": "5.00"}
    commands = [
        {"do": "put_customer", "customer": order, **(customer or {})},
        {"do": "put_item", "sku": order},
        {"do": "announce_supply", **supply},
        {
            "do": "place_order",
            "order": order,
            "customer": None if customer is None else order,
            "currency": "USD",
            "paid": "10.00",
            "sites": ["NY"],
            "ship_to": ship_to,
            "lines": [line],
        },
    ]
    return order, apply(db, start, commands)[-1]


OPEN = lines.c.waiting + lines.c.allocated > literal_column("0")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(PLACES, st.none() | CUSTOMERS, st.lists(st.tuples(STEPS, PLACES), max_size=6))
def test_no_clock_disappears_and_no_open_line_is_without_one(
    shop: Database, ship_to: dict, customer: dict | None, life: list[tuple[str, dict]]
) -> None:
    now = datetime(2026, 3, 27, 15, tzinfo=UTC)
    order, outcome = _place_any(shop, now, customer, ship_to)
    if outcome.outcome.value != "accepted":
        assert outcome.field is not None or outcome.outcome.value == "unknown_customer"
        return
    before: set[tuple[str, str]] = set()
    for n, (what, place) in enumerate([*life, ("look", {})], 1):
        now += timedelta(days=33 if what == "look" else 1)
        if what == "look":  # at this order alone: the days of another example are not those of this one
            settle_due(shop, moment_number(now), [order])
        else:
            apply(shop, now, [_happens(what, order, place, now, n)])
        mine = {(line, pack): state for of, line, pack, state, _ in standing(shop) if of == order}
        assert before <= mine.keys()
        before = set(mine)
        with shop.read() as tx:
            still = tx.fetch(select(lines.c.line).where(lines.c.order_id == order, OPEN))
        for (name,) in still:
            assert any(state in RUNNING for (line, _), state in mine.items() if line == name)
    assert check.run(shop) == []
