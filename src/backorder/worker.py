"""The heartbeat: due timers become commands, events become messages, messages go to their senders.

`run_once(now)` does what is due and comes back; the thread around it does that again and again. Several workers may
run against one database: each claims what it takes, for a while, and a claim that was lost leaves no effect.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby
from typing import NamedTuple, Protocol

from backorder.commands._choosing import take_effect
from backorder.commands._settling import TOGETHER, settle_due
from backorder.commands.clock import Advance, pass_days
from backorder.commands.reallocation import TIMER, run_scheduled
from backorder.commands.watches import tell_watchers
from backorder.kernel.calendars import moment_datetime, next_day_start
from backorder.kernel.errors import Conflict, Fenced, NotSent, StorageError, Unavailable
from backorder.kernel.retries import HOUR, MESSAGES, SECOND, TIMERS, wait
from backorder.storage import outbox, retention, timers
from backorder.storage.audit import Entry, save_entries
from backorder.storage.clock import load_zones
from backorder.storage.db import Database, Tx
from backorder.storage.events import last_event
from backorder.storage.outbox import Message
from backorder.storage.timers import Timer

LEASE = 60 * SECOND  # how long a claim holds: longer than any sender takes for what it gets at once
TIMERS_MAX = 1_000  # claimed at once
ALONE = 200  # timers of one transaction where all who write wait for its end, and nobody does
AMONG_OTHERS = 25  # the same while somebody does
AT_ONCE = 2  # transactions, where nobody shares it
BESIDE_OTHERS = 100  # where they need not wait, but share the processor
EVENTS_MAX = 1_000  # put into the outbox at once
MESSAGES_MAX = 100  # claimed at once for a sender that does not like more
PAUSE = 1.0  # seconds between looks at what is due
MINUTE = 60 * SECOND
WEEK = 7 * 24 * HOUR
KEPT = 12 * WEEK  # events, and messages that ended, are kept so long
NOTED_AFTER = 5  # attempts to write down what became of messages, where other transactions are in the way
FAILURES_MAX = 3  # of one sender in a row: then it is left alone until the next round but one
ALONE_FOR = 30 * SECOND
ALONE_MAX = 3_600 * SECOND  # whoever asks for a longer pause is tried once an hour
QUICK, SLOW = 128, 32  # threads for endpoints: for those that took what they were sent last, and for the others
DOORS = 8  # of those threads may be in the database at once: its connections are for those who ask, too
TURN = 10 * SECOND  # for which an endpoint with much to send keeps its thread
BEHIND_MAX = 20 * SECOND  # for which ailing and slow endpoints let the others go first, where those queue for threads
FEEDS_MAX, ROWS_MAX = 100, 5_000  # endpoints that are told of new events in one transaction; messages of it
log = logging.getLogger("backorder.worker")
Done = Counter[str]  # how often what was done: fired and failed timers; spread events; sent, unsent, dead messages


class Sender(Protocol):
    """What takes messages to the world."""

    name: str  # by which it is known in the outbox; it does not change
    at_once: int  # how many messages it likes to get in one call

    def wants(self, kind: str, subject: str) -> bool:
        """Whether events of this kind about this subject are for it."""

    def send(self, messages: Sequence[Message]) -> list[NotSent | None]:
        """Send messages, in order; for each None or why it was not sent. May send one again that was sent before.

        What comes after a message of the same subject that was not sent is not sent either. `sender` and `event`
        together name a message for good: the receiver can tell a repeat by them. The answers may end before the
        messages do: those behind were not tried.
        """


class Endpoint(Sender, Protocol):
    """A sender that is never waited for: a place that somebody named and that comes and goes, or the mail."""

    ailing: bool  # whether it took nothing when it was tried last
    slow: bool  # whether it took its time for what it was sent last

    def note(self, tx: Tx, now: int) -> None:
        """Write down what there is to say of the last `send`, in the transaction that says what became of it."""


class Duty(NamedTuple):
    """What a kind of timer stands for: `act` does it, `again` says when it is due next (None: never)."""

    act: Callable[[Database, int, Sequence[Timer]], None]
    again: Callable[[Tx, int], int] | None = None
    together: int = 1  # timers of one transaction
    own: bool = False  # whether `act` itself moves the timers, in its transaction; done twice, it has one effect


def _advance(db: Database, now: int, _timers: Sequence[Timer]) -> None:
    pass_days(db, now, [Advance(to=moment_datetime(now))])


def _settle(db: Database, now: int, mine: Sequence[Timer]) -> None:
    settle_due(db, now, [timer.subject for timer in mine])


def _reallocate(db: Database, now: int, mine: Sequence[Timer]) -> None:
    for timer in mine:
        run_scheduled(db, now, timer.subject)


def _choose(db: Database, now: int, mine: Sequence[Timer]) -> None:
    take_effect(db, now, [timer.subject for timer in mine])


def _next_day(tx: Tx, now: int) -> int:
    """When a day begins next at some site; within the hour in any case, because sites come and go."""
    return min([now + HOUR, *(next_day_start(now, zone) for zone in load_zones(tx))])


def _forget(db: Database, now: int, _timers: Sequence[Timer]) -> None:
    with db.write() as tx:
        retention.forget(tx, now, now - KEPT)
        tx.count_anew()


def _forget_again(tx: Tx, now: int) -> int:
    return now + (SECOND if retention.is_left(tx, now, now - KEPT) else 24 * HOUR)


def _watch(db: Database, now: int, _timers: Sequence[Timer]) -> None:
    tell_watchers(db, now)


DUTIES = {
    "advance": Duty(_advance, _next_day),
    "choice": Duty(_choose, own=True),  # before "settle", because answers that came in time come first
    "forget": Duty(_forget, _forget_again),
    "watch": Duty(_watch, lambda _tx, now: now + MINUTE),
    "settle": Duty(_settle, together=TOGETHER, own=True),
    TIMER: Duty(_reallocate, own=True),
}
_ALWAYS = ("advance", "forget", "watch")  # timers of the shop as a whole, which are always there
_SHOP = "shop"


class Worker:
    """Sees to timers and messages, now and then or all the time. `senders` have different names.

    `endpoints` answers those that there are at the moment; each call makes them anew. `standing` are always there.
    """

    def __init__(
        self,
        db: Database,
        clock: Callable[[], int],
        senders: Iterable[Sender] = (),
        duties: dict[str, Duty] | None = None,
        endpoints: Callable[[], Sequence[Endpoint]] = lambda: (),
        standing: Sequence[Endpoint] = (),
    ) -> None:
        self._db = db.aside()
        self._rested = 0.0  # seconds between the transactions of this round
        self._clock = clock
        self._senders = {sender.name: sender for sender in senders}
        self._duties = DUTIES if duties is None else duties
        self._endpoints, self._standing = endpoints, standing
        self._left_alone: dict[str, tuple[int, int]] = {}  # since when, until when
        self._turns: dict[str, tuple[Endpoint, Future[Done]]] = {}  # of endpoints, that go on or wait for a thread
        self._lanes = ThreadPoolExecutor(QUICK, "endpoint"), ThreadPoolExecutor(SLOW, "slow-endpoint")
        self._slow: set[str] = set()
        self._behind_since: int | None = None  # since when ailing and slow ones let the others go first
        self._doors = threading.BoundedSemaphore(DOORS)
        self._prepared = False
        self._over = threading.Event()
        self._round = threading.Lock()
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own. Whatever happens from here on is told to every sender.

        Where the database is away, from when it is back.
        """
        try:
            self.prepare(self._clock())
        except StorageError as error:  # nobody can write either; the thread tries again
            log.warning("waiting", extra={"fields": {"why": str(error)}})
        self._thread.start()

    def close(self, seconds: float = 30.0) -> None:
        """Begin nothing more; wait for what is being done. Claims that nothing was done about are given back."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def run(self) -> None:
        """Do what is due until told to end. Whatever goes wrong is logged, and tried again a little later."""
        failures = 0
        while not self._over.is_set():
            began, self._rested = self._clock(), 0.0
            try:
                if not self._prepared:
                    self.prepare(began)
                with self._round:
                    done, failures = self.run_once(began), 0
            except StorageError as error:  # the database is away: all claims end by themselves
                log.warning("waiting", extra={"fields": {"why": str(error)}})
                done, failures = Done(), min(failures + 1, 5)
            except Exception:  # the heartbeat goes on: what is due tomorrow must not depend on today's fault
                log.exception("failed")
                done, failures = Done(), min(failures + 1, 5)
            if not (done["fired"] or done["spread"] or done["sent"]):
                self._over.wait(PAUSE * 2**failures)
            else:  # it rests as long as it worked: a backlog must not take their turns from those who place orders
                worked = self._since(began) - self._rested
                self._over.wait(min(max(worked - self._rested, 0.0), PAUSE))
        self.finish()

    def resting(self) -> AbstractContextManager[object]:
        """Let nothing become due while somebody writes the past; messages that are on their way go on."""
        return self._round

    def finish(self) -> Done:
        """Wait for what endpoints are being sent; what was done. Once told to end, no further one has its turn."""
        if self._over.is_set():
            for lane in self._lanes:
                lane.shutdown(wait=False, cancel_futures=True)
        for _, turn in list(self._turns.values()):
            if not turn.cancelled():
                turn.exception()
        return self._ended()

    def prepare(self, now: int) -> None:
        """See that the timers that are always there are, and that every sender is told of what happens from now on."""
        with self._db.write() as tx:
            for kind in _ALWAYS:
                if kind in self._duties and not timers.load_timers(tx, kind, [_SHOP]):
                    timers.put_timers(tx, [(kind, _SHOP, now)])
            last = last_event(tx)
            for name in (*self._senders, *(endpoint.name for endpoint in self._standing)):
                outbox.add_feed(tx, name, last, now)
        self._prepared = True

    def run_once(self, now: int) -> Done:
        """Do what is due at a moment (microseconds), once; what was done. Raises Unavailable where the database is."""
        done = self._fire(now)
        now = max(now, self._clock())  # what was due may have taken longer than the leases that are given from here on
        endpoints = {endpoint.name: endpoint for endpoint in (*self._standing, *self._endpoints())}
        done["spread"] += self._spread(endpoints, now)
        self._begin(endpoints, now)
        chosen = [sender for name, sender in self._senders.items() if not self._is_left_alone(name, now)]
        if chosen:
            with ThreadPoolExecutor(len(chosen)) as threads:  # a slow one keeps the others waiting for the round only
                for part in threads.map(lambda sender: self._send(sender, now), chosen):
                    done += part
        return done + self._ended()

    def _is_left_alone(self, sender: str, now: int) -> bool:
        """Whether a sender failed too often just now; were the clock set back, it would not be just now."""
        since, until = self._left_alone.get(sender, (0, 0))
        return since <= now < until

    def _begin(self, endpoints: dict[str, Endpoint], now: int) -> None:
        """Let each endpoint that has messages that are due have its turn, in a thread of its lane."""
        if not endpoints or self._over.is_set():
            return
        with self._db.read() as tx:
            due = outbox.with_due(tx, now)
        lanes: tuple[list[Endpoint], list[Endpoint]] = [], []
        for name, endpoint in endpoints.items():
            if name in due and name not in self._turns and not self._is_left_alone(name, now):
                lanes[self._is_slow(endpoint)].append(endpoint)
        quick = len(lanes[False]) + sum(not self._is_slow(endpoint) for endpoint, _ in self._turns.values())
        for endpoint in lanes[False]:
            self._turns[endpoint.name] = endpoint, self._lanes[False].submit(self._turn, endpoint)
        if self._goes_behind(quick, now):
            return
        for endpoint in lanes[True]:
            self._turns[endpoint.name] = endpoint, self._lanes[True].submit(self._turn, endpoint)

    def _is_slow(self, endpoint: Endpoint) -> bool:
        return endpoint.ailing or endpoint.name in self._slow

    def _goes_behind(self, quick: int, now: int) -> bool:
        """Whether ailing and slow endpoints wait, because so many others do that some queue: for a while only."""
        if quick <= QUICK:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now
        return self._behind_since is not None and self._behind_since <= now < self._behind_since + BEHIND_MAX

    def _ended(self) -> Done:
        """What was done in the turns that are over."""
        done = Done()
        for name, (endpoint, turn) in list(self._turns.items()):
            if turn.done():
                del self._turns[name]
                self._slow = self._slow | {name} if endpoint.slow else self._slow - {name}
                if not turn.cancelled():
                    done += turn.result()
        return done

    def _turn(self, endpoint: Endpoint) -> Done:
        """Send to an endpoint until nothing is due, or others ought to have the thread. Whatever fails is logged."""
        whole, began = Done(), self._clock()
        try:
            while not self._over.is_set() and self._clock() < began + TURN:
                done = self._send(endpoint, self._clock(), endpoint)
                whole += done
                if done["sent"] < MESSAGES_MAX:
                    break
        except StorageError as error:
            log.warning("waiting", extra={"fields": {"why": str(error)}})
        except Exception:
            log.exception("endpoint", extra={"fields": {"sender": endpoint.name}})
        return whole

    def _fire(self, now: int) -> Done:
        done = Done()
        with self._db.write() as tx:
            claimed = timers.claim_timers(tx, now, now + LEASE, TIMERS_MAX)
        claimed.sort(key=lambda timer: timer.kind)
        for kind, group in groupby(claimed, key=lambda timer: timer.kind):
            duty = self._duties.get(kind)
            if duty is None:  # one of a newer version, which sees to it
                continue
            done += self._work_off(duty, now, list(group))
        return done

    def _work_off(self, duty: Duty, now: int, mine: list[Timer]) -> Done:
        """See to timers of one kind, some in each transaction; where others write meanwhile, they get their time."""
        done = Done()
        while mine:
            others = self._db.turns.waited()
            together, at_once = self._room(duty, others=others)
            parts = [mine[n : n + together] for n in range(0, min(len(mine), at_once * together), together)]
            mine = mine[at_once * together :]
            began = self._clock()
            if len(parts) == 1:
                done += self._see_to(duty, now, parts[0])
            else:  # the database works on one while we decide on another
                with ThreadPoolExecutor(len(parts)) as threads:
                    done += sum(threads.map(lambda part: self._see_to(duty, now, part), parts), Done())
            if others and mine:
                pause = min(self._since(began), PAUSE)
                self._rested += pause
                self._over.wait(pause)
        return done

    def _room(self, duty: Duty, *, others: bool) -> tuple[int, int]:
        """How many timers one transaction sees to, and how many transactions go on at once."""
        if self._db.one_at_a_time:
            return min(duty.together, AMONG_OTHERS if others else ALONE), 1
        if others or not duty.own:
            return min(duty.together, BESIDE_OTHERS), 1
        return duty.together, AT_ONCE

    def _since(self, moment: int) -> float:
        return max(self._clock() - moment, 0) / SECOND

    def _see_to(self, duty: Duty, now: int, mine: list[Timer]) -> Done:
        """Do what timers stand for and close them, in one transaction; where that fails, one by one."""
        if self._over.is_set():
            with self._db.write() as tx:
                timers.let_go(tx, mine)
            return Done()
        closed = []

        def close(tx: Tx) -> None:
            if not duty.own:
                timers.close_timers(tx, mine, None if duty.again is None else duty.again(tx, now))
            if tx.events:
                save_entries(tx, [Entry("worker", "", "-", mine[0].kind, mine[0].subject, len(mine), "")], now)
            closed.append(now)

        def hold(tx: Tx) -> None:
            if not duty.own:
                timers.hold_timers(tx, mine)

        try:
            duty.act(self._db.closing_with(close, hold), now, mine)
            if not closed:  # all of it was refused before there was a transaction
                with self._db.write() as tx:
                    close(tx)
        except Unavailable:
            raise
        except Fenced as error:
            log.warning("fenced", extra={"fields": {"why": str(error)}})
            return Done(fenced=1)
        except Exception as error:  # whatever it is, other timers must not wait for it
            if len(mine) > 1:
                return sum((self._see_to(duty, now, [timer]) for timer in mine), Done())
            self._put_off(mine[0], now, error)
            return Done(failed=1)
        return Done(fired=len(mine))

    def _put_off(self, timer: Timer, now: int, error: Exception) -> None:
        log.error("timer", exc_info=error, extra={"fields": {"kind": timer.kind, "subject": timer.subject}})
        pause = wait(TIMERS, timer.attempts + 1, f"{timer.kind} {timer.subject}")
        why = f"{type(error).__name__}: {error}"[:500]
        with self._db.write() as tx:
            if pause is None:
                timers.give_up(tx, timer, now, why)
            else:
                timers.put_off(tx, timer, now + pause, why)

    def _spread(self, endpoints: dict[str, Endpoint], now: int) -> int:
        """Put messages of new events into the outbox for all who are told of them, some in each transaction."""
        with self._db.read() as tx:
            behind = [name for name in outbox.behind(tx, last_event(tx)) if name in self._senders or name in endpoints]
        done = 0
        for name in behind:
            if name not in endpoints:
                with self._db.write() as tx:
                    done += outbox.spread_to(tx, {name: self._senders[name].wants}, now, EVENTS_MAX)
        many = sorted((name for name in behind if name in endpoints), key=lambda name: self._is_slow(endpoints[name]))
        for at in range(0, len(many), FEEDS_MAX):
            some = {name: endpoints[name].wants for name in many[at : at + FEEDS_MAX]}
            with self._db.write() as tx:
                done += outbox.spread_to(tx, some, now, max(ROWS_MAX // len(some), 100))
        return done

    def _send(self, sender: Sender, now: int, endpoint: Endpoint | None = None) -> Done:
        """Claim messages for a sender and hand them over, as many as it likes at once, until it fails too often.

        `endpoint` is the same sender, where it is one.
        """
        done, failures, alone, stuck = Done(), 0, ALONE_FOR, set[str]()
        door = nullcontext() if endpoint is None else self._doors

        def has_time() -> bool:
            return not self._over.is_set() and self._clock() < now + LEASE // 2  # the rest is for what is being sent

        with door, self._db.write() as tx:
            claimed = outbox.claim_messages(tx, sender.name, now, now + LEASE, max(sender.at_once, MESSAGES_MAX))
        for n in range(0, len(claimed), sender.at_once):
            if failures >= FAILURES_MAX or not has_time():
                with door, self._db.write() as tx:
                    outbox.let_go(tx, claimed[n:])
                break
            part = claimed[n : n + sender.at_once]
            answers = _hand_over(sender, part, stuck, has_time)
            with door:
                done += self._note(part, answers, now, endpoint)
            away = sum(answer is not None and answer.away for answer in answers.values())
            failures = failures + away if away else 0
            pause = max((answer.pause for answer in answers.values() if answer is not None and answer.pause), default=0)
            if pause:
                failures, alone = FAILURES_MAX, min(pause, ALONE_MAX)
        if failures >= FAILURES_MAX:
            self._left_alone[sender.name] = self._clock(), self._clock() + alone
        return done

    def _note(
        self, part: Sequence[Message], answers: dict[int, NotSent | None], now: int, endpoint: Endpoint | None = None
    ) -> Done:
        """Write down what became of messages, in one transaction; those without an answer were not handed over."""
        sent: list[Message] = []
        later: list[tuple[Message, int, str]] = []
        dead: list[tuple[Message, str]] = []
        for message in part:
            if message.event not in answers:
                continue
            answer = answers[message.event]
            if answer is None:
                sent.append(message)
                continue
            why = str(answer)[:500]
            pause = wait(MESSAGES, message.attempts + 1, f"{message.sender} {message.event}")
            if pause is None or answer.for_good:
                dead.append((message, why))
            else:
                later.append((message, now + max(pause, answer.pause or 0), why))
        ended = [message.event for message in (*sent, *(message for message, _ in dead))]
        for attempt in range(1, NOTED_AFTER + 1):
            try:
                with self._db.write() as tx:
                    outbox.lock_feeds(tx, [part[0].sender])
                    outbox.mark_sent(tx, sent, now)
                    outbox.put_off(tx, later)
                    outbox.give_up(tx, dead, now)
                    outbox.let_go(tx, [message for message in part if message.event not in answers])
                    outbox.let_follow(tx, part[0].sender, ended, now)
                    if endpoint is not None:
                        endpoint.note(tx, now)
                break
            except Conflict:  # they went: what is not written down goes again
                if attempt == NOTED_AFTER:
                    raise
        return Done(sent=len(sent), unsent=len(later), dead=len(dead))


def _hand_over(
    sender: Sender, part: Sequence[Message], stuck: set[str], has_time: Callable[[], bool]
) -> dict[int, NotSent | None]:
    """What a sender says of messages, by event; those of `stuck` subjects stay, and a subject that fails joins them.

    Where the sender breaks, it gets one message after the other, so that only those at fault fail, as long as there is
    time.
    """
    going = [message for message in part if message.subject not in stuck]
    try:
        answers = sender.send(going) if going else []
    except Exception as error:  # whatever it is, it concerns these messages alone
        if len(going) > 1:
            said: dict[int, NotSent | None] = {}
            for message in going:
                if not has_time():
                    break
                said.update(_hand_over(sender, [message], stuck, has_time))
            return said
        log.exception("sender", extra={"fields": {"sender": sender.name, "event": going[0].event}})
        answers = [NotSent(f"{type(error).__name__}: {error}")]
    assert len(answers) <= len(going), "a sender answers for the messages it was given"
    said = {}
    for message, answer in zip(going, answers, strict=False):  # an endpoint may not have come to the last ones
        if answer is None or message.subject not in stuck:  # one that had to stay behind did not fail itself
            said[message.event] = answer
        if answer is not None:
            stuck.add(message.subject)
    stuck.update(message.subject for message in going[len(answers) :])  # not tried: what is behind them waits, too
    return said
