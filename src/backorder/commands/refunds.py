"""Money that went back: a refund due ends when somebody records it, and not before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from backorder.commands._batch import Amount, Command, Key, Note, Number, Steps, invalid, perform
from backorder.commands._owing import case_of, keep, load_cases
from backorder.kernel.cases import Case, Refund, Said
from backorder.kernel.money import BadAmount, minor_units, text
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.settling import settle
from backorder.storage import cases as storage
from backorder.storage.db import Database, Tx


class RecordRefund(Command, tag="record_refund"):
    """Record that money went back, or with `statement` that the customer was told that nothing is charged.

    It is never a voucher. Without an `amount` it is what was due.
    """

    order: Key
    form: Literal["same_method", "credit_memo", "statement", "cash", "cheque", "transfer"]
    refund: Number | None = None
    amount: Amount | None = None
    reference: Note | None = None
    by: Key | None = None


@dataclass(slots=True)
class _Work:
    loaded: storage.Loaded | None
    now: int = 0


def record_refunds(db: Database, now: int, batch: Sequence[RecordRefund]) -> list[Outcome]:
    """Record refunds that were made."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _decide, _save))


def _load(tx: Tx, batch: Sequence[RecordRefund]) -> _Work:
    return _Work(load_cases(tx, (command.order for command in batch)))


def _decide(work: _Work, command: RecordRefund, now: int) -> Outcome:
    case = case_of(work.loaded, command.order)
    if isinstance(case, Outcome):
        return case
    assert work.loaded is not None
    refund = _meant(case, command)
    if isinstance(refund, Outcome):
        return refund
    amount = _amount(case, refund, command)
    if isinstance(amount, Outcome):
        return amount
    refund.state, refund.ended_at, refund.refunded = "refunded", now, amount
    refund.form, refund.reference, refund.by = command.form, command.reference, command.by
    case.said = [Said("refunded", by=command.by, means=command.form)]
    settle(case, work.loaded.rules.policy, now)
    case.said = []
    work.now = now
    case.events.append(("refund_recorded", {"refund": refund.n, "amount": amount, "form": command.form}))
    return Outcome(Word.CHANGED, subject=command.order, quantity=refund.n)


def _meant(case: Case, command: RecordRefund) -> Refund | Outcome:
    due = [refund for refund in case.refunds if refund.due]
    if command.refund is None:
        if len(due) > 1:
            numbers = ", ".join(str(refund.n) for refund in due)
            return invalid(command, "refund", f"several are due: say which of {numbers}")
        if due:
            return due[0]
        if case.refunds:
            return Outcome(Word.EXISTS, subject=command.order)
        return refused(Word.UNKNOWN_REFUND, command.order, "nothing has to go back on the order")
    found = next((refund for refund in case.refunds if refund.n == command.refund), None)
    if found is None:
        return refused(Word.UNKNOWN_REFUND, command.order)
    return found if found.due else Outcome(Word.EXISTS, subject=command.order)


def _amount(case: Case, refund: Refund, command: RecordRefund) -> int | Outcome:
    """What went back, in minor units: no less than was due."""
    currency = case.head.currency or ""
    if command.amount is None:
        if refund.amount is None:
            return invalid(command, "amount", "prices are not known: say how much went back")
        amount = refund.amount
    else:
        try:
            amount = minor_units(command.amount, currency)
        except BadAmount as error:
            return invalid(command, "amount", str(error))
    if amount < (refund.amount or 0):
        due = f"{text(refund.amount or 0, currency)} {currency}"
        return invalid(command, "amount", f"{due} is due: a part of it is no refund")
    if command.form == "statement" and refund.amount:
        return invalid(command, "form", "money was taken: a statement alone is no refund")
    return amount


def _save(tx: Tx, work: _Work) -> None:
    if work.loaded is not None and work.now:
        keep(tx, work.loaded, work.now)
