"""What a customer chose on the status page takes effect: as the answer that it is, once it cannot be taken back."""

import hashlib
from collections.abc import Iterator, Sequence

from backorder.commands.answers import AnswerNotice, answer_notices
from backorder.kernel.calendars import day_date, local_day, moment_datetime
from backorder.kernel.cases import Case
from backorder.kernel.outcomes import Outcome, Word
from backorder.storage import cases as case_storage
from backorder.storage import status as storage
from backorder.storage.communication import load_rules
from backorder.storage.db import Database

CUSTOMER = "customer"  # who answers
# The ids are ours: one that came before with other content was answered then, for what it said of days.
_DONE = {Word.ANSWERED, Word.EXISTS, Word.ID_REUSED}


def take_effect(db: Database, now: int, orders: Sequence[str]) -> None:
    """Let what was chosen of these orders have its effect, each by itself, and write down what came of it.

    Done twice, it has one effect: the answers have ids. Raises StorageError if the database fails; then it is to be
    done again.
    """
    for order in orders:
        with db.read() as tx:
            choice = storage.load_pending(tx, [order]).get(order)
        if choice is None or choice.effective_at > now:  # it was taken back, or chosen anew, meanwhile
            continue
        outcomes = [answer_notices(db, now, [answer])[0] for answer in _answers(db, choice, now)]
        with db.write() as tx:
            storage.save_choices(tx, [], [(order, choice.n, *_became(outcomes), now)])


def _became(outcomes: Sequence[Outcome]) -> tuple[str, str, str | None]:
    """State, outcome and message; where one of several answers was refused, what is said of that."""
    worst = next((outcome for outcome in outcomes if outcome.outcome not in _DONE), outcomes[0])
    return "done" if worst.outcome in _DONE else "refused", worst.outcome.value, worst.message


def _answers(db: Database, choice: storage.Choice, now: int) -> Iterator[AnswerNotice]:
    """The choice as answers: one, or where a customer agreed to several days one for each of them."""
    case = _case(db, choice.order)
    groups: dict[int | None, list[str]] = {}
    for line, day in choice.shown:
        until = _until(case, line, day) if choice.answer == "wait" and case is not None else None
        groups.setdefault(until, []).append(line)
    named = hashlib.sha256(choice.order.encode()).hexdigest()[:32]
    for k, (until, lines) in enumerate(groups.items()):
        yield AnswerNotice(
            id=f"status {named} {choice.n} {k}",
            at=moment_datetime(choice.effective_at) if _day_ended(case, choice, now) else None,
            order=choice.order,
            answer=choice.answer,  # type: ignore[arg-type]  # the schema lets in no other word
            by=CUSTOMER,
            means="link",
            notice=choice.notice,
            lines=lines,
            until=None if until is None else day_date(until),
            sku=choice.sku,
            consent=choice.answer == "substitute",
            note=choice.note or None,
        )


def _case(db: Database, order: str) -> Case | None:
    with db.read() as tx:
        rules = load_rules(tx)
        if rules is None:
            return None
        return case_storage.load(tx, rules, {order: []}, telling=False, lock=False).cases.get(order)


def _until(case: Case, name: str, shown: int | None) -> int | None:
    """The day to which a customer agreed who saw this one; None for the day that they were last told.

    A day that was told since, or promised for sooner, is never put off by their consent; and what they saw is all that
    they agreed to.
    """
    line = case.find(name)
    if shown is None or shown == line.told or line.planned < shown:
        return None
    return shown


def _day_ended(case: Case | None, choice: storage.Choice, now: int) -> bool:
    """Whether a day began since it should have taken effect: then it counts as of that moment, whoever came late."""
    zone = "UTC" if case is None else case.head.zone
    return local_day(choice.effective_at, zone) < local_day(now, zone)
