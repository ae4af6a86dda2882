"""Many callers, one transaction: each gets its own answer or its own error, whatever the others asked."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from shop import announce, shop

from backorder.commands import BATCH_MAX, decode
from backorder.kernel.errors import Conflict, Unavailable
from backorder.kernel.outcomes import Word
from backorder.queries import check
from backorder.storage import audit
from backorder.storage.audit import Entry
from backorder.storage.db import Database
from backorder.writer import Closed, Full, Writer

NOW = 1_795_500_000_000_000


@pytest.fixture
def writer(db: Database) -> Iterator[Writer]:
    shop(db, coverage="lead_time", lead_time_days=20)
    found = Writer(db, lambda: NOW)
    yield found
    found.close(5)


def placed(n: int, quantity: int = 1, sku: str = "CHAIR") -> list:
    command = {"do": "place_order", "order": f"W-{n}", "lines": [{"line": "1", "sku": sku, "quantity": quantity}]}
    return [decode(command)]


def test_calls_that_wait_share_a_transaction_and_each_gets_its_own_answer(db: Database, writer: Writer) -> None:
    answers = [writer.submit(placed(n, sku="CHAIR" if n % 2 else "NONE")) for n in range(100)]
    writer.start()
    words = [answer.result(30)[0].outcome for answer in answers]
    assert [n for n, word in enumerate(words) if word is Word.UNKNOWN_ITEM] == list(range(0, 100, 2))
    assert all(word is Word.ACCEPTED for word in words[1::2])
    assert writer.batches == 1


def test_kinds_do_not_starve_one_another(db: Database, writer: Writer) -> None:
    order_ = []
    for n in range(10):
        writer.submit(placed(n)).add_done_callback(lambda _, n=n: order_.append(("order", n)))
        count = decode({"do": "adjust_stock", "sku": "CHAIR", "site": "MAIN", "delta": 1, "reason": "found"})
        writer.submit([count]).add_done_callback(lambda _, n=n: order_.append(("count", n)))
    writer.start()
    writer.close(30)
    assert order_ == [("order", n) for n in range(10)] + [("count", n) for n in range(10)]
    assert writer.batches == 2


class _Poison(Exception):
    """What a command of the test sets off."""


def test_a_poisonous_command_fails_alone(db: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    from backorder.commands import orders

    original = orders._new_order

    def poisoned(work, command, now):
        if command.order == "W-41":
            raise _Poison(command.order)
        return original(work, command, now)

    monkeypatch.setattr(orders, "_new_order", poisoned)
    answers = [writer.submit(placed(n)) for n in range(64)]
    writer.start()
    for n, answer in enumerate(answers):
        if n == 41:
            with pytest.raises(_Poison):
                answer.result(30)
        else:
            assert answer.result(30)[0].outcome is Word.ACCEPTED
    assert not check.run(db)


@pytest.mark.parametrize("trouble", [Unavailable, Conflict])
def test_a_database_that_is_away_is_told_to_all_and_later_calls_are_served(
    db: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch, trouble: type[Exception]
) -> None:
    calls = []
    original = Writer._transact

    def away(self: Writer, batch: list):
        calls.append(len(batch))
        if len(calls) == 1:
            raise trouble("gone")
        return original(self, batch)

    monkeypatch.setattr(Writer, "_transact", away)
    answers = [writer.submit(placed(n)) for n in range(4)]
    writer.start()
    if trouble is Unavailable:
        for answer in answers:
            with pytest.raises(Unavailable):
                answer.result(30)
        assert calls == [4]
    else:
        assert [answer.result(30)[0].outcome for answer in answers] == [Word.ACCEPTED] * 4
        assert calls == [4, 2, 2]
    assert writer.submit(placed(9)).result(30)[0].outcome is Word.ACCEPTED


def test_what_is_too_much_is_turned_away_before_anything_is_done(db: Database) -> None:
    shop(db, coverage="lead_time", lead_time_days=20)
    writer = Writer(db, lambda: NOW, waiting_max=10)
    answers = [writer.submit(placed(n)) for n in range(10)]
    with pytest.raises(Full):
        writer.submit(placed(10))
    writer.start()
    assert all(answer.result(30) for answer in answers)
    assert writer.submit(placed(11)).result(30)
    writer.close(30)
    with pytest.raises(Closed):
        writer.submit(placed(12))


def test_what_waits_is_finished_before_it_stops(db: Database, writer: Writer) -> None:
    answers = [writer.submit(placed(n)) for n in range(50)]
    writer.start()
    writer.close(30)
    assert all(answer.done() for answer in answers)
    assert writer.waiting == 0


def test_a_caller_who_left_does_not_disturb_the_others(db: Database, writer: Writer) -> None:
    answers: list[Future] = [writer.submit(placed(n)) for n in range(3)]
    assert answers[1].cancel()
    writer.start()
    assert answers[0].result(30)
    assert answers[2].result(30)


class _Counting(asyncio.SelectorEventLoop):
    """An event loop that counts how often other threads call into it."""

    called = 0

    def call_soon_threadsafe(self, *what, **how):
        self.called += 1
        return super().call_soon_threadsafe(*what, **how)


def test_callers_on_an_event_loop_are_answered_by_one_call_a_batch(db: Database, writer: Writer) -> None:
    """One of them left: nobody else notices. One asks what cannot be done: nobody else is told so."""

    async def ask() -> tuple[list, int]:
        tasks = [
            asyncio.ensure_future(writer.outcomes(placed(n, sku="NONE" if n == 7 else "CHAIR"))) for n in range(90)
        ]
        await asyncio.sleep(0)  # all wait now
        tasks[4].cancel()
        writer.start()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        return answers, loop.called

    loop = _Counting()
    answers, called = loop.run_until_complete(ask())
    loop.close()
    assert isinstance(answers.pop(4), asyncio.CancelledError)
    assert answers.pop(6)[0].outcome is Word.UNKNOWN_ITEM
    assert all(len(outcomes) == 1 and outcomes[0].outcome is Word.ACCEPTED for outcomes in answers)
    assert called == writer.batches == 1
    writer.close(30)
    with pytest.raises(Closed):
        asyncio.run(writer.outcomes(placed(99)))


def test_a_caller_whose_event_loop_ended_does_not_stop_the_writer(db: Database, writer: Writer) -> None:
    async def ask() -> None:
        asyncio.ensure_future(writer.outcomes(placed(1)))  # noqa: RUF006  # it is meant to be lost
        await asyncio.sleep(0)

    asyncio.run(ask())
    writer.start()
    assert writer.submit(placed(2)).result(30)[0].outcome is Word.ACCEPTED


def test_every_request_leaves_an_entry_in_the_trail(db: Database, writer: Writer) -> None:
    threads = [
        threading.Thread(
            target=lambda n=n: writer.submit(
                placed(n), Entry("web", "integration", f"r{n}", "place_order", f"W-{n}", 1, "d")
            ).result(30)
        )
        for n in range(20)
    ]
    writer.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as tx:
        assert list(audit.broken(tx)) == []
        assert len(tx.fetch(audit._TRAIL)) == 20


def test_a_call_is_no_larger_than_a_batch(writer: Writer) -> None:
    with pytest.raises(AssertionError):
        writer.submit(placed(1) * (BATCH_MAX + 1))


def test_the_simulated_shop_is_the_same_as_without(db: Database, writer: Writer) -> None:
    writer.start()
    for n in range(5):
        writer.submit(placed(n, 3)).result(30)
    announce(db, "PO-W", 5, "2027-01-10")
    assert not check.run(db)
