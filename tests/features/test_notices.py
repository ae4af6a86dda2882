"""What customers are owed, from supply to letter to refund: told in time, answered, cancelled by law, paid back."""

from datetime import UTC, datetime

import pytest
from owed import COMMUNICATION, advance, do, owed
from sqlalchemy import event, select
from state import apply

from backorder.kernel.calendars import day_date, moment_datetime
from backorder.queries import check
from backorder.queries.notices import of_order, queue
from backorder.storage.cases import load_history
from backorder.storage.db import Database
from backorder.storage.notice_tables import clocks
from backorder.storage.tables import promises


@pytest.fixture
def shop(db: Database) -> Database:
    """A shop in New York that tells its customers, with chairs that come on the first of April and one order on them.

    The days are those of consumer-law examples V1 to V3 on 16 CFR 435: ordered on 2 March, due on 1 April 2026.
    """
    day = "2026-03-02T15:00"
    do(db, day, "put_site", site="NY", zone="America/New_York", country="US")
    do(db, day, "put_item", sku="CHAIR", name="Oak chair")
    do(db, day, "put_customer", customer="ada", email="ada@example.com", country="US")
    do(db, day, COMMUNICATION["do"], **{name: value for name, value in COMMUNICATION.items() if name != "do"})
    do(db, day, "announce_supply", supply="PO", sku="CHAIR", site="NY", quantity=9, expected_on="2026-04-01")
    line = {"line": "1", "sku": "CHAIR", "quantity": 2, "unit_price": "50.00"}
    bought = {"customer": "ada", "channel": "web", "currency": "USD", "paid": "100.00"}
    assert do(db, day, "place_order", order="A", lines=[line], **bought) == "accepted"
    return db


def slip(db: Database, day: str) -> None:
    do(db, "2026-03-25T15:00", "reschedule_supply", supply="PO", expected_on=day)
    advance(db, "2026-03-25T16:00")


def notices(db: Database, order: str = "A") -> list[tuple[str, str]]:
    return [(notice.kind, notice.state) for notice in of_order(db, order)]


def refund(db: Database) -> list[tuple[str, str, str | None]]:
    found = [one for one in queue(db) if one.what == "refund"]
    return [(one.kind, one.deadline.isoformat() if one.deadline else "", one.amount) for one in found]


def test_a_short_first_delay_is_told_and_silence_agrees(shop: Database) -> None:
    slip(shop, "2026-05-01")  # V2: thirty days behind the limit
    assert notices(shop) == [("short", "asking")]
    advance(shop, "2026-04-03T12:00")
    assert notices(shop)[0] == ("short", "asking")
    assert refund(shop) == []
    text = of_order(shop, "A")[0].text or ""
    assert "Fri 1 May 2026" in text
    assert "If we do not hear from you before we ship" in text
    assert check.run(shop) == []


def test_a_long_first_delay_without_an_answer_is_cancelled_and_paid_back(shop: Database) -> None:
    slip(shop, "2026-05-02")  # V3: more than thirty days; the second is a Saturday, so it ships on the fourth
    assert notices(shop) == [("long", "asking")]
    advance(shop, "2026-05-02T03:00")  # 1 May, eleven at night in New York: never early
    assert refund(shop) == []
    advance(shop, "2026-05-02T05:00")
    assert notices(shop)[0] == ("long", "lapsed")
    assert notices(shop)[-1] == ("cancelled", "told")
    # Seven working days after 2 May: until the end of 12 May in New York.
    assert refund(shop) == [("silence", "2026-05-13T04:00:00+00:00", "100.00")]
    assert do(shop, "2026-05-03T12:00", "record_refund", order="A", form="same_method", amount="60.00") == "invalid"
    assert do(shop, "2026-05-03T12:00", "record_refund", order="A", form="same_method") == "changed"
    assert queue(shop) == []
    assert check.run(shop) == []


def test_who_agrees_keeps_the_order_and_a_second_delay_is_never_agreed_to_by_silence(shop: Database) -> None:
    slip(shop, "2026-05-02")
    answer = {"order": "A", "by": "ada", "means": "link", "notice": 1}
    assert do(shop, "2026-03-26T12:00", "answer_notice", answer="wait", **answer) == "answered"
    assert notices(shop) == [("long", "answered")]
    do(shop, "2026-04-20T12:00", "reschedule_supply", supply="PO", expected_on="2026-06-01")
    advance(shop, "2026-04-20T13:00")
    assert ("renewed", "asking") in notices(shop)
    advance(shop, "2026-05-05T03:00")  # eleven at night of the day agreed to
    assert refund(shop) == []
    advance(shop, "2026-05-05T05:00")
    assert [one[0] for one in refund(shop)] == ["silence"]


def test_the_customers_word_comes_first_until_it_leaves(shop: Database) -> None:
    do(shop, "2026-03-25T15:00", "receive_supply", supply="PO", receipt="R", quantity=9)
    do(shop, "2026-03-25T15:00", "pick", order="A", lines=[{"line": "1", "quantity": 2}])
    answer = {"order": "A", "by": "ada", "means": "phone"}
    assert do(shop, "2026-03-25T16:00", "answer_notice", answer="cancel", **answer) == "answered"
    assert do(shop, "2026-03-25T16:00", "answer_notice", answer="cancel", **answer) == "exists"
    assert do(shop, "2026-03-25T17:00", "answer_notice", answer="wait", **answer) == "not_allowed"
    assert [one[0] for one in refund(shop)] == ["buyer"]
    assert check.run(shop) == []


def test_a_worker_that_slept_for_a_week_acts_late_but_counts_from_the_day_that_counts(shop: Database) -> None:
    do(shop, "2026-03-31T15:00", "reschedule_supply", supply="PO", expected_on="2026-04-10")
    advance(shop, "2026-04-09T12:00")  # nobody sent the notice in time: what comes after the limit is none
    assert ("short", "withdrawn") in notices(shop)
    assert refund(shop) == [("missed", "2026-04-14T04:00:00+00:00", "100.00")]  # V1: by 13 April


def test_a_change_that_comes_to_nothing_is_not_told(shop: Database) -> None:
    do(shop, "2026-03-10T15:00", "reschedule_supply", supply="PO", expected_on="2026-04-20")
    do(shop, "2026-03-10T15:10", "reschedule_supply", supply="PO", expected_on="2026-04-01")
    advance(shop, "2026-03-10T18:00")
    assert notices(shop) == [("short", "withdrawn")]


def test_who_cannot_be_written_to_stands_in_the_queue_and_their_clock_runs(shop: Database) -> None:
    line = {"line": "1", "sku": "CHAIR", "quantity": 1}
    do(shop, "2026-03-02T15:00", "place_order", order="B", lines=[line])
    slip(shop, "2026-04-20")
    assert [(one.order, one.trouble) for one in queue(shop) if one.trouble] == [("B", "no_address")]
    assert do(shop, "2026-03-26T15:00", "send_notice", order="B") == "not_allowed"
    assert do(shop, "2026-03-26T15:00", "send_notice", order="B", means="phone", by="kim") == "changed"
    assert ("short", "asking") in notices(shop, "B")


def test_a_notice_that_came_back_told_nobody(shop: Database) -> None:
    slip(shop, "2026-04-20")
    assert do(shop, "2026-03-26T15:00", "record_notice", order="A", notice=1, became="bounced") == "changed"
    assert notices(shop) == [("short", "replaced"), ("short", "due")]
    advance(shop, "2026-04-02T12:00")
    assert [one[0] for one in refund(shop)] == ["missed"]


def test_word_that_a_notice_came_back_counts_once(shop: Database) -> None:
    slip(shop, "2026-04-20")
    bounced = {"order": "A", "notice": 1, "became": "bounced"}
    assert do(shop, "2026-03-26T15:00", "record_notice", **bounced) == "changed"
    assert do(shop, "2026-03-26T15:00", "record_notice", **bounced) == "exists"
    assert do(shop, "2026-03-26T16:00", "send_notice", order="A", means="phone", by="kim") == "changed"
    assert do(shop, "2026-03-26T17:00", "record_notice", **bounced) == "exists"
    assert notices(shop) == [("short", "replaced"), ("short", "asking")]  # who was told by phone was told
    for outcome in ("changed", "exists"):
        assert do(shop, "2026-03-26T18:00", "record_notice", order="A", notice=2, became="delivered") == outcome


def test_an_older_notice_that_comes_back_takes_nothing_from_the_newer_one(shop: Database) -> None:
    slip(shop, "2026-05-02")
    do(shop, "2026-03-26T12:00", "answer_notice", order="A", answer="wait", by="ada", means="link", notice=1)
    do(shop, "2026-04-20T12:00", "reschedule_supply", supply="PO", expected_on="2026-06-01")
    advance(shop, "2026-04-20T13:00")
    before = notices(shop)
    assert ("renewed", "asking") in before
    assert do(shop, "2026-04-21T12:00", "record_notice", order="A", notice=1, became="bounced") == "changed"
    assert notices(shop) == before
    assert check.run(shop) == []


def test_turning_it_on_watches_orders_that_were_there_and_cancels_none(db: Database) -> None:
    do(db, "2026-03-02T15:00", "put_site", site="NY", country="US")
    do(db, "2026-03-02T15:00", "put_item", sku="CHAIR", coverage="lead_time", lead_time_days=5)
    line = {"line": "1", "sku": "CHAIR", "quantity": 1}
    do(db, "2026-03-02T15:00", "place_order", order="OLD", lines=[line])
    fields = {name: value for name, value in COMMUNICATION.items() if name != "do"}
    assert do(db, "2026-05-01T12:00", "put_communication", **fields) == "changed"
    advance(db, "2026-05-01T12:10")  # it was late: its lead time gave it another day, from which its clock counts
    assert queue(db) == []
    advance(db, "2026-05-06T23:00")  # an hour before that day ends, and nothing has left
    assert [(one.order, one.state, one.trouble) for one in queue(db)] == [("OLD", "due", "no_address")]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"rules": ["nowhere"]}, "rules[0]"),
        ({"rules": []}, "answers"),
        ({"rules": [], "answers": "x"}, "contact"),
    ],
)
def test_it_is_not_turned_on_by_halves(fields: dict, field: str, db: Database) -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    outcome = apply(db, moment, [{"do": "put_communication", **fields}])[0]
    assert (outcome.outcome.value, outcome.field) == ("invalid", field)


def test_every_command_of_what_is_owed_has_its_effect(db: Database) -> None:
    owed(db, datetime(2026, 12, 1, 9, tzinfo=UTC))
    assert check.run(db) == []


def test_another_item_only_with_express_consent_and_with_a_promise_of_its_own(shop: Database) -> None:
    do(shop, "2026-03-03T15:00", "put_item", sku="STOOL")
    do(shop, "2026-03-03T15:00", "count_stock", sku="STOOL", site="NY", quantity=5)
    answer = {"order": "A", "answer": "substitute", "lines": ["1"], "sku": "STOOL", "by": "ada", "means": "phone"}
    assert do(shop, "2026-03-03T16:00", "answer_notice", **answer) == "invalid"
    assert do(shop, "2026-03-03T16:00", "answer_notice", **answer, consent=True) == "answered"
    # Two stools at the chairs' price take the place of two chairs: nothing of the 100.00 goes back.
    assert queue(shop) == []
    assert notices(shop) == []
    assert check.run(shop) == []


def test_the_part_that_was_cancelled_is_paid_back_and_the_rest_goes_on(shop: Database) -> None:
    do(shop, "2026-03-03T15:00", "cancel_line", order="A", line="1", quantity=1, by="customer")
    assert [(one[0], one[2]) for one in refund(shop)] == [("buyer", "50.00")]
    slip(shop, "2026-04-20")
    assert ("short", "asking") in notices(shop)


def test_what_is_ready_leaves_where_the_customer_wants_it(shop: Database) -> None:
    do(shop, "2026-03-03T15:00", "put_item", sku="STOOL")
    do(shop, "2026-03-03T15:00", "count_stock", sku="STOOL", site="NY", quantity=5)
    lines = [{"line": "1", "sku": "CHAIR", "quantity": 1}, {"line": "2", "sku": "STOOL", "quantity": 1}]
    do(shop, "2026-03-03T15:00", "place_order", order="B", customer="ada", ship="complete", lines=lines)
    ship = {"shipment": "S", "order": "B", "lines": [{"line": "2", "quantity": 1}]}
    assert do(shop, "2026-03-03T16:00", "ship", **ship) == "not_allowed"
    answer = {"order": "B", "answer": "ship_available", "by": "ada", "means": "link"}
    assert do(shop, "2026-03-03T17:00", "answer_notice", **answer) == "answered"
    assert do(shop, "2026-03-03T18:00", "ship", **ship) == "shipped"
    assert check.run(shop) == []


def test_in_the_union_a_buyer_sets_a_last_day_and_in_the_states_does_not(shop: Database) -> None:
    line = {"line": "1", "sku": "CHAIR", "quantity": 1}
    placed = {"order": "DE", "customer": "ada", "ship_to": {"country": "DE", "zone": "Europe/Berlin"}, "lines": [line]}
    do(shop, "2026-03-03T15:00", "place_order", **placed)
    call = {"answer": "call", "until": "2026-04-20", "by": "ada", "means": "letter"}
    assert do(shop, "2026-04-02T12:00", "answer_notice", order="DE", **call) == "answered"
    assert do(shop, "2026-03-03T16:00", "answer_notice", order="A", **call) == "not_allowed"


def test_who_waits_long_hears_that_the_day_stands(shop: Database) -> None:
    advance(shop, "2026-03-16T14:00")
    assert notices(shop) == []
    advance(shop, "2026-03-16T16:00")  # fourteen days after the order
    advance(shop, "2026-03-16T17:00")
    assert notices(shop) == [("still", "told")]
    assert "still to ship by Wed 1 Apr 2026" in (of_order(shop, "A")[0].text or "")


def test_goods_that_have_not_left_get_another_day_while_it_can_still_be_told(shop: Database) -> None:
    do(shop, "2026-03-31T15:00", "receive_supply", supply="PO", receipt="R", quantity=9)
    advance(shop, "2026-04-02T01:00")  # nine in the evening of 1 April in New York
    assert [kind for kind, _ in notices(shop) if kind != "still"] == []
    advance(shop, "2026-04-02T02:30")
    assert notices(shop)[-1] == ("short", "asking")
    advance(shop, "2026-04-02T12:00")
    assert refund(shop) == []
    assert check.run(shop) == []


def test_the_day_that_stood_when_it_was_turned_on_counts_even_where_a_slip_comes_first(db: Database) -> None:
    day = "2026-03-02T15:00"
    do(db, day, "put_site", site="NY", zone="America/New_York", country="US")
    do(db, day, "put_item", sku="CHAIR")
    do(db, day, "put_customer", customer="ada", email="ada@example.com")
    do(db, day, "announce_supply", supply="PO", sku="CHAIR", site="NY", quantity=9, expected_on="2026-03-20")
    do(db, day, "place_order", order="A", customer="ada", lines=[{"line": "1", "sku": "CHAIR", "quantity": 1}])
    do(db, day, "put_communication", **{name: value for name, value in COMMUNICATION.items() if name != "do"})
    do(db, day, "reschedule_supply", supply="PO", expected_on="2026-04-10")  # before its clock was looked at
    assert notices(db) == [("short", "due")]
    advance(db, "2026-03-02T16:00")
    assert "promised for Fri 20 Mar 2026, now to ship by Fri 10 Apr 2026" in (of_order(db, "A")[0].text or "")
    assert check.run(db) == []


def test_who_cancelled_by_which_means_on_which_text_is_evidence(shop: Database) -> None:
    slip(shop, "2026-05-02")
    answer = {"order": "A", "answer": "cancel", "by": "kim", "means": "phone", "notice": 1, "note": "changed her mind"}
    assert do(shop, "2026-03-26T12:00", "answer_notice", **answer) == "answered"
    with shop.read() as tx:
        left = [entry for entry in load_history(tx, ["A"])["A"] if entry.kind == "left"]
    assert [(entry.line, entry.quantity, entry.notice, entry.by, entry.means, entry.note) for entry in left] == [
        ("1", 2, 1, "kim", "phone", "changed her mind")
    ]
    assert check.run(shop) == []


def promised(db: Database, order: str = "A") -> list[tuple[str, str | None]]:
    """When the promise of an order's first line moved, and to which day."""
    with db.read() as tx:
        query = select(promises.c.at, promises.c.to_day).where(promises.c.order_id == order).order_by(promises.c.n)
        rows = tx.fetch(query)
    return [(f"{moment_datetime(at):%m-%d %H:%M}", None if day is None else str(day_date(day))) for at, day in rows]


def test_a_day_that_was_not_kept_moves_once_and_the_ledger_says_when(shop: Database) -> None:
    do(shop, "2026-03-31T15:00", "receive_supply", supply="PO", receipt="R", quantity=9)
    advance(shop, "2026-04-02T02:30")
    advance(shop, "2026-04-03T02:30")
    # Half past ten in the evening in New York, both times.
    assert promised(shop) == [
        ("03-02 15:00", "2026-04-01"),
        ("04-02 02:30", "2026-04-02"),
        ("04-03 02:30", "2026-04-03"),
    ]


def test_what_comes_between_the_end_of_a_day_and_its_timer_does_not_take_the_timer_away(shop: Database) -> None:
    do(shop, "2026-03-31T15:00", "receive_supply", supply="PO", receipt="R", quantity=9)
    line = {"line": "1", "sku": "CHAIR", "quantity": 2}
    do(shop, "2026-04-02T02:10", "add_lines", order="A", lines=[line | {"line": "2"}])
    advance(shop, "2026-04-02T02:30")
    assert notices(shop)[-1] == ("short", "asking")


def test_one_letter_says_of_each_of_the_goods_what_silence_means(shop: Database) -> None:
    """The chair was waited for once, so that silence ends it; the stool is late for the first time: silence agrees."""
    do(shop, "2026-03-02T15:00", "put_item", sku="STOOL", name="Stool")
    do(shop, "2026-03-02T15:00", "announce_supply", supply="ST", sku="STOOL", site="NY", quantity=9,
       expected_on="2026-04-10")  # fmt: skip
    lines = [{"line": "1", "sku": "CHAIR", "quantity": 1}, {"line": "2", "sku": "STOOL", "quantity": 1}]
    do(shop, "2026-03-02T15:00", "place_order", order="B", customer="ada", lines=lines)
    slip(shop, "2026-04-07")
    assert notices(shop, "B")[-1] == ("short", "asking")
    do(shop, "2026-04-02T15:00", "reschedule_supply", supply="PO", expected_on="2026-04-30")
    do(shop, "2026-04-02T15:05", "reschedule_supply", supply="ST", expected_on="2026-04-30")
    advance(shop, "2026-04-02T18:00")
    text = of_order(shop, "B")[-1].text or ""
    assert "- 1 of Oak chair: please answer by Tue 7 Apr 2026." in text
    assert "- 1 of Oak chair: if you do not agree by Tue 7 Apr 2026, and it has not shipped by then" in text
    assert (
        "- 1 of Stool: if we do not hear from you before we ship, we take it that you agree to wait until Thu 30"
        in text
    )
    advance(shop, "2026-04-11T12:00")
    ended = [
        (one.kind, one.deadline and one.deadline.isoformat())
        for one in queue(shop)
        if one.what == "refund" and one.order == "B"
    ]
    assert ended == [("silence", "2026-04-18T04:00:00+00:00")]  # the chair's: seven working days after 8 April
    assert check.run(shop) == []


def test_better_news_asks_again_while_silence_still_cancels(shop: Database) -> None:
    slip(shop, "2026-06-15")
    assert notices(shop) == [("long", "asking")]
    do(shop, "2026-03-28T15:00", "reschedule_supply", supply="PO", expected_on="2026-05-20")
    advance(shop, "2026-03-28T18:00")
    assert notices(shop) == [("long", "replaced"), ("renewed", "asking")]
    assert "If you do not agree by Fri 1 May 2026" in (of_order(shop, "A")[-1].text or "")


def test_units_that_come_back_of_a_line_that_was_cancelled_are_cancelled_with_it(shop: Database) -> None:
    do(shop, "2026-03-25T15:00", "receive_supply", supply="PO", receipt="R", quantity=9)
    do(shop, "2026-03-25T15:00", "ship", order="A", shipment="S", lines=[{"line": "1", "quantity": 1}])
    answer = {"order": "A", "answer": "cancel", "by": "ada", "means": "phone"}
    assert do(shop, "2026-03-25T16:00", "answer_notice", **answer) == "answered"
    assert do(shop, "2026-03-26T16:00", "reverse_shipment", shipment="S") == "changed"
    advance(shop, "2026-03-26T17:00")
    # What had not left on 25 March was cancelled on that day, seven working days before the end of 3 April.
    assert refund(shop) == [("buyer", "2026-04-04T04:00:00+00:00", "50.00")] * 2
    assert check.run(shop) == []


def test_units_that_come_back_of_a_line_that_silence_ended_are_cancelled_because_of_it(shop: Database) -> None:
    """Whatever else watched it: a law of another place, where nobody declined."""
    do(shop, "2026-03-20T15:00", "receive_supply", supply="PO", receipt="R", quantity=1)
    do(shop, "2026-03-20T15:00", "ship", order="A", shipment="S", lines=[{"line": "1", "quantity": 1}])
    do(shop, "2026-03-21T15:00", "change_order", order="A", ship_to={"country": "DE", "zone": "Europe/Berlin"})
    slip(shop, "2026-06-15")
    advance(shop, "2026-05-02T15:00")
    assert do(shop, "2026-05-02T16:00", "reverse_shipment", shipment="S") == "changed"
    advance(shop, "2026-05-02T17:00")
    assert [one[0] for one in refund(shop)] == ["silence", "silence"]


def test_a_new_address_is_written_to_whatever_came_back_from_the_old_one(shop: Database) -> None:
    advance(shop, "2026-03-16T17:00")
    assert do(shop, "2026-03-17T15:00", "record_notice", order="A", notice=1, became="bounced") == "changed"
    do(shop, "2026-03-18T15:00", "put_customer", customer="ada", email="ada@example.org")
    slip(shop, "2026-04-20")
    assert notices(shop) == [("still", "replaced"), ("short", "asking")]


def test_a_new_address_counts_where_nothing_waited_to_be_told_when_it_was_given(shop: Database) -> None:
    slip(shop, "2026-04-20")
    do(shop, "2026-03-26T15:00", "record_notice", order="A", notice=1, became="bounced")
    assert do(shop, "2026-03-26T16:00", "send_notice", order="A", means="phone", by="kim") == "changed"
    do(shop, "2026-03-27T15:00", "put_customer", customer="ada", email="ada@example.org")
    do(shop, "2026-03-28T15:00", "reschedule_supply", supply="PO", expected_on="2026-04-30")
    advance(shop, "2026-03-28T16:00")
    assert [(one.state, one.means) for one in of_order(shop, "A")][-1] == ("asking", "email")


def test_a_letter_to_an_address_of_before_that_comes_back_says_nothing_of_the_one_that_is_known(shop: Database) -> None:
    slip(shop, "2026-04-20")
    do(shop, "2026-03-26T15:00", "put_customer", customer="ada", email="ada@example.org")
    assert do(shop, "2026-03-27T15:00", "record_notice", order="A", notice=1, became="bounced") == "changed"
    advance(shop, "2026-03-27T16:00")
    assert notices(shop) == [("short", "replaced"), ("short", "asking")]


def test_what_nobody_heard_of_is_not_told_as_the_day_before(shop: Database) -> None:
    """The day known before is the one that was confirmed, not a better one from which another law's clock counts."""
    do(shop, "2026-03-03T15:00", "put_customer", customer="ada", email=None)
    do(shop, "2026-03-04T15:00", "reschedule_supply", supply="PO", expected_on="2026-03-27")
    do(shop, "2026-03-05T15:00", "change_order", order="A", ship_to={"country": "DE", "zone": "Europe/Berlin"})
    slip(shop, "2026-04-20")
    assert do(shop, "2026-03-26T15:00", "send_notice", order="A", means="phone", by="kim") == "changed"
    assert do(shop, "2026-03-27T15:00", "record_notice", order="A", notice=1, became="bounced") == "changed"
    assert do(shop, "2026-03-27T16:00", "send_notice", order="A", means="phone", by="kim") == "changed"
    told = "zugesagt für Mittwoch, 1. April 2026"  # to where the goods go now
    assert [told in (one.text or "") for one in of_order(shop, "A")] == [True, True]


def test_nothing_is_mailed_to_an_address_that_was_taken_back_meanwhile(shop: Database) -> None:
    do(shop, "2026-03-25T15:00", "reschedule_supply", supply="PO", expected_on="2026-04-20")
    do(shop, "2026-03-25T15:10", "put_customer", customer="ada", email=None)
    advance(shop, "2026-03-25T17:00")
    assert [(one.state, one.trouble) for one in queue(shop)] == [("due", "no_address")]


def test_a_letter_that_comes_back_takes_back_no_later_one(shop: Database) -> None:
    slip(shop, "2026-04-20")
    do(shop, "2026-03-27T15:00", "reschedule_supply", supply="PO", expected_on="2026-04-30")
    advance(shop, "2026-03-27T16:00")
    assert do(shop, "2026-03-28T15:00", "record_notice", order="A", notice=1, became="bounced") == "changed"
    advance(shop, "2026-03-28T17:00")
    assert notices(shop) == [("short", "replaced"), ("renewed", "asking")]


def test_a_courtesy_that_comes_back_takes_back_no_question(shop: Database) -> None:
    slip(shop, "2026-06-15")
    do(shop, "2026-03-27T15:00", "reschedule_supply", supply="PO", expected_on="2026-04-01")
    advance(shop, "2026-03-27T17:00")
    assert notices(shop) == [("long", "replaced"), ("better", "told")]
    do(shop, "2026-03-28T15:00", "record_notice", order="A", notice=2, became="bounced")
    do(shop, "2026-03-28T16:00", "put_customer", customer="ada", email="ada@example.org")
    do(shop, "2026-03-28T17:00", "reschedule_supply", supply="PO", expected_on="2026-05-20")
    advance(shop, "2026-03-28T19:00")
    assert notices(shop)[-1] == ("renewed", "asking")  # a second delay is never told like a first one


def test_who_agrees_to_the_day_that_holds_anyhow_has_agreed_to_no_delay(shop: Database) -> None:
    """Silence may still agree to the first short delay."""
    do(shop, "2026-03-03T15:00", "put_item", sku="STOOL")
    do(shop, "2026-03-03T15:00", "announce_supply", supply="ST", sku="STOOL", site="NY", quantity=9,
       expected_on="2026-03-20")  # fmt: skip
    lines = [{"line": "1", "sku": "CHAIR", "quantity": 1}, {"line": "2", "sku": "STOOL", "quantity": 1}]
    do(shop, "2026-03-03T15:00", "place_order", order="B", customer="ada", lines=lines)
    answer = {"order": "B", "answer": "wait", "until": "2026-04-01", "by": "ada", "means": "link"}
    assert do(shop, "2026-03-04T15:00", "answer_notice", **answer) == "answered"
    slip(shop, "2026-04-20")
    assert notices(shop, "B")[-1] == ("short", "asking")


def test_what_a_person_cancels_after_the_law_did_is_paid_back_as_the_law_has_it(shop: Database) -> None:
    assert do(shop, "2026-04-04T15:00", "cancel_line", order="A", line="1", quantity=1) == "cancelled"
    # The worker stood still: it was over with 1 April, and seven working days later is 13 April.
    assert [one[1] for one in refund(shop)] == ["2026-04-14T04:00:00+00:00"]


def test_the_answer_on_another_item_tells_the_day_that_is_promised(shop: Database) -> None:
    """What the old line gives back may serve the new one: that day is the one that was told, and that counts."""
    do(shop, "2026-03-03T15:00", "announce_supply", supply="LATE", sku="CHAIR", site="NY", quantity=9,
       expected_on="2026-05-01")  # fmt: skip
    do(shop, "2026-03-03T15:00", "place_order", order="B", lines=[{"line": "1", "sku": "CHAIR", "quantity": 7}])
    answer = {"do": "answer_notice", "order": "A", "answer": "substitute", "lines": ["1"], "sku": "CHAIR", "by": "ada"}
    moment = datetime(2026, 3, 3, 16, tzinfo=UTC)
    outcome = apply(shop, moment, [answer | {"means": "phone", "consent": True, "new_line": "2"}])[0]
    with shop.read() as tx:
        query = select(promises.c.to_day).where(promises.c.order_id == "A", promises.c.line == "2")
        told = [day_date(row[0]).isoformat() for row in tx.fetch(query.order_by(promises.c.n))]
    assert (told, str(outcome.lines[0].promise)) == (["2026-05-01", "2026-04-01"], "2026-04-01")


def test_only_the_laws_that_let_the_buyer_call_hear_a_call(shop: Database) -> None:
    line = {"line": "1", "sku": "CHAIR", "quantity": 1}
    place = {"country": "AU", "zone": "Australia/Sydney"}
    do(shop, "2026-03-03T15:00", "place_order", order="B", customer="ada", ship_to=place, lines=[line])
    do(shop, "2026-03-04T15:00", "change_order", order="B", ship_to={"country": "DE"})
    call = {"answer": "call", "until": "2026-03-20", "by": "ada", "means": "letter"}
    assert do(shop, "2026-03-05T15:00", "answer_notice", order="B", **call) == "answered"
    with shop.read() as tx:
        query = select(clocks.c.pack, clocks.c.leave_from).where(clocks.c.order_id == "B").order_by(clocks.c.pack)
        found = [(pack, str(day_date(day))) for pack, day in tx.fetch(query)]
    assert found == [("au", "2026-04-02"), ("eu", "2026-04-02")], "nobody is late before the day that was promised"


def test_outside_the_states_too_somebody_may_agree_to_wait_without_a_day(shop: Database) -> None:
    line = {"line": "1", "sku": "CHAIR", "quantity": 1}
    place = {"country": "DE", "zone": "Europe/Berlin"}
    do(shop, "2026-03-03T15:00", "place_order", order="B", customer="ada", ship_to=place, lines=[line])
    do(shop, "2026-03-04T15:00", "cancel_supply", supply="PO")
    advance(shop, "2026-03-04T16:00")
    assert "wir können keinen neuen Tag nennen" in (of_order(shop, "B")[-1].text or "")
    answer = {"order": "B", "answer": "wait", "by": "ada", "means": "link"}
    assert do(shop, "2026-03-05T15:00", "answer_notice", **answer) == "answered"
    advance(shop, "2026-05-05T15:00")
    with shop.read() as tx:
        query = select(clocks.c.state, clocks.c.limit_on).where(clocks.c.order_id == "B")
        assert [(state, str(day_date(day))) for state, day in tx.fetch(query)] == [("waiting_indefinite", "2026-04-01")]


def test_what_comes_between_the_deadline_of_a_refund_and_its_timer_does_not_put_it_off(shop: Database) -> None:
    do(shop, "2026-03-03T15:00", "cancel_line", order="A", line="1", quantity=1)  # seven working days: until 12 March
    do(shop, "2026-03-13T04:10", "add_lines", order="A", lines=[{"line": "2", "sku": "CHAIR", "quantity": 1}])
    advance(shop, "2026-03-13T04:20")
    assert [one.state for one in queue(shop) if one.what == "refund"] == ["overdue"]


def test_two_letters_that_came_back_told_nothing_either_of_them(shop: Database) -> None:
    for day, hour in (("2026-04-20", "10"), ("2026-04-25", "12")):
        do(shop, f"2026-03-25T{hour}:00", "reschedule_supply", supply="PO", expected_on=day)
        advance(shop, f"2026-03-25T{hour}:50")
    for notice in (2, 1):
        do(shop, "2026-03-26T15:00", "record_notice", order="A", notice=notice, became="bounced")
    with shop.read() as tx:
        known = {str(day_date(row[0])) for row in tx.fetch(select(clocks.c.told_on).where(clocks.c.order_id == "A"))}
    assert known == {"2026-04-01"}  # the day of the order itself


def test_a_question_that_comes_back_was_not_asked_whatever_was_told_after_it(shop: Database) -> None:
    slip(shop, "2026-04-20")
    do(shop, "2026-03-27T15:00", "reschedule_supply", supply="PO", expected_on="2026-04-10")
    advance(shop, "2026-03-27T17:00")
    assert notices(shop) == [("short", "replaced"), ("better", "told")]
    do(shop, "2026-03-28T15:00", "record_notice", order="A", notice=1, became="bounced")
    advance(shop, "2026-03-28T17:00")
    assert notices(shop)[-1] == ("short", "asking")  # silence cannot have agreed to what nobody read


def test_who_agreed_was_reached_whatever_comes_back_later(shop: Database) -> None:
    slip(shop, "2026-05-20")
    answer = {"order": "A", "answer": "wait", "by": "ada", "means": "link"}
    assert do(shop, "2026-03-26T15:00", "answer_notice", **answer) == "answered"
    do(shop, "2026-03-27T15:00", "record_notice", order="A", notice=1, became="bounced")
    advance(shop, "2026-03-27T17:00")
    assert notices(shop) == [("long", "answered")]


def test_a_slip_takes_as_many_statements_under_many_lines_as_under_few(shop: Database) -> None:
    seen: list[str] = []
    event.listen(shop.engine, "before_cursor_execute", lambda *about: seen.append(about[2]))
    counts = []
    for n, more in enumerate((2, 40)):
        lines = [{"line": "1", "sku": "CHAIR", "quantity": 1}]
        supply = {"supply": f"MANY-{n}", "sku": "CHAIR", "site": "NY", "quantity": 99}
        do(shop, "2026-03-03T15:00", "announce_supply", **supply, expected_on=f"2026-04-0{2 + n}")
        for m in range(more):
            do(shop, "2026-03-03T15:00", "place_order", order=f"{n}-{m}", customer="ada", lines=lines)
        seen.clear()
        do(shop, "2026-03-04T15:00", "reschedule_supply", supply="PO", expected_on=f"2026-05-{10 + n}")
        counts.append(len([one for one in seen if not one.startswith(("BEGIN", "COPY", "PRAGMA"))]))
    # What comes by COPY is not seen here; on SQLite 32 rows go together and the rest one statement for all of them.
    assert counts[1] <= counts[0] + 4
    assert counts[1] < 45
