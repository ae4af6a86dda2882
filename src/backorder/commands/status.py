"""The status page: links that open it, and what a customer chooses there, which they may take back for a while.

The token of a link never comes here: whoever makes a link draws it, and hands in its digest.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from backorder.commands._batch import Command, Key, Note, Number, Steps, day_trouble, invalid, perform
from backorder.commands._owing import case_of, load_cases
from backorder.kernel.calendars import day_number, local_day
from backorder.kernel.cases import HOUR, MINUTE, Case, Line
from backorder.kernel.keys import END
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.settling import expired
from backorder.storage import cases as case_storage
from backorder.storage import status as storage
from backorder.storage.db import Database, Row, Tx

GRACE = 10 * MINUTE  # so long may a customer take back what they chose
AT_ONCE = HOUR  # this long before the last moment of an answer there is no waiting
LINKS_MAX = 200  # of one order

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}" + END)]
Days = Annotated[int, Meta(ge=1, le=365)]


class PutStatusLink(Command, tag="put_status_link"):
    """Let a link open an order's status page: by the SHA-256, in hex, of its token, which was drawn at random.

    With the purpose `read` it shows the page and lets nobody choose. It ends `days` after the order did.
    """

    order: Key
    digest: Digest
    purpose: Literal["answer", "read"] = "answer"
    days: Days = 30


class RevokeStatusLink(Command, tag="revoke_status_link"):
    """Let a link to an order's status page open nothing any more: one by its number, else all of them."""

    order: Key
    link: Number | None = None


class Shown(msgspec.Struct, forbid_unknown_fields=True):
    """A line, with the day that its customer saw when they chose; null for none."""

    line: Key
    day: date | None = None


class ChooseAnswer(Command, tag="choose_answer"):
    """Keep what a customer chose on the status page until it takes effect, as `answer_notice` does, minutes later.

    `said` are the words that they confirmed. What they chose not to get does not leave meanwhile. Within the last hour
    of an answer's time it takes effect at once.
    """

    order: Key
    answer: Literal["wait", "cancel", "substitute", "ship_available"]
    lines: Annotated[list[Shown], Meta(min_length=1, max_length=1_000)]
    said: Annotated[str, Meta(min_length=1, max_length=20_000, pattern="^[^\x00\ud800-\udfff]*$")]
    sku: Key | None = None
    consent: bool = False
    notice: Number | None = None
    note: Note = ""


class WithdrawAnswer(Command, tag="withdraw_answer"):
    """Take back what was chosen on the status page, before it takes effect."""

    order: Key


@dataclass(slots=True)
class _Links:
    of_orders: dict[str, list[storage.Link]]
    taken: dict[str, str] = field(default_factory=dict)
    made: list[storage.Link] = field(default_factory=list)
    revoked: list[Row] = field(default_factory=list)


def put_status_links(db: Database, now: int, batch: Sequence[PutStatusLink]) -> list[Outcome]:
    """Make links."""
    return perform(db, now, batch, Steps(lambda _: None, _load_links, _put_link, _save_links))


def revoke_status_links(db: Database, now: int, batch: Sequence[RevokeStatusLink]) -> list[Outcome]:
    """Revoke links."""
    return perform(db, now, batch, Steps(lambda _: None, _load_links, _revoke_link, _save_links))


def _load_links(tx: Tx, batch: Sequence[PutStatusLink | RevokeStatusLink]) -> _Links:
    work = _Links(storage.load_links(tx, sorted({command.order for command in batch})))
    work.taken = storage.load_taken(tx, [one.digest for one in batch if isinstance(one, PutStatusLink)])
    return work


def _put_link(work: _Links, command: PutStatusLink, now: int) -> Outcome:
    links = work.of_orders.get(command.order)
    if links is None:
        return refused(Word.UNKNOWN_ORDER, command.order)
    there = next((link for link in links if link.digest == command.digest), None)
    if there is not None and (there.purpose, there.days, there.revoked_at) == (command.purpose, command.days, None):
        return Outcome(Word.EXISTS, subject=command.order, quantity=there.n)
    if there is not None or command.digest in work.taken:
        return refused(Word.ID_REUSED, command.order, "this token opened another page, or another way: draw a new one")
    if sum(link.revoked_at is None for link in links) >= LINKS_MAX:
        message = f"the order has {LINKS_MAX} links: revoke those that are not needed"
        return refused(Word.NOT_ALLOWED, command.order, message)
    n = max((link.n for link in links), default=0) + 1
    link = storage.Link(command.order, n, command.digest, command.purpose, command.days, now, None)
    links.append(link)
    work.made.append(link)
    work.taken[command.digest] = command.order
    return Outcome(Word.ACCEPTED, subject=command.order, quantity=n)


def _revoke_link(work: _Links, command: RevokeStatusLink, now: int) -> Outcome:
    links = work.of_orders.get(command.order)
    if links is None:
        return refused(Word.UNKNOWN_ORDER, command.order)
    meant = [link for link in links if command.link in (None, link.n)]
    if command.link is not None and not meant:
        return refused(Word.UNKNOWN_LINK, command.order)
    live = [link for link in meant if link.revoked_at is None]
    for link in live:
        links[links.index(link)] = link._replace(revoked_at=now)
        work.revoked.append((link.order, link.n, now))
    return Outcome(Word.CHANGED if live else Word.EXISTS, subject=command.order, quantity=len(live))


def _save_links(tx: Tx, work: _Links) -> None:
    storage.save_links(tx, work.made, work.revoked)


@dataclass(slots=True)
class _Choices:
    cases: case_storage.Loaded | None
    pending: dict[str, storage.Choice]
    last: dict[str, int]
    made: list[storage.Choice] = field(default_factory=list)
    ended: list[Row] = field(default_factory=list)


def choose_answers(db: Database, now: int, batch: Sequence[ChooseAnswer]) -> list[Outcome]:
    """Keep what customers choose, until it takes effect."""
    return perform(db, now, batch, Steps(_check, _load_choices, _choose, _save_choices))


def withdraw_answers(db: Database, now: int, batch: Sequence[WithdrawAnswer]) -> list[Outcome]:
    """Take back what customers chose."""
    return perform(db, now, batch, Steps(lambda _: None, _load_choices, _withdraw, _save_choices))


def _check(command: ChooseAnswer) -> Outcome | None:
    if len({one.line for one in command.lines}) < len(command.lines):
        return invalid(command, "lines", "name each line once")
    if command.answer == "substitute":
        if not command.consent:
            return invalid(command, "consent", "another item is sent only with the customer's express consent: say it")
        if command.sku is None or len(command.lines) != 1:
            return invalid(command, "sku", "say which item takes the place of which one line")
    elif command.sku is not None:
        return invalid(command, "sku", f"an item says nothing with {command.answer}: leave it out")
    return next((found for one in command.lines if (found := day_trouble(command, lines=one.day))), None)


def _load_choices(tx: Tx, batch: Sequence[ChooseAnswer | WithdrawAnswer]) -> _Choices:
    names = sorted({command.order for command in batch})
    cases = load_cases(tx, names)  # locks their clocks, so that of two who choose at once one sees the other
    return _Choices(cases, storage.load_pending(tx, names), storage.load_last(tx, names))


def _choose(work: _Choices, command: ChooseAnswer, now: int) -> Outcome:
    case = case_of(work.cases, command.order)
    if isinstance(case, Outcome):
        return case
    lines = [line for line in case.lines if any(one.line == line.line for one in command.lines)]
    if len(lines) < len(command.lines):
        return refused(Word.UNKNOWN_LINE, command.order)
    if command.order in work.pending:
        message = "something was chosen already and has not taken effect: take that back first"
        return refused(Word.NOT_ALLOWED, command.order, message)
    refusal = _over(case, command, lines, now)
    if refusal is not None:
        return refusal
    n = work.last[command.order] = work.last.get(command.order, 0) + 1
    shown = [(one.line, None if one.day is None else day_number(one.day)) for one in command.lines]
    choice = storage.Choice(
        command.order,
        n,
        command.answer,
        json.dumps(shown),
        command.sku,
        command.notice,
        command.note,
        command.said,
        now,
        takes_effect([one.deadline for one in case.notices if one.state == "asking" and one.deadline is not None], now),
    )
    work.pending[command.order] = choice
    work.made.append(choice)
    return Outcome(Word.CHANGED, subject=command.order, quantity=n)


def takes_effect(ends: Iterable[int], now: int) -> int:
    """When what is chosen now takes effect: in some minutes, or at once where the time for an answer nearly `ends`."""
    return now if any(now > end - AT_ONCE for end in ends) else now + GRACE


def _over(case: Case, command: ChooseAnswer, lines: Sequence[Line], now: int) -> Outcome | None:
    """The refusal of a choice that comes too late for any of its lines."""
    today = local_day(now, case.head.zone)
    if any(line.open for line in lines):
        if command.answer != "cancel" and any(line.open and expired(line, today) for line in lines):
            return refused(Word.TOO_LATE, command.order, "the last day for an answer has passed")
        return None
    if any(line.shipped for line in lines):
        return refused(Word.ALREADY_SHIPPED, command.order)
    return refused(Word.NOT_ALLOWED, command.order, "it was cancelled before")


def _withdraw(work: _Choices, command: WithdrawAnswer, now: int) -> Outcome:
    case = case_of(work.cases, command.order)
    if isinstance(case, Outcome):
        return case
    choice = work.pending.get(command.order)
    if choice is None:
        if command.order in work.last:
            return refused(Word.TOO_LATE, command.order, "what was chosen took effect, or was taken back before")
        return refused(Word.NOT_ALLOWED, command.order, "nothing was chosen")
    if choice.effective_at <= now:
        return refused(Word.TOO_LATE, command.order, "what was chosen is taking effect")
    del work.pending[command.order]
    work.ended.append((choice.order, choice.n, "withdrawn", None, None, now))
    return Outcome(Word.CHANGED, subject=command.order, quantity=choice.n)


def _save_choices(tx: Tx, work: _Choices) -> None:
    storage.save_choices(tx, work.made, work.ended)
