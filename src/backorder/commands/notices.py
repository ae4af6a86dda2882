"""What people do about notices: send one now, say that it is not to go, record how it arrived."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

from backorder.commands._batch import Command, Key, Note, Number, Steps, perform
from backorder.commands._owing import case_of, keep, load_cases
from backorder.kernel.calendars import moment_datetime
from backorder.kernel.cases import Case, Evidence, Notice, Said
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.settling import known_before, settle
from backorder.kernel.telling import reached, send, send_goodbye
from backorder.storage import cases as storage
from backorder.storage.db import Database, Tx

Means = Literal["email", "phone", "letter", "chat", "in_person"]


class SendNotice(Command, tag="send_notice"):
    """Send a notice now that is due: by mail, or having told the customer by other means. Its text is kept."""

    order: Key
    notice: Number | None = None
    means: Means = "email"
    reason: Note | None = None
    by: Key | None = None


class SuppressNotice(Command, tag="suppress_notice"):
    """Do not send a notice that is due. No clock stops for it: what the law wants told and is not has its effect."""

    order: Key
    reason: Annotated[str, Meta(min_length=1, max_length=2_000, pattern="^[^\x00\ud800-\udfff]*$")]
    by: Key
    notice: Number | None = None


class RecordNotice(Command, tag="record_notice"):
    """Record that a notice which was sent was delivered, or came back: who was not reached was not told.

    One that came back is delivered once the customer was reached by other means; `reason` says how.
    """

    order: Key
    notice: Number
    became: Literal["delivered", "bounced"]
    reason: Note | None = None
    by: Key | None = None


@dataclass(slots=True)
class _Work:
    loaded: storage.Loaded | None
    history: dict[str, list[Evidence]] = field(default_factory=dict)
    now: int = 0


def send_notices(db: Database, now: int, batch: Sequence[SendNotice]) -> list[Outcome]:
    """Send notices that are due, now."""
    return perform(db, now, batch, Steps(lambda _: None, _load_telling, _send, _save))


def suppress_notices(db: Database, now: int, batch: Sequence[SuppressNotice]) -> list[Outcome]:
    """Say that notices are not to be sent."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _suppress, _save))


def record_notices(db: Database, now: int, batch: Sequence[RecordNotice]) -> list[Outcome]:
    """Record how notices arrived."""
    return perform(db, now, batch, Steps(lambda _: None, _load_sent, _record, _save))


def _load(tx: Tx, batch: Sequence[Any]) -> _Work:
    return _Work(load_cases(tx, (command.order for command in batch)))


def _load_telling(tx: Tx, batch: Sequence[Any]) -> _Work:
    return _Work(load_cases(tx, (command.order for command in batch), telling=True))


def _load_sent(tx: Tx, batch: Sequence[RecordNotice]) -> _Work:
    work = _load(tx, batch)
    work.history = storage.load_history(tx, sorted({command.order for command in batch}))
    return work


def _due(work: _Work, command: SendNotice | SuppressNotice) -> tuple[Case, Notice] | Outcome:
    """The notice that a command means, which is still to be sent."""
    case = case_of(work.loaded, command.order)
    if isinstance(case, Outcome):
        return case
    due = [notice for notice in case.notices if notice.state == "due"]
    if command.notice is None:
        return (case, due[0]) if due else refused(Word.UNKNOWN_NOTICE, command.order, "no notice is due on the order")
    found = next((notice for notice in case.notices if notice.n == command.notice), None)
    if found is None:
        return refused(Word.UNKNOWN_NOTICE, command.order)
    if found.state != "due":
        return refused(Word.NOT_ALLOWED, command.order, f"the notice is not due: it is {found.state}")
    return case, found


def _send(work: _Work, command: SendNotice, now: int) -> Outcome:
    found = _due(work, command)
    if isinstance(found, Outcome):
        return found
    case, notice = found
    if command.means == "email" and not case.head.email:
        message = "the customer has no address: say by which other `means` you told them"
        return refused(Word.NOT_ALLOWED, command.order, message)
    assert work.loaded is not None
    policy = work.loaded.rules.policy
    notice.reason = command.reason
    if notice.kind == "cancelled":
        send_goodbye(case, policy, notice, now, command.by, command.means)
    else:
        try:
            send(case, policy, notice, now, command.by, command.means)
        except ValueError:
            message = "the last day on which it could be told has passed: the order is cancelled by law"
            return refused(Word.TOO_LATE, command.order, message)
    work.now = now
    return Outcome(Word.CHANGED, subject=command.order, quantity=notice.n)


def _suppress(work: _Work, command: SuppressNotice, now: int) -> Outcome:
    found = _due(work, command)
    if isinstance(found, Outcome):
        return found
    case, notice = found
    by_law = notice.kind in {"short", "long", "indefinite", "renewed"}
    until = "" if notice.deadline is None else f"{moment_datetime(notice.deadline):%Y-%m-%d %H:%M} UTC"
    notice.state, notice.send_at, notice.by, notice.reason = "suppressed", None, command.by, command.reason
    case.said = [Said("suppressed", notice=notice.n, by=command.by, note=command.reason)]
    _settle(work, case, now)
    message = (
        f"the law wants it told before {until}: if it is not, what has not shipped is cancelled" if by_law else None
    )
    return Outcome(Word.CHANGED, subject=command.order, quantity=notice.n, message=message)


def _record(work: _Work, command: RecordNotice, now: int) -> Outcome:
    case = case_of(work.loaded, command.order)
    if isinstance(case, Outcome):
        return case
    notice = next((notice for notice in case.notices if notice.n == command.notice), None)
    if notice is None:
        return refused(Word.UNKNOWN_NOTICE, command.order)
    if notice.sent_at is None:
        return refused(Word.NOT_ALLOWED, command.order, "the notice was not sent yet")
    history = [*work.history.get(command.order, []), *case.evidence]
    known = [entry.kind for entry in history if entry.notice == notice.n and entry.kind in {"delivered", "bounced"}]
    if known and command.became == known[-1]:
        return Outcome(Word.EXISTS, subject=command.order)
    told = Said(command.became, notice=notice.n, by=command.by, note=command.reason)
    if command.became == "delivered":
        reached(case, notice)
        case.said = [told]
    else:
        if notice.state in {"asking", "told"}:
            notice.state = "bounced"
        unknown = known_before(case, history, notice.n)
        case.said = [told._replace(line=line, to=to) for line, to in unknown] or [told]
        case.events.append(("notice_bounced", {"notice": notice.n, "kind": notice.kind}))
    _settle(work, case, now)
    return Outcome(Word.CHANGED, subject=command.order, quantity=notice.n)


def _settle(work: _Work, case: Case, now: int) -> None:
    assert work.loaded is not None
    work.now = now
    settle(case, work.loaded.rules.policy, now)
    case.said = []


def _save(tx: Tx, work: _Work) -> None:
    if work.loaded is not None and work.now:
        keep(tx, work.loaded, work.now)
