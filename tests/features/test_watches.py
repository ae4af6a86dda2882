"""Who wants to be told when an item is back: told once, after those who ordered it, and known no longer than that."""

import json
from datetime import timedelta

import pytest
from shop import NOW, announce, do, order, shop
from sqlalchemy import select

from backorder.commands.watches import tell_watchers
from backorder.kernel.calendars import moment_number
from backorder.kernel.outcomes import Outcome, Word
from backorder.queries import check, people
from backorder.queries.watches import watch
from backorder.storage import retention
from backorder.storage.db import Database
from backorder.storage.event_tables import events
from backorder.storage.people import texts
from backorder.storage.watch_tables import watches
from backorder.worker import Worker

MICRO = moment_number(NOW)
DAY = 86_400 * 10**6
BOB = "Bob@Example.com"


@pytest.fixture
def out(db: Database) -> Database:
    """A shop without a chair, and two customers."""
    shop(db)
    do(db, "put_customer", customer="ada", email="ada@example.com", language="de")
    do(db, "put_customer", customer="nameless")
    return db


def ask(db: Database, **who: object) -> Outcome:
    return do(db, "watch_item", sku="CHAIR", **who)


def told(db: Database) -> list[dict]:
    with db.read() as tx:
        chosen = select(events.c.subject, events.c.data).where(events.c.kind == "back_in_stock").order_by(events.c.n)
        return [{"at": subject, **json.loads(data)} for subject, data in tx.fetch(chosen)]


def states(db: Database) -> list[tuple]:
    with db.read() as tx:
        chosen = select(watches.c.n, watches.c.state, watches.c.customer, watches.c.email).order_by(watches.c.n)
        return tx.fetch(chosen)


def test_who_asks_is_told_once_when_a_unit_is_there(out: Database) -> None:
    assert ask(out, email=BOB, language="fr-CH").outcome is Word.ACCEPTED
    assert ask(out, customer="ada").outcome is Word.ACCEPTED
    assert tell_watchers(out, MICRO) == 0
    announce(out, "PO", 5, "2026-12-09")
    assert tell_watchers(out, MICRO) == 0, "what is on its way is not there"
    do(out, "receive_supply", supply="PO", receipt="R", quantity=5)
    assert tell_watchers(out, MICRO) == 2
    assert told(out) == [
        {"at": "items/CHAIR/watches/1", "sku": "CHAIR", "watch": 1, "language": "fr-CH"},
        {"at": "items/CHAIR/watches/2", "sku": "CHAIR", "watch": 2, "language": None},
    ]
    assert states(out) == [(1, "told", None, "bob@example.com"), (2, "told", "ada", None)]
    assert tell_watchers(out, MICRO + DAY) == 0
    seen = watch(out, "CHAIR", 1)
    assert seen is not None
    assert (seen.email, seen.state) == ("bob@example.com", "told")
    assert watch(out, "CHAIR", 3) is None
    assert check.run(out) == []


def test_lines_that_wait_come_first(out: Database) -> None:
    announce(out, "PO", 5, "2026-12-09")
    assert order(out, "SO", 5).outcome is Word.ACCEPTED
    ask(out, customer="ada")
    do(out, "receive_supply", supply="PO", receipt="R", quantity=5)
    assert tell_watchers(out, MICRO) == 0, "all that came is somebody's"
    do(out, "cancel_line", order="SO", line="1", quantity=1)
    assert tell_watchers(out, MICRO) == 1


def test_safety_stock_is_not_there_for_them_and_what_the_policy_frees_is(out: Database) -> None:
    do(out, "put_item", sku="CHAIR", safety_stock=2)
    do(out, "count_stock", sku="CHAIR", site="MAIN", quantity=2)
    assert ask(out, customer="ada").outcome is Word.ACCEPTED
    assert tell_watchers(out, MICRO) == 0
    do(out, "put_item", sku="CHAIR", safety_stock=1)
    assert tell_watchers(out, MICRO) == 1


def test_a_preorder_is_not_back_before_it_is_released(db: Database) -> None:
    shop(db, selling="preorder", coverage="lead_time", lead_time_days=3, released_on="2026-12-10")
    assert ask(db, email=BOB).outcome is Word.ACCEPTED
    do(db, "count_stock", sku="CHAIR", site="MAIN", quantity=2)
    assert tell_watchers(db, MICRO) == 0
    assert tell_watchers(db, MICRO + 10 * DAY) == 1


def test_asking_twice_is_asking_once_however_they_say_who_they_are(out: Database) -> None:
    assert ask(out, email=BOB).outcome is Word.ACCEPTED
    assert ask(out, email=BOB.lower()).outcome is Word.EXISTS
    assert ask(out, email=BOB, language="es").outcome is Word.CHANGED
    assert ask(out, email=BOB, language="es", until="2026-12-24").outcome is Word.CHANGED
    assert ask(out, customer="ada").outcome is Word.ACCEPTED
    assert ask(out, email="ADA@example.com").outcome is Word.EXISTS, "it is the customer's address"
    do(out, "put_customer", customer="twin", email="bob@example.com")
    assert ask(out, customer="twin").outcome is Word.EXISTS, "it is the same address"
    assert ask(out, customer="nameless").outcome is Word.ACCEPTED
    assert ask(out, customer="nameless").outcome is Word.EXISTS
    assert len(states(out)) == 3
    do(out, "put_customer", customer="nameless", email="ada@example.com")  # by now it is the same address
    do(out, "count_stock", sku="CHAIR", site="MAIN", quantity=1)
    assert tell_watchers(out, MICRO) == 2
    assert [one["watch"] for one in told(out)] == [1, 2]
    assert {state for _, state, *_ in states(out)} == {"told"}
    assert ask(out, customer="ada").outcome is Word.NOT_ALLOWED, "it is there"
    do(out, "count_stock", sku="CHAIR", site="MAIN", quantity=0)
    assert ask(out, customer="ada").outcome is Word.ACCEPTED, "told before, they may ask again"
    assert states(out)[-1][0] == 4


def test_many_who_ask_at_once_are_taken_in_order(out: Database) -> None:
    from state import apply

    batch = [{"do": "watch_item", "sku": "CHAIR", "email": f"n{n % 30}@example.com"} for n in range(60)]
    words = [outcome.outcome for outcome in apply(out, NOW, batch)]
    assert words == [Word.ACCEPTED] * 30 + [Word.EXISTS] * 30
    mixed = [
        {"do": "watch_item", "sku": "CHAIR", "email": "new@example.com"},
        {"do": "watch_item", "sku": "CHAIR", "email": "new@example.com", "language": "fr"},
    ]
    assert [o.outcome for o in apply(out, NOW, mixed)] == [Word.ACCEPTED, Word.CHANGED]
    seen = watch(out, "CHAIR", 31)
    assert seen is not None
    assert seen.language == "fr"


@pytest.mark.parametrize(
    ("who", "word"),
    [
        ({}, Word.INVALID),
        ({"email": BOB, "customer": "ada"}, Word.INVALID),
        ({"email": "no address"}, Word.INVALID),
        ({"email": "a@b\r\nBcc: c@d"}, Word.INVALID),
        ({"email": "a@b\n"}, Word.INVALID),
        ({"email": "a@b", "language": "../x"}, Word.INVALID),
        ({"email": "a@b", "until": "2026-11-30"}, Word.INVALID),
        ({"email": "a@b", "until": "2029-01-01"}, Word.INVALID),
        ({"email": "a@b", "until": "3029-01-01"}, Word.INVALID),
        ({"customer": "nobody"}, Word.UNKNOWN_CUSTOMER),
        ({"email": "a@b", "until": "2026-12-01"}, Word.ACCEPTED),
        ({"email": "ä.ö@bücher.example"}, Word.ACCEPTED),
    ],
)
def test_what_cannot_be_meant_is_refused(out: Database, who: dict, word: Word) -> None:
    assert ask(out, **who).outcome is word
    assert do(out, "watch_item", sku="NONE", email="a@b").outcome is Word.UNKNOWN_ITEM
    assert bool(states(out)) == (word is Word.ACCEPTED)


def test_what_is_not_sold_any_more_does_not_come_back(out: Database) -> None:
    do(out, "put_item", sku="CHAIR", selling="discontinued")
    assert ask(out, email=BOB).outcome is Word.NOT_ALLOWED


def test_who_asks_no_more_is_known_no_more(out: Database) -> None:
    do(out, "put_item", sku="LAMP")
    ask(out, email=BOB)
    do(out, "watch_item", sku="LAMP", email=BOB)
    ask(out, customer="ada")
    ended = do(out, "unwatch_item", sku="CHAIR", email=BOB)
    assert (ended.outcome, ended.quantity) == (Word.CHANGED, 1)
    assert do(out, "unwatch_item", sku="CHAIR", email=BOB).outcome is Word.EXISTS
    assert do(out, "unwatch_item", email="bob@example.com").quantity == 1
    assert do(out, "unwatch_item", email="ada@example.com").quantity == 1, "by their address, however they asked"
    assert do(out, "unwatch_item", customer="ada").outcome is Word.EXISTS
    with out.read() as tx:
        assert texts(tx, "bob@example.com") == []
    do(out, "count_stock", sku="CHAIR", site="MAIN", quantity=1)
    assert tell_watchers(out, MICRO) == 0


def test_a_watch_ends_by_itself_and_who_was_told_is_forgotten(out: Database) -> None:
    ask(out, email=BOB, until="2026-12-05")
    ask(out, customer="ada")
    assert tell_watchers(out, MICRO + 5 * DAY) == 0
    assert states(out) == [(1, "expired", None, None), (2, "waiting", "ada", None)]
    do(out, "count_stock", sku="CHAIR", site="MAIN", quantity=1)
    assert tell_watchers(out, MICRO + 6 * DAY) == 1
    assert tell_watchers(out, MICRO + 19 * DAY) == 0
    assert states(out)[1] == (2, "told", "ada", None)
    assert tell_watchers(out, MICRO + 21 * DAY) == 0
    assert states(out)[1] == (2, "told", None, None)
    with out.write() as tx:
        retention.forget(tx, MICRO + 200 * DAY, MICRO + 100 * DAY)
    assert [n for n, *_ in states(out)] == [2], "the last stays: its number is not given again"


def test_a_person_s_watches_are_exported_and_erased(out: Database) -> None:
    ask(out, customer="ada")
    do(out, "put_item", sku="LAMP")
    do(out, "watch_item", sku="LAMP", email="Ada@Example.com", id="W-1")
    found = people.everything(out, "ada")
    assert found is not None
    assert {row["sku"] for row in found["watches"]} == {"CHAIR", "LAMP"}
    assert do(out, "erase_person", customer="ada").outcome is Word.CHANGED
    with out.read() as tx:
        assert texts(tx, "ada@example.com") == []
        assert {row[0] for row in tx.fetch(select(watches.c.state))} == {"withdrawn"}
    assert check.run(out) == []


def test_the_worker_tells_within_a_minute_and_once(out: Database) -> None:
    ask(out, email=BOB)
    moment = MICRO
    worker = Worker(out, lambda: moment)
    worker.prepare(moment)
    worker.run_once(moment)
    do(out, "count_stock", sku="CHAIR", site="MAIN", quantity=1, now=NOW + timedelta(seconds=5))
    moment += 60 * 10**6
    for _ in range(3):
        worker.run_once(moment)
        moment += 60 * 10**6
    assert len(told(out)) == 1
