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
from backorder.kernel.rules import Pack
from backorder.kernel.telling import next_beat, say_goodbye, tell

# What is told in other ledgers, or with its units.
_ELSEWHERE = frozenset({"readdressed", "moved", "placed", "stood", "cancelled"})
_ENDS = {"customer": ("left", "buyer"), "merchant": ("declined", "seller"), "law": ("lapsed", "missed")}


def settle(case: Case, policy: Policy, now: int, *, due: bool = False) -> None:
    """Bring a case up to a moment. `due` says that its timer went off: then time has its effect, and notices go out.

    Whoever calls with `due` has cancelled before what `expired` names.
    """
    today = local_day(now, case.head.zone)
    _begin(case, now, today)
    for said in case.said:
        if said.kind not in _ELSEWHERE:
            _hear(case, said, now, today)
    for line in case.lines:
        _reopened(case, line, now, today)
    gone = [ended for line in case.lines if (ended := _ended(case, line, now, today)) is not None]
    if due:
        _pass(case, now, today)
    if gone:
        _owe(case, gone, policy, now, today)
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
    """The moment at which time has, or had, an effect next, if nothing happens before; None where it never has."""
    zone, found = case.head.zone, list[int]()
    for line in case.lines:
        close = closing(case, line, policy)
        if close is not None:
            found.append(close)  # passed already where something else came first: it is seen to at once
        for wait in line.waits:
            clock = wait.clock
            if clock.vested is not None and line.open:
                found.append(now)
            if wait.runs and clock.until != NEVER and clock.state is not State.LATE:
                found.append(day_start(clock.until + 1, zone))
    beat = next_beat(case, policy, local_day(now, zone))
    found += [] if beat is None else [beat]
    found += [notice.send_at for notice in case.notices if notice.state == "due" and notice.send_at is not None]
    for refund in case.refunds:
        if refund.due:
            found.append(refund.deadline if refund.state == "due" else next_day_start(now, zone))
    return min(found, default=None)


def _begin(case: Case, now: int, today: int) -> None:
    """Start the clocks of lines that have none, and write down from which day they count.

    Goods that go somewhere else than before get the clocks of that place besides those they have.
    """
    moved = bool(case.said) and any(said.kind == "moved" for said in case.said)
    if not moved and all(line.waits or not line.open for line in case.lines):
        return
    stood = {said.line: said.to for said in case.said if said.kind == "stood"}
    placed = {said.line for said in case.said if said.kind == "placed"}
    for line in case.lines:
        if not line.open or (line.waits and not moved):
            continue
        known = _known(line, stood.get(line.line), today)
        if line.line in placed and line.promise is not None:
            known = max(line.promise, today)  # a day of the site's, which may be over already where the goods go to
        there = {wait.pack.pack for wait in line.waits}
        if not line.waits:
            line.told, line.seen = NEVER if known is None else known, line.cancelled
        for pack in case.head.packs:
            if pack.pack not in there:
                wait = _clock(case, line, pack, known, today)
                line.waits.append(wait)
                case.note(now, today, Said("began", line.line, line.earlier(wait, wait.clock.limit), means=pack.pack))


def _known(line: Line, stood: int | None, today: int) -> int | None:
    """The day that the customer counts on: the one that stood before a change that is just being made.

    None where there is none, or it passed before anybody watched: what was late then is late from now on.
    """
    if stood is not None and stood >= today:
        return stood
    return line.promise if line.promise is not None and line.promise >= today else None


def _clock(case: Case, line: Line, pack: Pack, known: int | None, today: int) -> Wait:
    """A clock that begins: without a day that the customer counts on, the pack's own, from today if that passed."""
    head = case.head
    starts = head.placed_at if pack.limit.starts == "contract" else head.authorised_at or head.placed_at
    day = local_day(starts, head.zone)
    transit = 0 if pack.limit.basis == "ship" else line.transit
    if known is not None:
        stated = known + transit
    elif pack.limit.days is None:
        stated = today + transit
    else:
        stated = day + pack.limit.days if day + pack.limit.days >= today else today + pack.limit.days
    completed = Completed(day, stated)
    return Wait(pack, completed, law.begin(pack, completed), fresh=True)


def _step(line: Line, fact: Callable[[Wait], Fact], which: Callable[[Wait], bool] = lambda _: True) -> None:
    for wait in line.waits:
        if which(wait):
            wait.clock = law.step(wait.pack, wait.clock, fact(wait))


def _hear(case: Case, said: Said, now: int, today: int) -> None:
    """What somebody said, as evidence and to the clocks."""
    lines = case.lines if said.line is None else [case.find(said.line)]
    to_pay = sum(refund.due for refund in case.refunds) if said.kind == "refunded" else None
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
        case "bounced" if said.line is not None:  # else it was no notice on a day
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
    if not line.came_back:
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
        # What the law ended before is not ended later by a person; and where one law ended it, the others' clocks stand
        # as if the merchant had declined, which is not why.
        over.sort(key=lambda end: (end[0], end[1] == "seller", end[1]))
        vested, why = over[0] if over else (today, None)
        if by == "law":
            cause = why or cause
            case.events.append(("order_lapsed", {"line": line.line, "quantity": units, "cause": cause}))
        said = next((one for one in case.said if one.kind == "cancelled" and one.line == line.line), Said(kind, by=by))
        if line.open:
            case.note(now, today, said._replace(kind="reduced", line=line.line), units)
            return line, vested, cause
        case.note(now, vested, said._replace(kind=kind, line=line.line), units)
        fact = law.Left(vested) if by == "customer" else law.Declined(vested)
        _step(line, lambda _: fact)
        return line, vested, cause
    if not line.open and any(wait.runs and not _counts_delivery(wait) for wait in line.waits):
        case.note(now, today, Said("shipped", line.line))
        _step(line, lambda _: law.Shipped(today), lambda wait: not _counts_delivery(wait))
    return None


def _pass(case: Case, now: int, today: int) -> None:
    """Days have passed: silence, and limits that went by. What that ends has been cancelled before."""
    for line in case.lines:
        for wait in line.waits:
            over = _over(wait, today)
            if over.state is State.REFUND_DUE:
                continue
            if wait.clock.state is State.ASKED and over.state is State.WAITING:
                asked = next((notice.n for notice in reversed(case.notices) if notice.silence != "none"), None)
                to = line.earlier(wait, over.until)
                case.note(now, today, Said("silent", line.line, to, notice=asked, means=wait.pack.pack))
            wait.clock = over


def _owe(case: Case, gone: Sequence[tuple[Line, int, str]], policy: Policy, now: int, today: int) -> None:
    """Let the money for units that were cancelled be owed back, by the earliest of the days that hold for them.

    Where goods of the same worth took their place there is nothing to pay, nothing to record and nothing to tell.
    """
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
    replaced = {said.line for said in case.said if said.kind == "substituted"}
    if refund.amount == 0 and case.head.paid and replaced >= set(refund.lines):
        refund.state, refund.ended_at, refund.refunded, refund.form = "refunded", now, 0, "statement"
        _hear(case, Said("refunded", means="statement"), now, today)
        return
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
        if entry.kind == "began" and entry.means == wait.pack.pack:
            facts = []  # what was before, it did not hear
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
            return law.Told(entry.on_day, line.later(wait, to), entry.answer_by)
        case "bounced" if entry.line is not None and _asked(case, entry.notice):
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
        mine = [(at, entry) for at, entry in enumerate(history) if entry.line == line.line]
        told = [(at, entry) for at, entry in mine if entry.kind == "told" and entry.notice not in back]
        questions = [entry.notice for _, entry in told if _asked(case, entry.notice)]
        sent = next((at for at, entry in told if entry.notice == n), -1)
        if any(entry.kind == "agreed" and at > sent for at, entry in mine):
            continue
        if told and told[-1][1].notice == n:
            began = [entry for _, entry in mine if entry.kind == "began"]
            packs = {entry.means for entry in began if entry.at == began[0].at}  # others counted from a later day
            stated = [(wait, wait.completed.stated) for wait in line.waits if wait.pack.pack in packs]
            first = min(line.earlier(wait, day) for wait, day in stated if day is not None)
            known = [entry for at, entry in mine if entry.kind == "agreed" or (at, entry) in told[:-1]]
            days = [NEVER if entry.to_day is None else entry.to_day for entry in known]
            found.append((line.line, [first, *days][-1]))
        elif n in questions[-1:]:
            found.append((line.line, line.told))  # another day was told since, but nobody was asked
    return found
