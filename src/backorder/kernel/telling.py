"""Which change deserves which notice, and when: debounced and merged, never later than the law allows.

An order has at most one notice on its dates that is still to be sent; it tells how things stand when it goes, and says
the worst of them. What would change nothing for the customer is not told.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from backorder.kernel import notices as law
from backorder.kernel.calendars import NEVER, day_date, day_start, local_day
from backorder.kernel.cases import HOUR, Case, Line, Notice, Policy, Refund, Said
from backorder.kernel.notices import RUNNING, Owed, State, owed, strictest
from backorder.kernel.sentences import Ask, Facts, Gone, Letter, Part, Units, beat, goodbye, named, reason_of, render
from backorder.kernel.tongues import ENGLISH, Tongue, Voice

DAY = 24 * HOUR
_POLITE = Owed("delay", NEVER, ("order", "reason", "right_to_cancel", "free_answer"), "none", NEVER)


class Wanted(NamedTuple):
    """What the customer should be told now: `owed` says how, `asks` of which lines the law asks it, and how."""

    lines: tuple[Line, ...]
    owed: Owed
    asks: tuple[tuple[Line, Owed], ...]
    gist: str


def tell(case: Case, policy: Policy, now: int, *, due: bool) -> None:
    """Make, change or take back the notice on the order's dates; with `due`, send what waited long enough."""
    today = local_day(now, case.head.zone)
    if case.notices:
        _close_answered(case)
        _again(case, policy, now)
    wanted = _wanted(case, today)
    pending = case.pending()
    if wanted is None:
        if pending is not None:
            pending.state, pending.send_at = "withdrawn", None
    elif pending is None:
        pending = _make(case, policy, wanted, now)
    else:
        _change(case, policy, pending, wanted, now)
    if due and pending is not None and pending.send_at is not None and pending.send_at <= now:
        assert wanted is not None, "what is pending is wanted"
        _send(case, policy, pending, wanted, now)
    elif due and wanted is None:
        _beat(case, policy, now, today)


def _again(case: Case, policy: Policy, now: int) -> None:
    """What came back from an address that is theirs no longer is done with; a cancellation is to be told once more."""
    if case.head.email and _readdressed(case):
        for notice in case.notices:
            notice.trouble = None
            if notice.state == "bounced" and notice.kind != "cancelled":
                notice.state = "replaced"
    for notice in list(case.notices):
        if notice.kind == "cancelled" and notice.state == "bounced":
            barred = _barred(case)
            notice.state = "replaced"
            refund = next(one for one in case.refunds if str(one.n) == notice.gist)
            case.notices.append(_goodbye(case, refund, now, barred))
            if barred is None:  # later letters got through
                send_goodbye(case, policy, case.notices[-1], now)
    for notice in case.notices:
        if notice.state == "due" and notice.kind == "cancelled" and case.head.email and _readdressed(case):
            send_goodbye(case, policy, notice, now)


def _close_answered(case: Case) -> None:
    """An asking notice is over once no clock waits for an answer: it was given, or silence was one."""
    if all(notice.state != "asking" for notice in case.notices):
        return
    asked = any(wait.clock.state in {State.ASKED, State.RENEWED} for line in case.lines for wait in line.waits)
    answered = any(said.kind in {"agreed", "called"} for said in case.said) or any(
        entry.kind == "left" for entry in case.evidence
    )
    for notice in case.notices:
        if notice.state == "asking" and not asked:
            notice.state = "answered" if answered else "lapsed"


def _wanted(case: Case, today: int) -> Wanted | None:
    """What there is to tell; written out in loops, because every look at an order asks it."""
    lines, asks = list[Line](), list[tuple[Line, Owed]]()
    for line in case.lines:
        if not line.open or not line.waits or _is_too_late(line, today):
            continue
        planned, found, runs = line.planned, list[Owed](), False
        for wait in line.waits:
            if wait.clock.state in RUNNING:
                runs = True
                one = owed(wait.pack, wait.clock, line.later(wait, planned))
                if one is not None:
                    found.append(one)
        asked = strictest(tuple(found)) if found else None
        if asked is not None:
            asks.append((line, asked))
        if asked is not None or (runs and planned != line.told):
            lines.append(line)
    if not lines:
        return None
    what = strictest(tuple([one for _, one in asks]))
    if what is None:
        worse = any(line.planned > line.told for line in lines)
        what = _POLITE if worse else _POLITE._replace(kind="better", says=("order",))
    return Wanted(tuple(lines), what, tuple(asks), _gist(tuple([(line.line, line.planned) for line in lines])))


def _is_too_late(line: Line, today: int) -> bool:
    """Whether nothing is told of a line any more: its timer cancels it, or has."""
    for wait in line.waits:
        clock = wait.clock
        if clock.vested is not None:
            return True
        if today > clock.until and law.passed(wait.pack, clock, today).vested is not None:  # most need not be counted
            return True
    return False


@lru_cache(maxsize=256)
def _gist(lines: tuple[tuple[str, int], ...]) -> str:
    told = "\n".join(f"{line} {planned}" for line, planned in lines)
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def _make(case: Case, policy: Policy, wanted: Wanted, now: int) -> Notice | None:
    """A new notice, unless a person said that this is not to be told."""
    last = next((one for one in reversed(case.notices) if one.kind not in {"still", "cancelled"}), None)
    if last is not None and last.state == "suppressed" and last.gist == wanted.gist:
        return None
    bounced = [notice for notice in case.notices if notice.state == "bounced" and notice.kind != "cancelled"]
    notice = Notice(
        n=case.next_notice,
        kind=wanted.owed.kind,
        state="due",
        made_at=now,
        changed_at=now,
        send_at=None,
        deadline=None,
        gist=wanted.gist,
        trouble=_barred(case),
    )
    for one in bounced:
        one.state = "replaced"
    case.notices.append(notice)
    _time(case, policy, notice, wanted, now)
    return notice


def _change(case: Case, policy: Policy, notice: Notice, wanted: Wanted, now: int) -> None:
    if notice.gist != wanted.gist:
        notice.changed_at, notice.gist = now, wanted.gist
    notice.kind = wanted.owed.kind
    if not case.head.email:
        notice.trouble = notice.trouble or "no_address"
    elif notice.trouble == "no_address" or _readdressed(case):
        notice.trouble = None
    _time(case, policy, notice, wanted, now)


def _barred(case: Case) -> str | None:
    """Why a letter cannot go by e-mail; None where it can.

    The last one came back from the address that is known, or there is none. What was told by phone since mends nothing,
    and an older letter that comes back bars nothing once a later one got through.
    """
    if not case.head.email:
        return "no_address"
    since: list[Notice] = []
    for notice in reversed(case.notices):
        since.append(notice)
        if notice.sent_at is not None and notice.means == "email":
            back = notice.state == "bounced" or any(one.trouble == "bounced" for one in since)
            return "bounced" if back and notice.to == case.head.email else None
    return None


def _readdressed(case: Case) -> bool:
    return any(said.kind == "readdressed" for said in case.said)


def _time(case: Case, policy: Policy, notice: Notice, wanted: Wanted, now: int) -> None:
    """When it goes: once nothing changed for a while, but not put off for ever, and well before the law's last day."""
    notice.deadline = day_start(wanted.owed.by + 1, case.head.zone) if wanted.asks else None
    if notice.trouble is not None:
        notice.send_at = None
        if notice.deadline is None:  # where no law says when, it stands in the queue from now on
            notice.deadline = notice.made_at + DAY
        return
    quiet = min(notice.changed_at + policy.wait, notice.made_at + 2 * policy.wait)
    if notice.deadline is not None:
        quiet = min(quiet, max(now, notice.deadline - policy.margin_days * DAY))
    notice.send_at = quiet


def send(case: Case, policy: Policy, notice: Notice, now: int, by: str | None = None, means: str = "email") -> None:
    """Let a notice go as things stand: its text and facts are kept, the clocks hear of it.

    Raises ValueError where there is nothing to tell any more.
    """
    wanted = _wanted(case, local_day(now, case.head.zone))
    if wanted is None:
        raise ValueError("there is nothing to tell any more")
    _send(case, policy, notice, wanted, now, by, means)


def _send(
    case: Case, policy: Policy, notice: Notice, wanted: Wanted, now: int, by: str | None = None, means: str = "email"
) -> None:
    today = local_day(now, case.head.zone)
    asks = wanted.owed.silence != "none"
    parts = _parts(wanted.lines)
    facts = Facts(
        case.head.order,
        parts,
        reason_of([_cause(case, line) for line in wanted.lines]),
        *policy.spoken(case.head.tongue().tag),
        policy.contact,
        today + policy.heartbeat_days if any(line.waiting for line in wanted.lines) else None,
        _asks(wanted),
    )
    facts, letter = _said(case, policy, facts, lambda facts, tongue: render(facts, wanted.owed, tongue))
    for older in case.notices:
        if older.state == "asking":
            older.state = "replaced"
    notice.kind, notice.silence, notice.gist = wanted.owed.kind, wanted.owed.silence, wanted.gist
    notice.answer_by = wanted.owed.answer_by if asks else None
    notice.deadline = day_start(wanted.owed.answer_by + 1, case.head.zone) if asks else None
    packs = tuple([(wait.pack.digest, wait.pack.pack) for line in wanted.lines for wait in line.waits])
    snapshot = _snapshot(facts._replace(order=""), wanted.owed, tuple([line.line for line in wanted.lines]), packs)
    _gone(case, notice, letter, snapshot, now, by, means)
    notice.state = "asking" if asks else "told"
    ends = {line.line: one.answer_by for line, one in wanted.asks if one.silence == "cancel"}
    for line in wanted.lines:
        end = ends.get(line.line)
        case.note(now, today, Said("told", line.line, line.planned, notice.n, by, means, answer_by=end))
        line.told = line.planned
        for wait in line.waits:
            wait.clock = law.step(wait.pack, wait.clock, law.Told(today, line.later(wait, line.planned), end))


def _cause(case: Case, line: Line) -> str | None:
    """Why the line's promise moved. Goods that are here and late were not kept back by a supplier."""
    cause = case.causes.get(line.line)
    return "not_left" if cause == "overdue" and not line.waiting else cause


def _asks(wanted: Wanted) -> tuple[Ask, ...]:
    """The goods by the answer that is awaited; nothing where all of them are to be answered about alike."""
    together: dict[tuple[str, int], list[Line]] = {}
    for line, one in wanted.asks:
        if one.silence != "none":
            together.setdefault((one.silence, one.answer_by), []).append(line)
    if len(together) <= 1 and len(wanted.asks) == len(wanted.lines):
        return ()
    return tuple(
        Ask(
            tuple([_named(line, wanted.lines) for line in lines]),
            silence,  # type: ignore[arg-type]  # not "none"
            by,
            max(line.planned for line in lines),
        )
        for (silence, by), lines in together.items()
    )


def _named(line: Line, among: Sequence[Line]) -> Units:
    """The goods of a line; where a letter tells of the same goods on several lines, with the line they stand on."""
    alike = sum(other.goods == line.goods for other in among)
    return Units(line.open, line.goods, line.line if alike > 1 else None)


def _parts(lines: Sequence[Line]) -> tuple[Part, ...]:
    """Goods that share a promise are told together."""
    together: dict[tuple[int, int], list[Units]] = {}
    for line in lines:
        together.setdefault((line.told, line.planned), []).append(_named(line, lines))
    return tuple([Part(tuple(goods), told, planned) for (told, planned), goods in together.items()])


def _gone(case: Case, notice: Notice, letter: Letter, facts: str, now: int, by: str | None, means: str) -> None:
    notice.sent_at, notice.send_at = now, None
    if means == "email" or notice.trouble != "bounced":  # an address is not mended by a call
        notice.trouble = None
    notice.subject, notice.text, notice.version, notice.digest = letter[:4]
    notice.facts, notice.by, notice.means = facts, by, means
    notice.to = case.head.email if means == "email" else None
    by_when = None if notice.answer_by is None else day_date(notice.answer_by)
    told: dict[str, object] = {"notice": notice.n, "kind": notice.kind, "means": means, "answer_by": by_when}
    case.events.append(("notice_sent", told))


@lru_cache(maxsize=256)
def _snapshot(facts: Facts, owed: Owed, lines: tuple[str, ...], packs: tuple[tuple[str, str], ...]) -> str:
    """What the notice was made from, as JSON; days as dates, null for none. The order itself is not in it.

    It is in English, whatever language the notice went in.
    """
    say = Voice(ENGLISH)
    parts = [
        {"goods": [named(one, say) for one in part.goods], "told": _date(part.told), "planned": _date(part.planned)}
        for part in facts.parts
    ]
    told = {
        "parts": parts,
        "lines": lines,
        "reason": facts.reason,
        "says": owed.says,
        "silence": owed.silence,
        "asks": [
            {
                "goods": [named(one, say) for one in ask.goods],
                "silence": ask.silence,
                "answer_by": _date(ask.answer_by),
            }
            for ask in facts.asks
        ],
        "packs": dict(packs),
    }
    return msgspec.json.encode(told).decode()


def _date(day: int) -> str | None:
    return None if day == NEVER else day_date(day).isoformat()


def next_beat(case: Case, policy: Policy, today: int) -> int | None:
    """When who waits is told next that the day still stands; None where nobody waits, or something else is to be said.

    A person may have decided that it is not said: then there is no word that all is as it was either.
    """
    if case.pending() is not None or not case.head.email or not _waiting(case) or _wanted(case, today) is not None:
        return None
    last = max([case.head.placed_at, *(notice.sent_at for notice in case.notices if notice.sent_at is not None)])
    return last + policy.heartbeat_days * DAY


def _waiting(case: Case) -> list[Line]:
    return [line for line in case.lines if line.waiting and any(wait.runs for wait in line.waits)]


def _said(case: Case, policy: Policy, facts: Facts, say: Callable[[Facts, Tongue], Letter]) -> tuple[Facts, Letter]:
    """A notice in its customer's language, with what it was made from.

    Where that lacks a sentence, all of it is in English, what the merchant says too.
    """
    letter = say(facts, case.head.tongue())
    if not letter.lacking:
        return facts, letter
    answer, charged = policy.spoken(ENGLISH.tag)
    facts = facts._replace(answer=answer, charged=charged)
    return facts, say(facts, ENGLISH)._replace(lacking=letter.lacking)


def _beat(case: Case, policy: Policy, now: int, today: int) -> None:
    """Who waits long is told now and then that the day still stands."""
    beat_at = next_beat(case, policy, today)
    if beat_at is None or now < beat_at:
        return
    notice = Notice(case.next_notice, "still", "told", now, now, None, None, "still")
    case.notices.append(notice)
    waiting, next_word = _waiting(case), today + policy.heartbeat_days
    spoken = policy.spoken(case.head.tongue().tag)
    facts = Facts(case.head.order, _parts(waiting), "", *spoken, policy.contact, next_word)
    told = msgspec.json.encode({"lines": [line.line for line in waiting]}).decode()
    _gone(case, notice, _said(case, policy, facts, beat)[1], told, now, None, "email")


def say_goodbye(case: Case, policy: Policy, refund: Refund, now: int) -> None:
    """Tell at once that goods will not come, and by when which money goes back; or leave it to a person."""
    notice = _goodbye(case, refund, now, None if case.head.email else "no_address")
    case.notices.append(notice)
    if case.head.email:
        send_goodbye(case, policy, notice, now)


def reached(case: Case, notice: Notice) -> None:
    """Whoever was not reached by a notice was, after all: nobody has to see to it any more."""
    again = [one for one in case.notices if one.kind == "cancelled" and one.state == "due" and one.gist == notice.gist]
    if notice.kind == "cancelled" and again:
        again[0].state, again[0].trouble, notice.state = "withdrawn", None, "told"
    elif notice.state == "bounced":
        notice.state, notice.deadline = "told", None


def _goodbye(case: Case, refund: Refund, now: int, trouble: str | None) -> Notice:
    return Notice(
        n=case.next_notice,
        kind="cancelled",
        state="due",
        made_at=now,
        changed_at=now,
        send_at=None,
        deadline=refund.deadline,
        gist=str(refund.n),
        trouble=trouble,
    )


def send_goodbye(
    case: Case, policy: Policy, notice: Notice, now: int, by: str | None = None, means: str = "email"
) -> None:
    """Let the notice of a cancellation go. Its gist is the number of the refund."""
    refund = next(one for one in case.refunds if str(one.n) == notice.gist)
    lines = [case.find(line) for line in refund.lines]
    forms = next((wait.pack.refund.forms for line in lines for wait in line.waits), ())
    money = None if refund.amount is None else (refund.amount, case.head.currency or "")
    goods = [line.goods for line in lines]
    charged = case.head.paid > 0
    gone = Gone(case.head.order, goods, refund.cause, money, refund.refund_by, forms, policy.contact, charged)
    letter = goodbye(gone, case.head.tongue())
    facts = msgspec.json.encode({"refund": refund.n, "lines": refund.lines, "cause": refund.cause})
    _gone(case, notice, letter, facts.decode(), now, by, means)
    notice.state, notice.deadline = "told", None
