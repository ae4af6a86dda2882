"""What `check` says of what customers are owed, where SQL alone cannot: clocks are counted again from the evidence."""

from collections.abc import Generator, Iterator, Sequence

from sqlalchemy import bindparam, select

from backorder.kernel import notices as law
from backorder.kernel.calendars import NEVER, day_start, moment_datetime
from backorder.kernel.cases import Case, Evidence, Line, Wait
from backorder.kernel.errors import StorageError
from backorder.kernel.notices import Clock, State
from backorder.kernel.rules import BadPack, read_pack
from backorder.kernel.sentences import digest as digest_of
from backorder.kernel.settling import facts_of
from backorder.storage import cases as storage
from backorder.storage.communication import load_rules
from backorder.storage.db import Tx
from backorder.storage.notice_tables import clocks, notices, packs
from backorder.storage.timers import load_timers

TOGETHER = 2_000  # orders of one statement
_ORDERS = select(clocks.c.order_id).distinct().where(clocks.c.order_id > bindparam("after")).order_by(clocks.c.order_id)
_LETTERS = (
    select(notices.c.order_id, notices.c.n, notices.c.subject, notices.c.text, notices.c.digest)
    .where(notices.c.text.is_not(None))
    .order_by(notices.c.order_id, notices.c.n)
)
_PACKS = select(packs.c.digest, packs.c.pack, packs.c.text).order_by(packs.c.digest)

Found = tuple[str, str, str, str]  # the rule that is broken, by what, how it stands, how it should


def judged(tx: Tx) -> Iterator[Found]:
    """Clocks and timers that stand elsewhere than they should, letters and packs that are not what they were."""
    yield from _letters(tx)
    if (yield from _packs(tx)):
        return  # clocks cannot be counted by packs that are not whole
    try:
        yield from _cases(tx)
    except StorageError:
        raise  # the database is away, which says nothing of what it holds
    except Exception as error:  # whatever is wrong with them, that they cannot be read is what has to be said
        yield "owed_read", "somewhere", f"{type(error).__name__}: {error}", "what can be read"


def _cases(tx: Tx) -> Iterator[Found]:
    """Order by order. Where nobody's clocks run there are none to count."""
    rules, after = load_rules(tx), ""
    while rules is not None:
        names = [row[0] for row in tx.fetch(_ORDERS.limit(TOGETHER), after=after)]
        if not names:
            return
        after = names[-1]
        found = storage.load(tx, rules, {name: [] for name in names}, telling=False, lock=False)
        history = storage.load_history(tx, names)
        timers = {timer.subject: timer for timer in load_timers(tx, "settle", names)}
        for order, case in found.cases.items():
            yield from _counted(case, history.get(order, []))
            wanted, timer = _first_end(case), timers.get(order)
            if wanted is not None and (timer is None or (timer.due_at > wanted and not timer.attempts)):
                stands = "none" if timer is None else str(moment_datetime(timer.due_at))
                yield "owed_timed", order, stands, f"by {moment_datetime(wanted)}"


def _counted(case: Case, history: Sequence[Evidence]) -> Iterator[Found]:
    for line in case.lines:
        for wait in line.waits:
            again = _again(case, line, wait, history)
            if wait.clock not in again:
                subject = f"{case.head.order} {line.line} {wait.pack.pack}"
                yield "clock_counted", subject, _words(wait.clock), _words(again[0])


def _again(case: Case, line: Line, wait: Wait, history: Sequence[Evidence]) -> list[Clock]:
    """The clock by the evidence, and what the passing of days may have made of it since."""
    facts = facts_of(case, line, wait, history)
    day = facts[-1].day if facts else wait.completed.day
    stands = [law.stand(wait.pack, wait.completed, facts, day)]
    while stands[-1].until != NEVER:
        later = law.passed(wait.pack, stands[-1], stands[-1].until + 1)
        if later == stands[-1] or later in stands:
            break
        stands.append(later)
    return stands


def _words(clock: Clock) -> str:
    return " ".join(f"{name}={value}" for name, value in clock._asdict().items() if value is not None)


def _first_end(case: Case) -> int | None:
    """The first moment at which a clock ends, a notice goes or a refund is overdue; None where nothing is owed."""
    ends = [notice.send_at for notice in case.notices if notice.state == "due" and notice.send_at is not None]
    ends += [refund.deadline for refund in case.refunds if refund.state == "due"]
    ends += [
        day_start(wait.clock.until + 1, case.head.zone)
        for line in case.lines
        for wait in line.waits
        if wait.runs and wait.clock.until != NEVER and wait.clock.state is not State.LATE
    ]
    return min(ends, default=None)


def _letters(tx: Tx) -> Iterator[Found]:
    for order, n, subject, text, digest in tx.fetch(_LETTERS):
        found = digest_of(subject, text)
        if found != digest:
            yield "letter_whole", f"{order} {n}", found, digest


def _packs(tx: Tx) -> Generator[Found, None, bool]:
    """Packs that are not whole; gives whether there are any."""
    broken = False
    for digest, name, text in tx.fetch(_PACKS):
        try:
            pack = read_pack(text)
        except BadPack as error:
            found = str(error)
        else:
            found = f"{pack.pack} {pack.digest}"
        if found != f"{name} {digest}":
            broken = True
            yield "pack_whole", name, found, f"{name} {digest}"
    return broken
