"""Links to status pages and what is chosen there, by their commands."""

from datetime import UTC, datetime, timedelta

import pytest
from owed import CHOICE, COMMUNICATION
from shop import do
from sqlalchemy import select

from backorder.adapters.status import nonce
from backorder.adapters.status import words as w
from backorder.commands._choosing import take_effect
from backorder.commands.status import AT_ONCE, GRACE, LINKS_MAX, takes_effect
from backorder.kernel.calendars import moment_number
from backorder.kernel.sentences import REASONS
from backorder.queries import check
from backorder.queries.status import Opened, opened, status
from backorder.storage.db import Database
from backorder.storage.notice_tables import evidence
from backorder.storage.status_tables import status_choices
from backorder.worker import Worker

NOW = datetime(2026, 11, 12, 15, tzinfo=UTC)
LATER = NOW + timedelta(days=5)
A, B = "a" * 64, "b" * 64


@pytest.fixture
def late(db: Database) -> Database:
    """An order of two lines, of which one slips; its customer was told."""
    do(db, "put_site", NOW, site="NY", zone="America/New_York", country="US")
    do(db, "put_item", NOW, sku="CHAIR")
    do(db, "put_item", NOW, sku="DESK")
    do(db, "put_customer", NOW, customer="ada", email="ada@example.com", country="US")
    do(db, "put_communication", NOW, **{name: said for name, said in COMMUNICATION.items() if name != "do"})
    for sku, day in (("CHAIR", "2026-12-01"), ("DESK", "2026-12-04")):
        supply = {"supply": f"P-{sku}", "sku": sku, "site": "NY", "quantity": 9, "expected_on": day}
        do(db, "announce_supply", NOW, **supply)
    lines = [
        {"line": "1", "sku": "CHAIR", "quantity": 2, "unit_price": "50.00"},
        {"line": "2", "sku": "DESK", "quantity": 1, "unit_price": "90.00"},
    ]
    do(db, "place_order", NOW, order="A", customer="ada", currency="USD", paid="190.00", lines=lines)
    do(db, "reschedule_supply", NOW, supply="P-CHAIR", expected_on="2027-01-12")
    do(db, "reschedule_supply", NOW, supply="P-DESK", expected_on="2027-01-20")
    do(db, "send_notice", NOW + timedelta(hours=1), order="A")
    return db


def choose(db: Database, at: datetime = LATER, **said: object) -> str:
    return do(db, "choose_answer", at, **{**CHOICE, "order": "A", **said} | {"do": "choose_answer"}).outcome.value


def work(db: Database, at: datetime) -> None:
    Worker(db, lambda: moment_number(at)).run_once(moment_number(at))


def chosen(db: Database) -> list[tuple[str, str | None]]:
    table = status_choices
    with db.read() as tx:
        return [(row[0], row[1]) for row in tx.fetch(select(table.c.state, table.c.outcome).order_by(table.c.n))]


def told(db: Database, kind: str) -> list[tuple[str | None, int | None]]:
    with db.read() as tx:
        chosen_ = select(evidence.c.line, evidence.c.to_day).where(evidence.c.kind == kind)
        return [(row[0], row[1]) for row in tx.fetch(chosen_.order_by(evidence.c.n))]


def test_links_are_made_and_revoked(late: Database) -> None:
    def link(**said: object) -> tuple[str, int | None]:
        outcome = do(late, "put_status_link", LATER, **{"order": "A", **said})
        return outcome.outcome.value, outcome.quantity

    assert link(digest=A) == ("accepted", 1)
    assert link(digest=A) == ("exists", 1)
    assert link(digest=A, purpose="read")[0] == "id_reused"
    assert link(digest=A, order="B")[0] == "unknown_order"
    assert link(digest="A" * 64)[0] == "invalid"
    assert link(digest=B, days=0)[0] == "invalid"
    assert link(digest=B, days=3) == ("accepted", 2)
    now = moment_number(LATER)
    assert opened(late, now, A) == Opened("A", 1, "answer", None, "US")
    assert do(late, "revoke_status_link", LATER, order="A", link=7).outcome.value == "unknown_link"
    assert do(late, "revoke_status_link", LATER, order="B").outcome.value == "unknown_order"
    assert do(late, "revoke_status_link", LATER, order="A", link=1).quantity == 1
    assert opened(late, now, A) is None
    assert do(late, "revoke_status_link", LATER, order="A").quantity == 1
    assert do(late, "revoke_status_link", LATER, order="A").outcome.value == "exists"
    assert link(digest=A)[0] == "id_reused", "what was revoked stays so"


def test_an_order_has_no_endless_number_of_links(late: Database) -> None:
    from state import apply

    many = [{"do": "put_status_link", "order": "A", "digest": f"{n:064x}"} for n in range(LINKS_MAX + 1)]
    said = [outcome.outcome.value for outcome in apply(late, LATER, many)]
    assert said == ["accepted"] * LINKS_MAX + ["not_allowed"]


def test_a_link_ends_so_many_days_after_its_order(late: Database) -> None:
    do(late, "put_status_link", NOW, order="A", digest=A, days=3)
    for line in ("1", "2"):
        do(late, "cancel_line", LATER, order="A", line=line, by="customer")
    assert opened(late, moment_number(LATER + timedelta(days=300)), A) is not None, "money has to go back still"
    for n in (1, 2):
        assert do(late, "record_refund", LATER, order="A", refund=n, form="same_method").outcome.value == "changed"
    assert opened(late, moment_number(LATER + timedelta(days=3)) - 1, A) is not None
    assert opened(late, moment_number(LATER + timedelta(days=3)), A) is None


def test_choices_are_refused_in_words(late: Database) -> None:
    assert choose(late, order="B") == "unknown_order"
    assert choose(late, lines=[{"line": "7"}]) == "unknown_line"
    assert choose(late, lines=[]) == "invalid"
    assert choose(late, lines=[{"line": "1"}, {"line": "1"}]) == "invalid"
    assert choose(late, sku="DESK") == "invalid"
    assert choose(late, answer="substitute", sku="DESK") == "invalid"
    assert choose(late, answer="substitute", consent=True) == "invalid"
    assert do(late, "withdraw_answer", LATER, order="A").outcome.value == "not_allowed"
    assert choose(late) == "changed"
    assert choose(late, answer="wait") == "not_allowed", "one at a time"
    assert do(late, "withdraw_answer", LATER, order="A").outcome.value == "changed"
    assert do(late, "withdraw_answer", LATER, order="A").outcome.value == "too_late"
    assert choose(late) == "changed"
    after = LATER + timedelta(microseconds=GRACE)
    assert do(late, "withdraw_answer", after, order="A").outcome.value == "too_late"
    assert check.run(late) == []
    work(late, after)
    assert chosen(late) == [("withdrawn", None), ("done", "answered")]
    assert choose(late, after) == "not_allowed", "it was cancelled"
    assert check.run(late) == []


def test_without_clocks_nothing_can_be_chosen(late: Database) -> None:
    do(late, "put_status_link", NOW, order="A", digest=A)
    do(late, "put_communication", LATER, rules=None)
    assert choose(late) == "not_allowed"
    found = status(late, moment_number(LATER), Opened("A", 1, "answer", None, "US"))
    assert found is not None
    assert found.options == []
    assert [line.promise for line in found.lines] != []


def test_who_agrees_agrees_to_the_days_that_were_shown(late: Database) -> None:
    days = [{"line": "1", "day": "2027-01-12"}, {"line": "2", "day": "2027-01-20"}]
    do(late, "promise_line", LATER, order="A", line="1", day="2027-02-01", by="kim")  # is not told yet
    shown = [{"line": "1", "day": "2027-02-01"}, days[1]]
    assert choose(late, answer="wait", lines=shown) == "changed"
    do(late, "promise_line", LATER, order="A", line="1", day="2027-03-01", by="kim")  # after they chose
    work(late, LATER + timedelta(minutes=10))
    assert chosen(late) == [("done", "answered")]
    agreed = dict(told(late, "agreed"))
    assert agreed == {"1": 20_850, "2": 20_838}, "1 February, and the 20th of January"
    assert check.run(late) == []


def test_an_answer_near_its_end_takes_effect_at_once(late: Database) -> None:
    end = moment_number(datetime(2027, 1, 1, 5, tzinfo=UTC))  # of the last day, in New York
    assert takes_effect([end], end - AT_ONCE) == end - AT_ONCE + GRACE
    assert takes_effect([end], end - AT_ONCE + 1) == end - AT_ONCE + 1
    assert takes_effect([], end) == end + GRACE
    last = datetime(2027, 1, 1, 4, 50, tzinfo=UTC)
    days = [{"line": "1", "day": "2027-01-12"}, {"line": "2", "day": "2027-01-20"}]
    assert choose(late, last, answer="wait", lines=days) == "changed"
    take_effect(late, moment_number(last), ["A"])
    take_effect(late, moment_number(last), ["A"])
    assert chosen(late) == [("done", "answered")]


def test_a_worker_that_stood_still_loses_no_answer_that_came_in_time(late: Database) -> None:
    last = datetime(2026, 12, 31, 20, tzinfo=UTC)
    days = [{"line": "1", "day": "2027-01-12"}, {"line": "2", "day": "2027-01-20"}]
    assert choose(late, last, answer="wait", lines=days) == "changed"
    work(late, last + timedelta(days=3))
    assert chosen(late) == [("done", "answered")]
    assert told(late, "lapsed") == []
    assert check.run(late) == []


def test_what_is_unwanted_does_not_leave(late: Database) -> None:
    do(late, "receive_supply", LATER, supply="P-DESK", receipt="R", quantity=9)
    assert choose(late, lines=[{"line": "2"}]) == "changed"
    desk = [{"line": "2", "quantity": 1}]
    assert do(late, "pick", LATER, order="A", lines=desk).outcome.value == "held"
    assert do(late, "ship", LATER, order="A", shipment="S", lines=desk).outcome.value == "held"
    assert do(late, "withdraw_answer", LATER, order="A").outcome.value == "changed"
    assert do(late, "ship", LATER, order="A", shipment="S", lines=desk).outcome.value == "shipped"
    assert choose(late, lines=[{"line": "2"}]) == "already_shipped"


def test_reasons_are_given_in_the_words_of_the_letters() -> None:
    shared = {cause: said.one for cause, said in w.WHY.items() if cause in REASONS}
    assert shared.items() <= {cause: said.one for cause, said in REASONS.items()}.items()


def test_a_proof_holds_for_its_link_its_step_and_a_while() -> None:
    now = moment_number(NOW)
    proof = nonce.make("token", "confirm", now, "Yes")
    found = nonce.check("token", "confirm", now, proof)
    assert found is not None
    assert found.shown == nonce.digest("Yes")
    assert nonce.check("other", "confirm", now, proof) is None
    assert nonce.check("token", "undo 1", now, proof) is None
    assert nonce.check("token", "confirm", now + (nonce.LIFE + 1) * 1_000_000, proof) is None
    for bad in ("", "a", ".", "...", "a.b.c.d", proof + "0", proof[:-1], "é" * 9, "1" * 300):
        assert nonce.check("token", "confirm", now, bad) is None
    for n in range(len(proof)):
        other = "A" if proof[n] != "A" else "B"
        assert nonce.check("token", "confirm", now, proof[:n] + other + proof[n + 1 :]) is None
