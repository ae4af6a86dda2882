"""The queue for people: what leads it, its pages, its filters, and what is at stake."""

from datetime import datetime
from itertools import pairwise

import pytest
from owed import COMMUNICATION, do
from sqlalchemy import event

from backorder.kernel.calendars import moment_number
from backorder.queries import check, communication, notices, refunds, rules
from backorder.queries.notices import Waiting, place_of, queue
from backorder.storage.db import Database


def at(moment: str) -> int:
    return moment_number(datetime.fromisoformat(f"{moment}+00:00"))


ORDERED, SLIPPED, LOOKED = "2026-03-02T15:00", "2026-03-25T15:00", "2026-03-25T15:10"
TOLD = {name: said for name, said in COMMUNICATION.items() if name != "do"}


def place(db: Database, order: str, sku: str, *lines: tuple[int, str | None], **fields: object) -> None:
    bought = [
        {"line": str(n), "sku": sku, "quantity": units, **({} if price is None else {"unit_price": price})}
        for n, (units, price) in enumerate(lines, 1)
    ]
    more = {"customer": "ada", "currency": "USD"} | fields
    assert do(db, ORDERED, "place_order", order=order, lines=bought, **more) == "accepted"


@pytest.fixture
def desk(db: Database) -> Database:
    """A morning in New York, the worker having stood still. Nobody was cancelled by law, because nobody looked.

    CHAIR was due on 1 April and LAMP on 10 April; on 25 March both slip, and DESK comes sooner. SHELF slipped long ago
    for GUS, who has no address, and was to be told before the end of 4 March. REX and QUIN cancelled; the money is due
    seven working days later, by 12 March (from 3 March) and 2 April (from 24 March). GIL, without an address, cancelled
    with QUIN.
    """
    do(db, ORDERED, "put_site", site="NY", zone="America/New_York", country="US")
    do(db, ORDERED, "put_customer", customer="ada", email="ada@example.com", country="US")
    do(db, ORDERED, "put_customer", customer="gus", country="US")
    assert do(db, ORDERED, "put_communication", **TOLD) == "changed"
    days = {"CHAIR": "2026-04-01", "LAMP": "2026-04-10", "DESK": "2026-04-20", "SHELF": "2026-03-04"}
    for sku, day in days.items():
        do(db, ORDERED, "put_item", sku=sku)
        do(db, ORDERED, "announce_supply", supply=sku, sku=sku, site="NY", quantity=50, expected_on=day)
    place(db, "A", "CHAIR", (2, "50.00"))
    place(db, "B", "CHAIR", (1, "50.00"), (3, "0.10"))
    place(db, "C", "LAMP", (2, "1500"), currency="JPY")
    place(db, "D", "LAMP", (1, "5.00"), (4, None))
    place(db, "E", "DESK", (1, "300.00"))
    place(db, "GUS", "SHELF", (1, None), customer="gus", currency=None)
    place(db, "GIL", "DESK", (2, "10.00"), customer="gus", paid="20.00")
    place(db, "QUIN", "DESK", (1, "30.00"), paid="30.00")
    place(db, "REX", "DESK", (1, "30.00"), paid="30.00")
    do(db, "2026-03-03T15:00", "cancel_line", order="REX", line="1", quantity=1, by="customer")
    do(db, "2026-03-03T15:00", "reschedule_supply", supply="SHELF", expected_on="2026-03-20")
    for order, units in (("GIL", 2), ("QUIN", 1)):
        do(db, "2026-03-24T15:00", "cancel_line", order=order, line="1", quantity=units, by="customer")
    for sku, day in (("CHAIR", "2026-04-20"), ("LAMP", "2026-04-30"), ("DESK", "2026-04-13")):
        assert do(db, SLIPPED, "reschedule_supply", supply=sku, expected_on=day) == "rescheduled"
    return db


QUEUE = [  # in the words of the fixture; New York is five hours behind until 8 March, then four
    ("refund", "REX", "overdue", "2026-03-13T04:00"),
    ("notice", "GUS", "due", "2026-03-05T05:00"),
    ("notice", "A", "due", "2026-04-02T04:00"),
    ("notice", "B", "due", "2026-04-02T04:00"),
    ("notice", "GIL", "due", "2026-04-03T04:00"),
    ("refund", "GIL", "due", "2026-04-03T04:00"),
    ("refund", "QUIN", "due", "2026-04-03T04:00"),
    ("notice", "C", "due", "2026-04-11T04:00"),
    ("notice", "D", "due", "2026-04-11T04:00"),
    ("notice", "E", "due", None),
]


def told(found: list[Waiting]) -> list[tuple[str, str, str, str | None]]:
    return [
        (one.what, one.order, one.state, None if one.deadline is None else f"{one.deadline:%Y-%m-%dT%H:%M}")
        for one in found
    ]


def test_overdue_refunds_lead_then_all_by_deadline_and_what_has_none_comes_last(desk: Database) -> None:
    assert told(queue(desk, now=at(LOOKED))) == QUEUE
    assert check.run(desk) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 9, 10, 11])
def test_pages_hold_everything_once_and_in_order(desk: Database, limit: int) -> None:
    found, after = [], None
    while page := queue(desk, limit, at(LOOKED), after=after):
        assert len(page) == limit or len(found) + len(page) == len(QUEUE)
        found += page
        after = place_of(page[-1])
    assert told(found) == QUEUE


def test_a_page_goes_on_where_the_one_before_ended_though_that_was_done_meanwhile(desk: Database) -> None:
    first = queue(desk, 3, at(LOOKED))
    assert do(desk, LOOKED, "send_notice", order="A") == "changed"
    rest = queue(desk, 50, at(LOOKED), after=place_of(first[-1]))
    asks = ("notice", "A", "asking", "2026-04-21T04:00")  # a short delay: an answer is awaited until the new day ends
    assert told(rest) == [*QUEUE[3:9], asks, QUEUE[9]]


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({"what": "refund"}, {0, 5, 6}),
        ({"what": "notice"}, {1, 2, 3, 4, 7, 8, 9}),
        ({"state": "overdue"}, {0}),
        ({"state": "due"}, {1, 2, 3, 4, 5, 6, 7, 8, 9}),
        ({"state": "due", "what": "refund"}, {5, 6}),
        ({"state": "overdue", "what": "notice"}, set()),
        ({"state": "asking"}, set()),
        ({"trouble": True}, {1, 4}),
        ({"trouble": True, "order": "A"}, set()),
        ({"order": "GIL"}, {4, 5}),
        ({"order": "REX"}, {0}),
        ({"order": "NONE"}, set()),
    ],
)
def test_a_filter_keeps_what_it_names_in_the_same_order(desk: Database, asked: dict, kept: set[int]) -> None:
    wanted = [entry for n, entry in enumerate(QUEUE) if n in kept]
    assert told(queue(desk, now=at(LOOKED), **asked)) == wanted
    walked, after = [], None
    while page := queue(desk, 1, at(LOOKED), after=after, **asked):
        walked += page
        after = place_of(page[-1])
    assert told(walked) == wanted


def test_what_is_at_stake_is_what_has_not_shipped_costs(desk: Database) -> None:
    found = {(one.what, one.order): one for one in queue(desk, now=at(LOOKED))}
    said = {order: (one.at_stake, one.currency, one.units, one.customer) for (what, order), one in found.items()
            if what == "notice"}  # fmt: skip
    assert said == {
        "A": ("100.00", "USD", 2, "ada"),
        "B": ("50.30", "USD", 4, "ada"),  # 50.00 and three times 0.10
        "C": ("3000", "JPY", 2, "ada"),  # yen have no hundredths
        "D": (None, "USD", 5, "ada"),  # a price is not known
        "E": ("300.00", "USD", 1, "ada"),
        "GUS": (None, None, 1, "gus"),
        "GIL": ("0.00", "USD", 0, "gus"),  # nothing of it is still to come
    }
    money = {order: (one.amount, one.at_stake) for (what, order), one in found.items() if what == "refund"}
    assert money == {"REX": ("30.00", None), "GIL": ("20.00", None), "QUIN": ("30.00", None)}


def test_units_that_left_are_not_at_stake_any_more(desk: Database) -> None:
    do(desk, LOOKED, "receive_supply", supply="CHAIR", receipt="R", quantity=1)
    assert do(desk, LOOKED, "ship", shipment="S", order="A", lines=[{"line": "1", "quantity": 1}]) == "shipped"
    (one,) = queue(desk, now=at(LOOKED), order="A", what="notice")
    assert (one.units, one.at_stake) == (1, "50.00")


def test_the_statements_do_not_grow_with_the_queue(desk: Database) -> None:
    seen: list[str] = []
    event.listen(desk.engine, "before_cursor_execute", lambda *about: seen.append(about[2]))
    queue(desk, 50, at(LOOKED))
    assert len(seen) <= 10, "a refund or two, and each open state with a deadline and without"
    few = len(seen)
    for n in range(5):
        place(desk, f"more-{n}", "CHAIR", (1, "1.00"))
    do(desk, SLIPPED, "reschedule_supply", supply="CHAIR", expected_on="2026-04-21")
    seen.clear()
    assert len(queue(desk, 50, at(LOOKED))) == len(QUEUE) + 5
    assert len(seen) == few


def test_a_refund_is_overdue_once_its_moment_has_passed_whether_or_not_anybody_marked_it(desk: Database) -> None:
    for moment, state in (("2026-03-13T03:59", "due"), ("2026-03-13T04:00", "overdue")):
        (one,) = queue(desk, now=at(moment), order="REX")
        (same,) = refunds.of_order(desk, "REX", at(moment))
        assert one.state == same.state == state
    do(desk, LOOKED, "advance", to=f"{LOOKED}:00+00:00")
    assert told(queue(desk))[0] == QUEUE[0], "without a moment, what was marked"


def test_the_refunds_of_an_order_say_what_was_recorded(desk: Database) -> None:
    (due,) = refunds.of_order(desk, "REX", at("2026-03-04T12:00"))
    assert (due.refund, due.cause, due.lines, due.amount, due.currency) == (1, "buyer", ["1"], "30.00", "USD")
    assert (str(due.vested_on), str(due.refund_by), due.ended_at) == ("2026-03-03", "2026-03-12", None)
    more = {"form": "same_method", "amount": "31.00", "reference": "T-1", "by": "kim"}
    assert do(desk, "2026-03-05T12:00", "record_refund", order="REX", **more) == "changed"
    (made,) = refunds.of_order(desk, "REX", at(LOOKED))
    assert (made.state, made.refunded, made.form, made.reference, made.by) == (
        "refunded",
        "31.00",
        "same_method",
        "T-1",
        "kim",
    )
    assert refunds.of_order(desk, "REX", at(LOOKED), after=1) == []


def test_the_notices_of_an_order_come_in_pages_too(desk: Database) -> None:
    do(desk, LOOKED, "send_notice", order="A", by="kim", reason="they asked")
    do(desk, LOOKED, "record_notice", order="A", notice=1, became="bounced")
    whole = notices.of_order(desk, "A")
    assert [(one.notice, one.state, one.trouble) for one in whole] == [(1, "replaced", None), (2, "due", "bounced")]
    assert all(one.notice < other.notice for one, other in pairwise(whole))
    assert notices.of_order(desk, "A", limit=1) == whole[:1]
    assert notices.of_order(desk, "A", after=1) == whole[1:]
    assert notices.notice(desk, "A", 1) == whole[0]
    assert (whole[0].by, whole[0].reason, whole[0].silence) == ("kim", "they asked", "consent")
    assert (whole[1].send_at, whole[1].text) == (None, None)
    assert notices.notice(desk, "A", 3) is None
    assert [notices.is_order(desk, name) for name in ("REX", "NONE")] == [True, False]


PACK = """pack = "gb"
title = "Ours"
source = "Our terms"
places = ["GB"]
buyers = ["consumer"]
limit = { basis = "ship", starts = "contract", days = 20 }
refund = { days = 10, unit = "calendar", forms = ["the same method"] }
"""


def test_packs_are_listed_with_ones_own_in_the_place_of_the_one_that_comes_along(db: Database) -> None:
    before = rules.list_packs(db)
    assert [one.pack for one in before] == sorted(one.pack for one in before)
    assert not any(one.own for one in before)
    assert do(db, LOOKED, "put_pack", pack="gb", text=PACK) == "accepted"
    after = rules.list_packs(db)
    assert [one.pack for one in after] == [one.pack for one in before]
    assert [one.pack for one in after if one.own] == ["gb"]
    mine = rules.pack(db, "gb")
    assert mine is not None
    assert (mine.title, mine.places, mine.own, mine.text) == ("Ours", ["GB"], True, PACK)
    assert do(db, LOOKED, "put_pack", pack="gb", text=None) == "changed"
    assert rules.list_packs(db) == before
    theirs = rules.pack(db, "gb")
    assert theirs is not None
    assert theirs.text.startswith('pack = "gb"')
    assert rules.pack(db, "nowhere") is None
    assert rules.list_packs(db, limit=2, after="eu") == [one for one in before if one.pack > "eu"][:2]


def test_how_customers_are_told_is_read_as_it_was_said(db: Database) -> None:
    never = communication.communication(db)
    assert (never.rules, never.answers, never.wait_minutes) == (None, None, 30)
    assert do(db, LOOKED, "put_communication", **TOLD | {"rules": ["b2b"], "wait_minutes": 5}) == "changed"
    said = communication.communication(db)
    assert (said.rules, said.answers, said.wait_minutes, said.margin_days) == (["b2b"], "0800 123", 5, 3)
    assert do(db, LOOKED, "put_communication", rules=None) == "changed"
    assert communication.communication(db).rules is None


def test_a_notice_that_came_back_leaves_the_queue_once_somebody_reached_the_customer(desk: Database) -> None:
    """A cancellation that came back is due once more, until somebody tells of it or the customer knows."""
    assert do(desk, LOOKED, "cancel_line", order="E", line="1", quantity=1, by="merchant") == "cancelled"
    told_of = notices.of_order(desk, "E")[-1]
    assert (told_of.kind, told_of.state) == ("cancelled", "told")
    record = {"order": "E", "notice": told_of.notice, "by": "kim"}
    assert do(desk, LOOKED, "record_notice", became="bounced", **record) == "changed"
    (one,) = queue(desk, now=at(LOOKED), order="E", what="notice")
    assert (one.state, one.trouble, one.number) == ("due", "bounced", told_of.notice + 1)
    assert queue(desk, now=at(LOOKED), order="E", trouble=True) == [one]
    assert do(desk, LOOKED, "record_notice", became="delivered", reason="she was called", **record) == "changed"
    assert queue(desk, now=at(LOOKED), order="E", what="notice") == []
    for became, word in (
        ("delivered", "exists"),
        ("bounced", "changed"),
        ("bounced", "exists"),
        ("delivered", "changed"),
    ):
        assert do(desk, LOOKED, "record_notice", became=became, **record) == word
    assert queue(desk, now=at(LOOKED), order="E", what="notice") == []
    assert check.run(desk) == []
