"""Letters where the mail server fails three times in ten, or for three days: none is lost, each goes in its order."""

import random
from collections.abc import Iterator

import pytest
from mailserver import Mailbox
from owed import do
from posted import Post

from backorder.kernel.retries import HOUR
from backorder.queries import check
from backorder.queries.outbox import list_messages
from backorder.storage.db import Database
from backorder.worker import Worker


@pytest.fixture
def post(db: Database, box: Mailbox) -> Iterator[Post]:
    yield Post(db, box)
    assert check.run(db) == []


def test_three_in_ten_that_fail_lose_nothing_and_change_no_order_of_letters(post: Post) -> None:
    """By chance, but always the same: some are put off, of some the line breaks before or after they were taken."""
    orders, chance = ["A", *"BCDEF"], random.Random(3)
    line = {"line": "1", "sku": "CHAIR", "quantity": 1, "unit_price": "10.00"}
    for order in orders[1:]:
        placed = {"order": order, "customer": "ada", "currency": "USD", "paid": "10.00", "lines": [line]}
        assert do(post.db, "2026-03-02T16:00", "place_order", **placed) == "accepted"
    unsure = 0

    def mood(_: int) -> str | None:
        nonlocal unsure
        said = chance.choices([None, "451 not now", "421 going away", "hang up"], [70, 12, 5, 13])[0]
        unsure += said == "hang up"
        return said

    post.box.to_letter = mood
    days = ["2026-04-20", "2026-04-27", "2026-04-28"]
    for n, day in enumerate(days):
        post.slip(f"2026-03-{25 + n}", day)
    post.until_quiet()
    assert set(post.states()) == {"sent"}
    assert unsure, "some repeats are tried"
    first: dict[str, bytes] = {}
    told: dict[str, list[str]] = {order: [] for order in orders}
    for got in post.box.got:
        if got.read["Message-ID"] in first:
            assert got.data == first[got.read["Message-ID"]], "a repeat can be told"
        else:
            first[got.read["Message-ID"]] = got.data
            told[got.read["Subject"][6]].append(got.read["Subject"].partition(", ")[2])
    assert told == {order: ["Mon 20 Apr 2026", "Mon 27 Apr 2026", "Tue 28 Apr 2026"] for order in orders}
    assert len(post.box.got) - len(first) <= unsure, "none goes twice but where nobody can know"


def test_letters_that_no_law_asks_for_wait_three_days_for_a_server_and_then_for_a_person(
    db: Database, box: Mailbox
) -> None:
    post = Post(db, box, "confirmation")
    do(db, "2026-03-02T15:00", "put_item", sku="STOOL")
    assert do(db, "2026-03-02T15:00", "watch_item", sku="STOOL", email="bob@example.com") == "accepted"
    do(db, "2026-03-02T15:00", "count_stock", sku="STOOL", site="NY", quantity=4)
    box.close()
    post.at("2026-03-02T16:00")
    began, watching = post.now, Worker(db, lambda: post.now, standing=[post.sender])
    watching.prepare(began)
    watching.run_once(began)  # who asked for the item is found
    watching.finish()
    post.until_quiet()
    assert post.now - began > 60 * HOUR
    dead = list_messages(db, sender="mail", state="dead")
    assert sorted(one.kind for one in dead) == ["back_in_stock", "order_placed"], "each is there for a person"
    box.open()
    for one in dead:
        assert do(db, "2026-03-06T15:00", "retry_message", sender="mail", event=one.event) == "changed"
    post.at("2026-03-06T15:00")
    post.until_quiet()
    assert sorted(got.to for got in box.got) == ["ada@example.com", "bob@example.com"]


def test_a_letter_that_the_law_asks_for_is_not_discarded_while_its_customer_counts_as_told(post: Post) -> None:
    post.box.to_letter = lambda _: "451 not now"
    post.slip("2026-03-25", "2026-04-20")
    post.round()
    (waiting,) = list_messages(post.db, sender="mail", state="waiting")
    discard = {"sender": "mail", "event": waiting.event}
    assert do(post.db, "2026-03-25T18:00", "discard_message", **discard) == "not_allowed"
    post.box.to_letter = lambda _: None
    post.until_quiet()
    assert [got.to for got in post.box.got] == ["ada@example.com"]
