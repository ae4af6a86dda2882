"""What a change of an order, or the passing of days, makes of what its customer is owed.

`settle` reads what is new of a case: units that were cancelled or have left, days that moved, what people said. It
moves the clocks, writes down the evidence, lets money be owed back, and has notices made (`kernel/telling.py`).
Settling a case in which nothing is new changes nothing.
"""

from collections.abc import Callable, Iterable, Sequence

from backorder.kernel import notices as law
from backorder.kernel.calendars import NEVER, day_date, day_start, local_day, next_day_start
from backorder.kernel.cases import Case, Evidence, Line, Policy, Refund, Said, Wait
from backorder.kernel.notices import Completed, Fact, State
from backorder.kernel.refunds import amount_due
from backorder.kernel.telling import next_beat, say_goodbye, tell, told_of

_ENDS = {"customer": ("left", "buyer"), "merchant": ("declined", "seller"), "law": ("lapsed", "missed")}


def settle(case: Case, policy: Policy, now: int, *, due: bool = False) -> None:
    """Bring a case up to a moment. `due` says that its timer went off: then time has its effect, and notices go out.

    Whoever calls with `due` has cancelled before what `expired` names.
    """
    today = local_day(now, case.head.zone)
    _begin(case, today)
    for said in case.said:
        _hear(case, said, now, today)
    for line in case.lines:
        _reopened(case, line, now, today)
    gone = [ended for line in case.lines if (ended := _ended(case, line, now, today)) is not None]
    if due:
        _pass(case, today)
    if gone:
        _owe(case, gone, policy, now)
    tell(case, policy, now, due=due)
    if due:
        _overdue(case, now)


def expired(line: Line, today: int) -> bool:
    """Whether the last day has passed on which an open line could still be waited for: the law cancels it.

    Units that turn out not to have left, of a line that was cancelled meanwhile, are cancelled with it.
    """
    return bool(line.open) and any(_over(wait, today).vested is not None for wait in line.waits)


def _over(wait: Wait, today: int) -> law.Clock:
    return law.passed(wait.pack, wait.clock, today)


def closing(case: Case, line: Line, policy: Policy) -> int | None:
    """The moment at which an open line that has not left counts as late: some hours before its day ends."""
    if not line.open or line.promise is None:
        return None
    return day_start(line.promise + 1, case.head.zone) - policy.closing


def next_look(case: Case, policy: Policy, now: int) -> int | None:
    """The moment at which time has an effect next, if nothing happens before; None where it never has."""
    zone, found = case.head.zone, list[int]()
    for line in case.lines:
        close = closing(case, line, policy)
        if close is not None:
            found.append(close)  # passed already where something else came first: it is seen to at once
        if line.open and any(wait.clock.vested is not None for wait in line.waits):
            found.append(now)
        found += [
            day_start(wait.clock.until + 1, zone)
            for wait in line.waits
            if wait.runs and wait.clock.until != NEVER and wait.clock.state is not State.LATE
        ]
    beat = next_beat(case, policy, local_day(now, zone))
    found += [] if beat is None else [beat]
    found += [notice.send_at for notice in case.notices if notice.state == "due" and notice.send_at is not None]
    for refund in case.refunds:
        if refund.due:
            found.append(refund.deadline if refund.state == "due" else next_day_start(now, zone))
    return max(now, min(found)) if found else None


def _begin(case: Case, today: int) -> None:
    """Start the clocks of lines that have none. What was late before anybody watched is late from now on.

    Goods that go somewhere else than before get the clocks of that place besides those they have.
    """
    head = case.head
    moved = any(said.kind == "moved" for said in case.said)
    for line in case.lines:
        if not line.open or (line.waits and not moved):
            continue
        stated = max(today, today if line.promise is None else line.promise)
        if not line.waits:
            line.told, line.seen = stated, line.cancelled
        there = {wait.pack.pack for wait in line.waits}
        for pack in head.packs:
            if pack.pack in there:
                continue
            starts = head.placed_at if pack.limit.starts == "contract" else head.authorised_at or head.placed_at
            stated_there = stated if pack.limit.basis == "ship" else stated + line.transit
            completed = Completed(local_day(starts, head.zone), stated_there)
            line.waits.append(Wait(pack, completed, law.begin(pack, completed), fresh=True))


def _step(line: Line, fact: Callable[[Wait], Fact], which: Callable[[Wait], bool] = lambda _: True) -> None:
    for wait in line.waits:
        if which(wait):
            wait.clock = law.step(wait.pack, wait.clock, fact(wait))


def _hear(case: Case, said: Said, now: int, today: int) -> None:
    """What somebody said, as evidence and to the clocks."""
    lines = case.lines if said.line is None else [case.find(said.line)]
    to_pay = sum(refund.due for refund in case.refunds) if said.kind == "refunded" else None
    if said.kind not in {"readdressed", "moved"}:  # those are told in ledgers of their own
        case.note(now, today, said, to_pay)
    match said.kind:
        case "agreed":
            to = NEVER if said.to is None else said.to
            for line in lines:
                line.told = to
                _step(line, lambda wait, line=line: law.Agreed(today, line.later(wait, to)))  # type: ignore[misc]  # bound now
        case "called":
            assert said.to is not None, "whoever calls for delivery sets a day"
            for line in lines:
                _step(line, lambda _: law.Called(today, said.to or 0), _lets_call)
        case "bounced":
            for line in lines:
                if _asked(case, said.notice):
                    _step(line, lambda _: law.Bounced(today))
                line.told = NEVER if said.to is None else said.to  # the day that was known before
        case "arrived":
            for line in lines:
                _step(line, lambda _: law.Shipped(today), _counts_delivery)
        case "refunded" if not to_pay:
            for line in lines:
                _step(line, lambda _: law.Refunded(today))


def _counts_delivery(wait: Wait) -> bool:
    return wait.pack.limit.basis == "deliver"


def _lets_call(wait: Wait) -> bool:
    return wait.pack.leaving.call


def _asked(case: Case, n: int | None) -> bool:
    """Whether a notice put a question: where one that only told comes back, the question before it stands."""
    return any(notice.n == n and notice.silence != "none" for notice in case.notices)


def _reopened(case: Case, line: Line, now: int, today: int) -> None:
    """A shipment turned out not to have left: the clocks go on as if nobody had said so."""
    if not line.open or not any(wait.clock.state is State.SHIPPED for wait in line.waits):
        return
    case.note(now, today, Said("unshipped", line.line))
    for wait in line.waits:
        if wait.clock.state is State.SHIPPED:
            facts = facts_of(case, line, wait, [*case.history, *case.evidence])
            wait.clock = law.stand(wait.pack, wait.completed, facts, wait.completed.day)
            # What days have passed is not counted here: `expired` and `due` see to that.


def _ended(case: Case, line: Line, now: int, today: int) -> tuple[Line, int, str] | None:
    """A line of which units were cancelled, with the day and the cause; None where none was. Ends what is over."""
    units = line.cancelled - line.seen
    line.seen = line.cancelled
    if not line.waits:
        return None
    if units:
        by = case.cancelled_by.get(line.line, "merchant")
        kind, cause = _ENDS[by]
        over = [(clock.vested, clock.cause) for wait in line.waits if (clock := _over(wait, today)).vested is not None]
        vested, why = min(over, default=(today, None))  # what the law ended before is not ended later by a person
        if by == "law":
            cause = why or cause
            case.events.append(("order_lapsed", {"line": line.line, "quantity": units, "cause": cause}))
        if line.open:
            case.note(now, today, Said("reduced", line.line, by=by), units)
            return line, vested, cause
        case.note(now, vested, Said(kind, line.line, by=by), units)
        fact = law.Left(vested) if by == "customer" else law.Declined(vested)
        _step(line, lambda _: fact)
        return line, vested, cause
    if not line.open and any(wait.runs and not _counts_delivery(wait) for wait in line.waits):
        case.note(now, today, Said("shipped", line.line))
        _step(line, lambda _: law.Shipped(today), lambda wait: not _counts_delivery(wait))
    return None


def _pass(case: Case, today: int) -> None:
    """Days have passed: silence, and limits that went by. What that ends has been cancelled before."""
    for line in case.lines:
        for wait in line.waits:
            over = _over(wait, today)
            if over.state is not State.REFUND_DUE:
                wait.clock = over


def _owe(case: Case, gone: Sequence[tuple[Line, int, str]], policy: Policy, now: int) -> None:
    """Let the money for units that were cancelled be owed back, by the earliest of the days that hold for them."""
    days = [
        (wait.clock.refund_by or wait.pack.refund_by(vested), vested) for line, vested, _ in gone for wait in line.waits
    ]
    by, vested = min(days)
    known = [refund.n for refund in case.refunds]
    refund = Refund(
        n=max(known, default=0) + 1,
        made_at=now,
        cause=gone[0][2],
        vested_on=vested,
        refund_by=by,
        deadline=day_start(by + 1, case.head.zone),
        amount=amount_due(case),
        lines=tuple(line.line for line, _, _ in gone),
    )
    case.refunds.append(refund)
    case.events.append(("refund_due", _told(refund)))
    say_goodbye(case, policy, refund, now)


def _overdue(case: Case, now: int) -> None:
    for refund in case.refunds:
        if refund.state == "due" and refund.deadline <= now:
            refund.state = "overdue"
            case.events.append(("refund_overdue", _told(refund)))


def _told(refund: Refund) -> dict[str, object]:
    by = day_date(refund.refund_by)
    return {"refund": refund.n, "amount": refund.amount, "by": by, "cause": refund.cause}


def facts_of(case: Case, line: Line, wait: Wait, history: Iterable[Evidence]) -> list[Fact]:
    """What a clock has heard, from the order's evidence."""
    facts: list[Fact] = []
    for entry in history:
        if entry.line not in (None, line.line):
            continue
        if entry.kind == "unshipped":
            facts = [fact for fact in facts if not isinstance(fact, law.Shipped)]
            continue
        fact = _fact(case, line, wait, entry)
        if fact is not None:
            facts.append(fact)
    return facts


def _fact(case: Case, line: Line, wait: Wait, entry: Evidence) -> Fact | None:
    """What an entry of the evidence is to a clock; None for nothing."""
    to = NEVER if entry.to_day is None else entry.to_day
    match entry.kind:
        case "told":
            notice = next(one for one in case.notices if one.n == entry.notice)
            return told_of(line, wait, notice, entry.on_day, to)
        case "bounced" if _asked(case, entry.notice):
            return law.Bounced(entry.on_day)
        case "agreed":
            return law.Agreed(entry.on_day, line.later(wait, to))
        case "called" if _lets_call(wait):
            return law.Called(entry.on_day, to)
        case "left":
            return law.Left(entry.on_day)
        case "declined" | "lapsed":
            return law.Declined(entry.on_day)
        case "shipped" if not _counts_delivery(wait):
            return law.Shipped(entry.on_day)
        case "arrived" if _counts_delivery(wait):
            return law.Shipped(entry.on_day)
        case "refunded" if entry.quantity == 0:
            return law.Refunded(entry.on_day)
    return None


def known_before(case: Case, history: Sequence[Evidence], n: int) -> list[tuple[str, int]]:
    """The lines on which a notice has to be taken back, and the ship day that is known of each without it.

    It told of the line last, or put the last question. What came back before was not known either; and who agreed since
    was reached, whatever comes back.
    """
    found = []
    back = {entry.notice for entry in history if entry.kind == "bounced"} - {n}
    for line in case.lines:
        mine = [entry for entry in history if entry.line == line.line]
        told = [entry for entry in mine if entry.kind == "told" and entry.notice not in back]
        questions = [entry.notice for entry in told if _asked(case, entry.notice)]
        sent = next((entry.n for entry in told if entry.notice == n), 0)
        if any(entry.kind == "agreed" and entry.n > sent for entry in mine):
            continue
        if told and told[-1].notice == n:
            stated = [wait.completed.stated for wait in line.waits if wait.completed.stated is not None]
            first = min(line.earlier(wait, day) for wait, day in zip(line.waits, stated, strict=True))
            known = [entry for entry in mine if entry.kind == "agreed" or entry in told[:-1]]
            days = [NEVER if entry.to_day is None else entry.to_day for entry in known]
            found.append((line.line, [first, *days][-1]))
        elif n in questions[-1:]:
            found.append((line.line, line.told))  # another day was told since, but nobody was asked
    return found
