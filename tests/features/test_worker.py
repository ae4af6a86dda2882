"""The worker: what is due happens once, messages arrive in their order, what is given up is left to a person."""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from shop import NOW, announce, do, order, shop
from sqlalchemy import select, text

from backorder import worker as module
from backorder.adapters.journal import Journal
from backorder.commands import accounts, decode, run
from backorder.commands import clock as day_commands
from backorder.kernel.calendars import moment_number
from backorder.kernel.errors import NotSent
from backorder.kernel.retries import MESSAGES, SECOND, TIMERS, wait
from backorder.queries import check
from backorder.queries.outbox import list_events, list_messages, list_timers, standing
from backorder.storage import book, outbox, retention, timers
from backorder.storage import db as db_module
from backorder.storage.access_tables import sessions
from backorder.storage.conditions import LINE_SLIPPED, LINE_UNCOVERED, LINE_WAITS
from backorder.storage.db import Database, open_database
from backorder.storage.outbox import Message
from backorder.storage.tables import lines
from backorder.worker import DUTIES, LEASE, Duty, Worker

START = moment_number(NOW)
HOUR = 3_600 * SECOND


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


class Sink:
    """A sender that remembers what arrived, and fails as a test says."""

    def __init__(self, name: str = "sink", at_once: int = 1, fail=lambda message: None) -> None:
        self.name, self.at_once, self.fail = name, at_once, fail
        self.got: list[Message] = []
        self.calls = 0

    def wants(self, kind: str, subject: str) -> bool:
        return True

    def send(self, messages: Sequence[Message]) -> list[NotSent | None]:
        self.calls += 1
        answers = []
        for message in messages:
            answer = self.fail(message)
            if answer is None:
                self.got.append(message)
            answers.append(answer)
        return answers


class Door(Sink):
    """An endpoint, which takes nothing until the gate is open."""

    slow = False

    def __init__(self, name: str, gate: threading.Event, *, ailing: bool) -> None:
        super().__init__(name)
        self.gate, self.ailing = gate, ailing

    def send(self, messages: Sequence[Message]) -> list[NotSent | None]:
        self.calls += 1
        assert self.gate.wait(60)
        return super().send(messages)

    def note(self, tx, now: int) -> None:
        pass


@pytest.fixture
def clock() -> Clock:
    return Clock()


def until_quiet(worker: Worker, clock: Clock, rounds: int = 10_000) -> Counter:
    """Rounds of a worker, the clock going on to whatever is due next for messages, until none waits."""
    done: Counter = Counter()
    for _ in range(rounds):
        now = worker.run_once(clock.now)
        done += now
        if not (now["sent"] or now["spread"]):
            waiting = list_messages(worker._db, state="waiting", limit=1_000)
            if not waiting:
                return done
            heads = {
                (message.sender, message.subject): message for message in reversed(waiting)
            }  # the others wait for them
            due = min(message.due_at for message in heads.values() if message.due_at is not None)
            clock.now = max(clock.now + SECOND, moment_number(due))
    raise AssertionError("messages go on waiting")


def events(db: Database, count: int, subjects: int = 3) -> list[str]:
    """Stock counts of some items: an event each. The subjects in their order."""
    skus = [f"I{n}" for n in range(subjects)]
    shop(db, skus)
    for n in range(count):
        do(db, "adjust_stock", sku=skus[n % subjects], site="MAIN", delta=1, reason="found")
    return skus


# --- timers


def test_the_day_turns_by_itself(db: Database, clock: Clock) -> None:
    do(db, "put_site", site="MAIN", zone="America/New_York")
    do(db, "put_item", sku="CHAIR")
    announce(db, "PO-1", 5, "2026-12-01")
    order(db, "ada", 2)
    found = Worker(db, clock)
    found.prepare(clock.now)
    assert (
        found.run_once(clock.now)["fired"] == 3
    )  # the day, the forgetting of what is old, and who waits for an item to be back
    assert found.run_once(clock.now)["fired"] == 0
    midnight = moment_number(datetime(2026, 12, 2, 5, tzinfo=UTC))  # where the site is
    clock.now = midnight - 1
    found.run_once(clock.now)
    assert "promise_moved" not in {event.kind for event in list_events(db, limit=100)}
    clock.now = midnight
    found.run_once(clock.now)
    moved = [event for event in list_events(db, limit=100) if event.kind == "promise_moved"]
    assert [event.subject for event in moved] == ["orders/ada"]
    assert not check.run(db)


def test_a_day_that_takes_long_to_decide_is_not_cut_off(
    postgresql_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL ends transactions in which nothing is asked of it for a while; a large shop's day takes longer."""
    monkeypatch.setattr(db_module, "IDLE_SECONDS", 1)
    monkeypatch.setattr(book, "MANY", 1)
    plain = day_commands.pass_time

    def slowly(held) -> int:
        time.sleep(2)
        return plain(held)

    monkeypatch.setattr(day_commands, "pass_time", slowly)
    with closing(open_database(postgresql_url)) as db:
        do(db, "put_site", site="MAIN", zone="America/New_York")
        do(db, "put_item", sku="CHAIR")
        announce(db, "PO-1", 5, "2026-12-01")
        order(db, "ada", 2)
        later = moment_number(datetime(2026, 12, 2, 5, tzinfo=UTC))
        found = Worker(db, clock, duties={"advance": DUTIES["advance"]})
        found.prepare(later)
        assert found.run_once(later) == {"fired": 1}
        assert "promise_moved" in {event.kind for event in list_events(db, limit=100)}


def test_the_day_begins_after_the_gap_where_midnight_is_skipped() -> None:
    """Beirut, 2026-03-29: clocks go from 00:00 to 01:00, so that the day begins at 22:00 UTC all the same."""
    from backorder.kernel.calendars import local_day, next_day_start

    for zone in ("Asia/Beirut", "America/Sao_Paulo", "Europe/London", "Pacific/Apia", "America/Havana"):
        moment = moment_number(datetime(2018, 1, 1, tzinfo=UTC))
        for _ in range(400):
            start = next_day_start(moment, zone)
            assert moment < start <= moment + 49 * HOUR
            assert local_day(start, zone) == local_day(moment, zone) + 1 or zone == "Pacific/Apia"
            assert local_day(start - 1, zone) == local_day(moment, zone)
            moment = start


def _put(db: Database, kind: str, count: int, due: int = START) -> None:
    with db.write() as tx:
        timers.put_timers(tx, [(kind, f"t{n:03}", due) for n in range(count)])


def _counting(seen: list[str]) -> Duty:
    def act(db: Database, _now: int, claimed: Sequence[timers.Timer]) -> None:
        with db.write():
            seen.extend(timer.subject for timer in claimed)

    return Duty(act, None, together=7)


def test_workers_at_once_see_to_each_timer_once(db: Database, clock: Clock) -> None:
    _put(db, "bell", 100)
    seen: list[str] = []
    workers = [Worker(db, clock, duties={"bell": _counting(seen)}) for _ in range(4)]
    threads = [threading.Thread(target=one.run_once, args=(clock.now,)) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [f"t{n:03}" for n in range(100)]
    assert list_timers(db) == []


def test_nothing_happens_early_and_what_nobody_knows_stays(db: Database, clock: Clock) -> None:
    _put(db, "bell", 1, START + 1)
    _put(db, "of a newer version", 1)
    seen: list[str] = []
    found = Worker(db, clock, duties={"bell": _counting(seen)})
    found.run_once(START)
    assert seen == []
    found.run_once(START + 1)
    assert seen == ["t000"]
    assert [timer.kind for timer in list_timers(db)] == ["of a newer version"]


def test_a_worker_that_was_paused_leaves_no_effect_once_another_took_over(db: Database, clock: Clock) -> None:
    """It claims a timer, sleeps beyond its lease, and wakes in the middle of its transaction's work."""
    shop(db)
    _put(db, "bell", 1)
    other = Worker(db, clock, duties={"bell": Duty(lambda db, now, _: _found(db, now))})

    def slow(db_: Database, now: int, _claimed: Sequence[timers.Timer]) -> None:
        if not other_ran:
            other_ran.append(other.run_once(now + LEASE + 1))
        _found(db_, now)

    other_ran: list[Counter] = []
    paused = Worker(db, clock, duties={"bell": Duty(slow)})
    assert paused.run_once(clock.now) == Counter(fenced=1)
    assert other_ran == [Counter(fired=1)]
    stock = [event for event in list_events(db, limit=100) if event.kind == "stock_changed"]
    assert len(stock) == 1
    assert list_timers(db) == []


def _found(db: Database, now: int) -> None:
    from backorder.commands import decode, run

    run(db, now, [decode({"do": "adjust_stock", "sku": "CHAIR", "site": "MAIN", "delta": 1, "reason": "found"})])


def test_a_timer_that_takes_longer_than_its_lease_is_nobody_elses(postgresql_url: str, clock: Clock) -> None:
    """Otherwise two workers would take it from each other for ever, each undoing what the other had done for long."""
    db = open_database(postgresql_url)
    _put(db, "bell", 1)
    seen: list[str] = []
    other = Worker(db, clock, duties={"bell": _counting(seen)})
    met: list[Counter] = []

    def slow(db_: Database, _now: int, claimed: Sequence[timers.Timer]) -> None:
        with db_.write():
            met.append(other.run_once(clock.now + 2 * LEASE))
            seen.extend(timer.subject for timer in claimed)

    assert Worker(db, clock, duties={"bell": Duty(slow)}).run_once(clock.now) == Counter(fired=1)
    assert met == [Counter()]
    assert seen == ["t000"]
    assert list_timers(db) == []
    db.close()


def test_a_timer_that_is_moved_while_somebody_sees_to_it_is_not_seen_to(db: Database, clock: Clock) -> None:
    shop(db)
    _put(db, "bell", 1)

    def act(db_: Database, now: int, _claimed: Sequence[timers.Timer]) -> None:
        _put(db, "bell", 1, START + HOUR)
        _found(db_, now)

    assert Worker(db, clock, duties={"bell": Duty(act)}).run_once(clock.now) == Counter(fenced=1)
    assert [timer.due_at for timer in list_timers(db)] == [NOW + timedelta(hours=1)]
    assert "stock_changed" not in {event.kind for event in list_events(db, limit=100)}


def test_who_claims_and_dies_is_followed_by_another(db: Database, clock: Clock) -> None:
    _put(db, "bell", 3)
    with db.write() as tx:
        assert len(timers.claim_timers(tx, clock.now, clock.now + LEASE, 10)) == 3
    seen: list[str] = []
    found = Worker(db, clock, duties={"bell": _counting(seen)})
    assert found.run_once(clock.now + LEASE - 1)["fired"] == 0
    assert found.run_once(clock.now + LEASE)["fired"] == 3


def test_a_poisonous_timer_is_put_off_given_up_and_tried_again_when_a_person_says_so(
    db: Database, clock: Clock
) -> None:
    _put(db, "bell", 20)
    seen: list[str] = []
    sick = {"t007"}

    def act(db: Database, _now: int, claimed: Sequence[timers.Timer]) -> None:
        with db.write():
            for timer in claimed:
                if timer.subject in sick:
                    raise RuntimeError("poison")
            seen.extend(timer.subject for timer in claimed)

    found = Worker(db, clock, duties={"bell": Duty(act, None, together=7)})
    assert found.run_once(clock.now) == Counter(fired=19, failed=1)
    assert len(seen) == 19
    for failures in range(1, len(TIMERS) + 1):
        waits = wait(TIMERS, failures, "bell t007")
        assert TIMERS[failures - 1] <= waits <= TIMERS[failures - 1] * 1.1
        assert found.run_once(clock.now + waits - 1) == Counter()
        clock.now += waits
        assert found.run_once(clock.now) == Counter(failed=1)
    dead = list_timers(db, dead=True)
    assert [(timer.subject, timer.error) for timer in dead] == [("t007", "RuntimeError: poison")]
    assert standing(db, clock.now).timers_dead == 1
    clock.now += 1_000 * HOUR
    assert found.run_once(clock.now) == Counter()
    sick.clear()
    assert do(db, "retry_timer", kind="bell", subject="none").outcome.value == "unknown_timer"
    assert do(db, "retry_timer", kind="bell", subject="t007").outcome.value == "changed"
    assert do(db, "retry_timer", kind="bell", subject="t007").outcome.value == "exists"
    assert found.run_once(clock.now) == Counter(fired=1)
    assert list_timers(db) == []


def test_while_others_write_the_worker_does_less_at_once_and_rests_in_between(db: Database, clock: Clock) -> None:
    shares: list[int] = []
    rests: list[tuple[int, float]] = []
    guard, others = threading.Lock(), threading.Event()

    def act(db: Database, _now: int, claimed: Sequence[timers.Timer]) -> None:
        with guard:
            shares.append(len(claimed))
            clock.now += 10_000  # it takes ten milliseconds
        with db.write() as tx:
            timers.move_timers(tx, "bell", dict.fromkeys(timer.subject for timer in claimed))
        if others.is_set():
            db.turns.come()  # somebody else writes

    found = Worker(db, clock, duties={"bell": Duty(act, together=500, own=True)})
    found._over.wait = lambda seconds: rests.append((len(shares), seconds))  # type: ignore[method-assign]  # rests are counted, not taken
    _put(db, "bell", 900)
    db.turns.waited()  # it was here who wrote
    assert found.run_once(clock.now)["fired"] == 900
    assert sorted(shares) == ([100, *[module.ALONE] * 4] if db.one_at_a_time else [400, 500])
    assert rests == []  # nobody wants its place

    shares.clear()
    others.set()
    _put(db, "bell", 300)
    db.turns.come()
    assert found.run_once(clock.now)["fired"] == 300
    few = module.AMONG_OTHERS if db.one_at_a_time else module.BESIDE_OTHERS
    assert shares == [few] * (300 // few)
    assert rests == [(n, 0.01) for n in range(1, 300 // few)]  # as long as it worked, and the last time in `run`


# --- messages


def test_each_event_arrives_once_and_each_subjects_in_their_order_though_a_third_fail(
    db: Database, clock: Clock
) -> None:
    chance = random.Random(3)
    sinks = [Sink("one", 1, lambda _: NotSent("no") if chance.random() < 0.3 else None), Sink("two", 20)]
    found = Worker(db, clock, sinks, duties={})
    found.prepare(clock.now)
    events(db, 150)
    until_quiet(found, clock)
    expected = [event.n for event in list_events(db, limit=1_000)]
    for sink in sinks:
        assert sorted(message.event for message in sink.got) == expected
        by_subject = defaultdict(list)
        for message in sink.got:
            by_subject[message.subject].append(message.event)
        assert all(numbers == sorted(numbers) for numbers in by_subject.values())
    assert {message.state for message in list_messages(db, limit=1_000)} == {"sent"}


@pytest.mark.parametrize("patient", [True, False], ids=["until the others had their turn", "for a while only"])
def test_ailing_endpoints_let_the_others_go_first_while_some_queue(
    db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, *, patient: bool
) -> None:
    monkeypatch.setattr(module, "QUICK", 2)
    gate, open_ = threading.Event(), threading.Event()
    open_.set()
    living, dead = [Door(f"e{n}", gate, ailing=False) for n in range(4)], Door("a-dead-one", open_, ailing=True)
    found = Worker(db, clock, duties={}, standing=[dead, *living])
    found.prepare(clock.now)
    events(db, 1)
    found.run_once(clock.now)
    found.run_once(clock.now + module.BEHIND_MAX - 1)
    assert dead.calls == 0
    if patient:
        gate.set()
        found.finish()
        assert all(door.got for door in living)
    else:
        clock.now += module.BEHIND_MAX
    found.run_once(clock.now)
    gate.set()
    found.finish()
    assert dead.got


def test_a_sender_is_told_of_what_happens_from_when_it_is_there(db: Database, clock: Clock) -> None:
    events(db, 5)
    sink = Sink()
    found = Worker(db, clock, [sink], duties={})
    found.prepare(clock.now)
    until_quiet(found, clock)
    assert sink.got == []
    do(db, "adjust_stock", sku="I0", site="MAIN", delta=1, reason="found")
    until_quiet(Worker(db, clock, [sink], duties={}), clock)  # and another one goes on where the first was
    assert [message.subject for message in sink.got] == ["items/I0"]


def test_what_is_given_up_steps_aside_and_a_person_decides(db: Database, clock: Clock) -> None:
    sink = Sink(fail=lambda message: NotSent("unreadable", for_good=True) if message.event in sick else None)
    found = Worker(db, clock, [sink], duties={})
    found.prepare(clock.now)
    events(db, 6, subjects=1)
    numbers = [event.n for event in list_events(db, limit=100)]
    sick = {numbers[3], numbers[4]}
    until_quiet(found, clock)
    assert [message.event for message in sink.got] == [n for n in numbers if n not in sick]
    dead = list_messages(db, state="dead")
    assert {(message.event, message.error) for message in dead} == {(n, "unreadable") for n in sick}
    assert standing(db, clock.now).dead == 2
    first, second = sorted(sick)
    sick = set()
    assert do(db, "retry_message", sender="sink", event=first).outcome.value == "changed"
    assert do(db, "discard_message", sender="sink", event=second).outcome.value == "changed"
    assert do(db, "discard_message", sender="sink", event=second).outcome.value == "exists"
    assert do(db, "retry_message", sender="none", event=first).outcome.value == "unknown_message"
    until_quiet(found, clock)
    assert sink.got[-1].event == first
    assert second not in {message.event for message in sink.got}
    assert do(db, "retry_message", sender="sink", event=first).outcome.value == "not_allowed"
    assert standing(db, clock.now).dead == 0


def test_a_message_that_never_arrives_is_given_up_after_three_days(db: Database, clock: Clock) -> None:
    sink = Sink(fail=lambda message: NotSent("no") if message.subject == "items/I0" else None)
    found = Worker(db, clock, [sink], duties={})
    found.prepare(clock.now)
    events(db, 3)
    until_quiet(found, clock)
    dead = list_messages(db, state="dead")
    assert {message.subject for message in dead} == {"items/I0"}
    assert {message.attempts for message in dead} == {len(MESSAGES) + 1}
    assert timedelta(days=3) < dead[0].ended_at - NOW < timedelta(days=8)  # two messages, one behind the other


def test_one_sender_that_is_away_is_left_alone_and_the_other_goes_on(db: Database, clock: Clock) -> None:
    gone = Sink("gone", 1, lambda _: NotSent("refused", away=True))
    here = Sink("here")
    found = Worker(db, clock, [gone, here], duties={})
    found.prepare(clock.now)
    shop(db, [f"I{n}" for n in range(40)])
    for _ in range(20):
        found.run_once(clock.now)
    assert len(here.got) == len(list_events(db, limit=1_000))
    assert gone.calls == module.FAILURES_MAX  # no storm: the other 38 wait without a try
    clock.now += module.ALONE_FOR
    found.run_once(clock.now)
    assert gone.calls <= 2 * module.FAILURES_MAX
    gone.fail = lambda _: None
    until_quiet(found, clock)
    assert len(gone.got) == len(here.got)


def test_a_subject_of_which_much_waits_goes_in_its_order_many_at_once(db: Database, clock: Clock) -> None:
    sink = Sink("sink", module.MESSAGES_MAX)
    found = Worker(db, clock, [sink], duties={})
    found.prepare(clock.now)
    events(db, 250, subjects=1)
    until_quiet(found, clock)
    numbers = [message.event for message in sink.got]
    assert numbers == [event.n for event in list_events(db, limit=1_000)]
    assert sink.calls <= 2 + len(numbers) // module.MESSAGES_MAX


def test_what_a_sender_did_not_come_to_keeps_its_place_before_what_is_behind_it(db: Database, clock: Clock) -> None:
    class Short(Sink):
        """Fails at its first message, and comes to no other of that call."""

        def send(self, messages: Sequence[Message]) -> list[NotSent | None]:
            if not self.calls:
                self.calls += 1
                return [NotSent("no")]
            return super().send(messages)

    sink = Short("sink", at_once=2)
    found = Worker(db, clock, [sink], duties={})
    found.prepare(clock.now)
    events(db, 9, subjects=3)
    until_quiet(found, clock)
    for subject in {message.subject for message in sink.got}:
        mine = [message.event for message in sink.got if message.subject == subject]
        assert mine == sorted(mine)
    assert len(sink.got) == len(list_events(db, limit=1_000))


def test_what_is_behind_a_message_that_is_put_off_is_in_nobodys_way(db: Database, clock: Clock) -> None:
    """More of them than are claimed at once, and all due before the one that can go."""
    sink = Sink("sink", 20, lambda message: NotSent("no") if message.subject == "items/I0" else None)
    found = Worker(db, clock, [sink], duties={})
    shop(db, ["I0", "I1"])
    found.prepare(clock.now)
    count = module.MESSAGES_MAX + 50
    for _ in range(count):
        do(db, "adjust_stock", sku="I0", site="MAIN", delta=1, reason="found")
    do(db, "adjust_stock", sku="I1", site="MAIN", delta=1, reason="found")
    for _ in range(4):
        found.run_once(clock.now)
    assert [message.subject for message in sink.got] == ["items/I1"]
    waiting = list_messages(db, state="waiting", limit=1_000)
    assert len(waiting) == count
    assert moment_number(waiting[0].due_at) > clock.now
    assert {message.due_at for message in waiting[1:]} == {None}, "nobody comes across them"
    sink.fail = lambda _: None
    until_quiet(found, clock)
    assert [message.event for message in sink.got[1:]] == [message.event for message in waiting]


def test_workers_who_meet_at_a_subject_do_not_keep_each_other_waiting(db: Database, clock: Clock) -> None:
    """While one sends, another looks: what it finds behind that is due as soon as that is sent, not seconds later."""
    got: list[Message] = []

    class Meeting(Sink):
        def send(self, messages: Sequence[Message]) -> list[NotSent | None]:
            got.extend(messages)
            if self.calls < 12:
                self.calls += 1
                other.run_once(clock.now)
            return [None for _ in messages]

    sinks = [Meeting("sink", module.MESSAGES_MAX) for _ in range(2)]
    one, other = (Worker(db, clock, [sink], duties={}) for sink in sinks)
    one.prepare(clock.now)
    events(db, 8 * module.MESSAGES_MAX, subjects=2)
    for _ in range(20):
        one.run_once(clock.now)
    expected = [event.n for event in list_events(db, limit=10_000)]
    assert sorted(message.event for message in got) == expected, "without the clock going on"
    for subject in {message.subject for message in got}:
        numbers = [message.event for message in got if message.subject == subject]
        assert numbers == sorted(numbers)


def test_a_message_that_comes_while_the_one_before_it_ends_is_not_left_behind(db: Database, clock: Clock) -> None:
    found = Worker(db, clock, [Sink()], duties={})
    found.prepare(clock.now)
    events(db, 0, subjects=1)
    until_quiet(found, clock)
    do(db, "adjust_stock", sku="I0", site="MAIN", delta=1, reason="found")
    with db.write() as tx:
        outbox.spread_to(tx, {"sink": lambda *_: True}, clock.now, 10)
        claimed = outbox.claim_messages(tx, "sink", clock.now, clock.now + LEASE, 10)
    do(db, "adjust_stock", sku="I0", site="MAIN", delta=1, reason="found")

    def spread() -> None:
        with db.write() as tx:
            outbox.spread_to(tx, {"sink": lambda *_: True}, clock.now, 10)

    thread = threading.Thread(target=spread)
    with db.write() as tx:
        outbox.lock_feeds(tx, ["sink"])
        outbox.mark_sent(tx, claimed, clock.now)
        outbox.let_follow(tx, "sink", [message.event for message in claimed], clock.now)
        thread.start()
        thread.join(0.3)  # as far as it gets
    thread.join()
    assert [message.due_at for message in list_messages(db, state="waiting")] == [NOW]


def test_what_is_discarded_while_it_is_being_sent_stays_so_and_what_is_behind_it_goes(
    db: Database, clock: Clock
) -> None:
    def fail(message: Message) -> NotSent | None:
        if message.event != first:
            return None
        assert do(db, "discard_message", sender="sink", event=first).outcome.value == "changed"
        return NotSent("unreadable", for_good=True)

    sink = Sink(fail=fail)
    found = Worker(db, clock, [sink], duties={})
    shop(db, ["I0"])
    found.prepare(clock.now)
    for _ in range(3):
        do(db, "adjust_stock", sku="I0", site="MAIN", delta=1, reason="found")
    first, *others = [event.n for event in list_events(db, limit=100) if event.kind == "stock_changed"]
    for _ in range(3):
        found.run_once(clock.now)
    assert {message.event: message.state for message in list_messages(db)} == {first: "discarded"} | dict.fromkeys(
        others, "sent"
    )


def test_a_sender_that_breaks_slowly_does_not_outlast_its_claims(db: Database, clock: Clock) -> None:
    """Each message alone breaks it, after ten seconds: it stops while its claims hold, and gives back the rest."""

    def fail(_: Message) -> None:
        clock.now += 10 * SECOND
        raise ZeroDivisionError("slow")

    sink = Sink("sink", 50, fail)
    found = Worker(db, clock, [sink], duties={})
    found.prepare(clock.now)
    shop(db, [f"I{n}" for n in range(30)])
    found.run_once(clock.now)
    assert clock.now < START + LEASE
    with db.read() as tx:
        held = tx.fetch(select(outbox.outbox.c.event).where(outbox.outbox.c.leased_until.is_not(None)))
    assert held == []
    assert len(list_messages(db, state="waiting", limit=100)) == len(list_events(db, limit=100))


@pytest.mark.parametrize("hour", [HOUR, -HOUR])
def test_a_clock_that_jumps_by_an_hour_loses_nothing_and_keeps_the_order(db: Database, clock: Clock, hour: int) -> None:
    jumped: list[int] = []

    def fail(message: Message) -> NotSent | None:
        if len(sink.got) == 40 and not jumped:
            clock.now += hour
            jumped.append(message.event)
        return NotSent("away", away=True) if len(sink.got) == 60 and clock.now < START + hour + 4 * SECOND else None

    sink = Sink(fail=fail)
    found = Worker(db, clock, [sink], duties={})
    found.prepare(clock.now)
    events(db, 90)
    until_quiet(found, clock)
    assert jumped
    by_subject = defaultdict(list)
    for message in sink.got:
        by_subject[message.subject].append(message.event)
    assert all(numbers == sorted(set(numbers)) for numbers in by_subject.values())
    assert sorted(message.event for message in sink.got) == [event.n for event in list_events(db, limit=1_000)]


def test_a_sender_that_breaks_fails_for_the_message_that_broke_it(db: Database, clock: Clock) -> None:
    def fail(message: Message) -> None:
        if message.subject == "items/I1":
            raise ZeroDivisionError("template")

    sink = Sink("sink", 10, fail)
    found = Worker(db, clock, [sink], duties={})
    found.prepare(clock.now)
    events(db, 3)
    for _ in range(10):
        found.run_once(clock.now)
    waiting = list_messages(db, state="waiting")
    assert {(message.subject, message.attempts > 0) for message in waiting} >= {("items/I1", True)}
    assert {message.subject for message in waiting} == {"items/I1"}
    assert "template" in next(message.error for message in waiting if message.error)


def test_after_a_crash_between_sending_and_writing_it_down_it_is_sent_again_and_nothing_is_lost(
    db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver tells a repeat by sender and event: each crash makes one repeat at most."""
    chance, crashes = random.Random(11), []
    sink = Sink()
    found = Worker(db, clock, [sink], duties={})
    found.prepare(clock.now)
    events(db, 60)
    original = outbox.mark_sent

    def crash(tx, sent, now) -> None:
        if chance.random() < 0.2:
            crashes.append(sent[0].event)
            raise KeyboardInterrupt  # nothing below catches it, as nothing catches a kill
        original(tx, sent, now)

    monkeypatch.setattr(outbox, "mark_sent", crash)
    for _ in range(2_000):
        try:
            done = found.run_once(clock.now)
        except KeyboardInterrupt:
            clock.now += LEASE + 1
            continue
        if not done["sent"] and not done["spread"]:
            if not list_messages(db, state="waiting"):
                break
            clock.now += LEASE
    got = Counter(message.event for message in sink.got)
    assert set(got) == {event.n for event in list_events(db, limit=1_000)}
    assert sum(got.values()) - len(got) == len(crashes) > 0
    order_ = list(dict.fromkeys(message.event for message in sink.got if message.subject == "items/I0"))
    assert order_ == sorted(order_)


def test_a_worker_whose_lease_is_over_sends_nothing_more(db: Database, clock: Clock) -> None:
    def pause(_message: Message) -> None:
        clock.now += LEASE  # as if it had been stopped while sending the first

    sink = Sink(fail=pause)
    found = Worker(db, clock, [sink], duties={})
    found.prepare(clock.now)
    shop(db, ["A", "B", "C"])
    found.run_once(START)
    assert len(sink.got) == 1


def test_a_worker_that_is_told_to_stop_gives_its_claims_back(db: Database, clock: Clock) -> None:
    sink = Sink(fail=lambda _: found.close(0))
    found = Worker(db, clock, [sink], duties={"bell": _counting([])})
    found.prepare(clock.now)
    shop(db, ["A", "B", "C"])
    found.run_once(clock.now)
    assert len(sink.got) == 1
    next_one = Sink()
    until_quiet(Worker(db, clock, [next_one], duties={}), Clock())  # at once: nobody's lease is in the way
    assert len(sink.got) + len(next_one.got) == len(list_events(db, limit=100))


def test_old_messages_and_events_go_and_what_a_person_has_to_decide_stays(db: Database, clock: Clock) -> None:
    sink = Sink(fail=lambda message: NotSent("never", for_good=True) if message.event == 2 else None)
    found = Worker(db, clock, [sink], duties={"forget": DUTIES["forget"]})
    found.prepare(clock.now)
    events(db, 5)
    until_quiet(found, clock)
    last = list_events(db, limit=100)[-1].n
    clock.now += module.KEPT + 24 * HOUR
    found.run_once(clock.now)
    assert [event.n for event in list_events(db, limit=100)] == [2, last]
    assert [message.event for message in list_messages(db, limit=100)] == [2]
    do(db, "adjust_stock", sku="I0", site="MAIN", delta=1, reason="found")
    assert list_events(db, limit=100)[-1].n > last


def test_sqlite_counts_its_tables_anew(sqlite_url: str, clock: Clock) -> None:
    """So it knows that no line slipped, and does not go through all that wait; PostgreSQL does so by itself."""
    with closing(open_database(sqlite_url)) as db:
        found = Worker(db, clock, duties={"forget": DUTIES["forget"]})
        found.prepare(clock.now)
        shop(db, ["CHAIR"])
        announce(db, "PO-1", 100, "2026-12-07")
        for n in range(40):
            order(db, f"O-{n}")
        assert _finds_slipped_by(db) == "ix_lines_waiting", "else there is nothing to count for"
        found.run_once(clock.now)
    with closing(open_database(sqlite_url)) as db:
        assert _finds_slipped_by(db) == "ix_lines_slipped"


def _finds_slipped_by(db: Database) -> str:
    """The index by which SQLite finds lines that slipped."""
    chosen = select(lines.c.order_id).where(LINE_SLIPPED, LINE_WAITS, ~LINE_UNCOVERED)
    statement = str(chosen.compile(dialect=db.engine.dialect, compile_kwargs={"literal_binds": True}))
    with db.read() as tx:
        plan = tx.fetch(text(f"EXPLAIN QUERY PLAN {statement}"))
    return str(plan[0][3]).rsplit("INDEX ", 1)[1].split()[0]


def test_what_is_old_goes_a_step_at_a_time(db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "STEP", 4)
    found = Worker(db, clock, duties={"forget": DUTIES["forget"]})
    events(db, 9, subjects=1)
    once = decode({"do": "adjust_stock", "id": "once", "sku": "I0", "site": "MAIN", "delta": 1, "reason": "found"})
    assert run(db, clock.now, [once])[0].outcome.value == "changed"
    clock.now += module.KEPT + 1
    there = [len(list_events(db, limit=100))]
    found.prepare(clock.now)
    while found.run_once(clock.now)["fired"]:
        there.append(len(list_events(db, limit=100)))
        clock.now += SECOND
    assert there == [max(1, there[0] - 4 * n) for n in range(len(there))], "the last stays"
    assert there[-1] == 1
    assert run(db, clock.now, [once])[0].outcome.value == "changed", "the answer of then: it is not done again"
    assert len(list_events(db, limit=100)) == 1


def test_sessions_that_ended_are_forgotten_and_others_go_on(db: Database, clock: Clock) -> None:
    accounts.put_account(db, START, "ada", kind="person", role="viewer", by="test")
    secret = accounts.open_link(db, START, accounts.sign_in_link(db, START, "ada", by="test"))
    accounts.sign_in_link(db, START, "ada", by="test")  # which nobody ever opens
    found = Worker(db, clock, duties={"forget": DUTIES["forget"]})
    found.prepare(START)
    clock.now = START + accounts.LINK + 1
    found.run_once(clock.now)
    with db.read() as tx:
        assert [row[5] for row in tx.fetch(select(sessions))] == [0]
    assert accounts.by_session(db, START + 1, secret).account == "ada"


def test_who_writes_as_soon_as_it_has_begun_is_told_to_every_sender(db: Database, clock: Clock) -> None:
    sink = Sink()
    found = Worker(db, clock, [sink])
    found.close()  # its thread ends without a round: as if it came to none before somebody wrote and all of it died
    found.start()
    found._thread.join()
    events(db, 1, subjects=1)
    later = Worker(db, clock, [sink])
    later.prepare(clock.now)
    until_quiet(later, clock)
    assert [message.event for message in sink.got] == [event.n for event in list_events(db, limit=100)]


def test_the_heartbeat_goes_on_whatever_happens(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.01)
    rounds = threading.Semaphore(0)
    found = Worker(db, lambda: START)

    def broken(_now: int) -> Counter:
        rounds.release()
        raise ZeroDivisionError

    monkeypatch.setattr(found, "run_once", broken)
    found.start()
    assert all(rounds.acquire(timeout=10) for _ in range(3))
    found.close()
    assert not found._thread.is_alive()


# --- the journal


def test_the_journal_has_every_event_as_a_line_and_mends_what_a_crash_left(
    db: Database, clock: Clock, tmp_path: Path
) -> None:
    import json

    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"specversion":"1.0","id":"be')
    found = Worker(db, clock, [Journal(path)], duties={})
    found.prepare(clock.now)
    events(db, 20)
    until_quiet(found, clock)
    torn, *lines = path.read_text(encoding="utf-8").splitlines()
    assert torn == '{"specversion":"1.0","id":"be'
    said = [json.loads(line) for line in lines]
    assert sorted(int(event["id"]) for event in said) == [event.n for event in list_events(db, limit=100)]
    assert said[0]["type"] == "backorder.site_put"
    assert said[-1]["data"]["outcome"] == "changed"


def test_a_journal_that_cannot_be_written_keeps_its_events_waiting(db: Database, clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "not there" / "events.jsonl"
    found = Worker(db, clock, [Journal(path)], duties={})
    found.prepare(clock.now)
    events(db, 2)
    found.run_once(clock.now)
    found.run_once(clock.now)
    assert "No such file" in next(message.error for message in list_messages(db) if message.error)
    path.parent.mkdir()
    until_quiet(found, clock)
    assert len(path.read_text(encoding="utf-8").splitlines()) == len(list_events(db, limit=100))
