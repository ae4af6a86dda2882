"""What `backorder notices`, `refunds`, `packs` and `communication` print: tables for people, JSON for programs."""

import shlex
import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click
import msgspec

from backorder import languages
from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.tables import WIDTH, facts, table
from backorder.adapters.mail.preview import PREVIEWS, Preview, previews, to_try
from backorder.kernel.composing import composed
from backorder.queries import notices, refunds
from backorder.storage.db import Database


def queue(
    db: Database, now: int, limit: int, after: notices.Place | None, asked: dict[str, Any], *, as_json: bool
) -> None:
    """Print what waits for people."""
    found = notices.queue(db, limit, now, after=after, **asked)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    if not found:
        click.echo("Nothing waits.")
        return
    names = ("what", "order", "customer", "kind", "state", "deadline (UTC)", "units", "money")
    table(names, [_row(one) for one in found], numbers=("units", "money"), whole=names[5:])
    if len(found) == limit:
        last = found[-1]
        deadline = "-" if last.deadline is None else last.deadline.isoformat()
        place = shlex.join((deadline, last.what, last.order, str(last.number)))
        click.echo(f"There may be more than these {limit}: --after {place} shows the next.", err=True)


def _row(one: notices.Waiting) -> tuple[str, ...]:
    money = one.at_stake if one.what == "notice" else one.amount
    return (
        f"{one.what} {one.number}",
        one.order,
        one.customer or "-",
        one.kind,
        one.state if one.trouble in {None, one.state} else f"{one.state}, {str(one.trouble).replace('_', ' ')}",
        _moment(one.deadline),
        str(one.units),
        "-" if money is None else f"{money} {one.currency or ''}".rstrip(),
    )


def show(db: Database, order: str, number: int | None, *, as_json: bool) -> None:
    """Print the notices of an order, or one of them; exits 3 where there is no such order or notice."""
    name = composed(order)
    if number is not None:
        one = notices.notice(db, name, number)
        found = [] if one is None else [one]
    else:
        found = notices.of_order(db, name)
    known = bool(found) or notices.is_order(db, name)
    if not known or (number is not None and not found):
        _missing(f"There is no order {name}." if not known else f"Order {name} has no notice {number}.")
    if as_json:
        click.echo(msgspec.json.encode(found if number is None else found[0]).decode())
        return
    if not found:
        click.echo("No notices.")
    for notice in found:
        show_notice(notice)


def show_notice(notice: notices.NoticeView) -> None:
    """Print a notice: how it stands, and what it says."""
    facts(f"Notice {notice.notice}: {notice.kind}, {notice.state}", dict(_standing(notice)))
    if notice.text is not None:
        click.echo(f"  Subject: {notice.subject}\n")
        click.echo("".join(f"{_wrapped(line)}\n" for line in notice.text.splitlines()))


def _wrapped(line: str) -> str:
    behind = "    " if line.startswith("- ") else "  "
    return textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent=behind, break_on_hyphens=False)


_SILENCE = {"consent": "means that they agree", "cancel": "means that it is cancelled", "none": "means nothing"}
_TROUBLE = {"no_address": "the customer has no address", "bounced": "one before it came back"}


def _standing(notice: notices.NoticeView) -> Iterator[tuple[str, str]]:
    if notice.made_at is not None:
        yield "made", f"{_moment(notice.made_at)} UTC"
    if notice.state == "due":
        by = "" if notice.deadline is None else f"; has to go before {_moment(notice.deadline)} UTC"
        goes = f"by itself, {_moment(notice.send_at)} UTC" if notice.send_at else "not by itself"
        yield "goes", f"{goes}{by}"
    if notice.trouble is not None:
        yield "trouble", _TROUBLE[notice.trouble]
    if notice.sent_at is not None:
        who = f", {notice.by}" if notice.by else ""
        yield "sent", f"{_moment(notice.sent_at)} UTC by {notice.means}{who}"
    elif notice.by is not None:
        yield "by", notice.by
    if notice.reason is not None:
        yield "reason", notice.reason
    if notice.answer_by is not None:
        yield "answer", f"by {notice.answer_by}; silence {_SILENCE[notice.silence]}"


def preview(
    db: Database,
    now: int,
    order: str | None,
    kinds: Sequence[str],
    spoken: Sequence[str],
    words: tuple[str | None, str | None],
    *,
    html: bool,
    as_json: bool,
) -> None:
    """Print messages as they would look, perhaps with `words` to open and close them; exits 3 without such an order."""
    for said, there, what in ((kinds, PREVIEWS, "kind of message"), (spoken, languages.known(), "language")):
        foreign = next((name for name in said if name not in there), None)
        if foreign is not None:
            raise click.UsageError(f"{foreign} is no {what}: use {', '.join(there)}")
    tried, wrong = to_try(kinds, spoken, *words)
    if wrong is not None:
        raise click.UsageError(f"--{wrong[0]}: {wrong[1]}")
    found = previews(db, now, order, kinds, spoken, tried=tried)
    if found is None:
        _missing(f"There is no order {order}.")
        return
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    for one in found:
        click.echo(one.html if html else "\n".join([*_head(one), "", one.text]))


def _head(one: Preview) -> Iterator[str]:
    """What is to be known of a message before it is read."""
    yield f"== {one.kind} in {one.wanted} ({'made up' if one.made_up else 'data of the order'})"
    if one.language != one.wanted:
        why = f"{one.wanted} lacks: {'; '.join(one.lacking)}" if one.lacking else "what the law asks for is in English"
        yield f"   in {one.language}: {why}"
    if one.left_out:
        yield f"   left out: your {' and '.join(one.left_out)}, which names something that there is not here"
    if one.unsaid:
        yield f"   you have not said yet: {', '.join(one.unsaid)}"
    yield f"Subject: {one.subject}"


def list_refunds(db: Database, order: str, now: int, *, as_json: bool) -> None:
    """Print the refunds of an order; exits 3 where there is no such order."""
    name = composed(order)
    found = refunds.of_order(db, name, now)
    known = bool(found) or notices.is_order(db, name)
    if not known:
        _missing(f"There is no order {name}.")
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    elif not found:
        click.echo("Nothing has to go back.")
    else:
        names = ("refund", "lines", "cause", "state", "amount", "by", "went back")
        table(names, [_refund(one) for one in found], numbers=("refund", "amount"))


def _refund(one: refunds.RefundView) -> tuple[str, ...]:
    currency = "" if one.currency is None else f" {one.currency}"
    how = (part for part in (one.form, one.reference) if part)
    return (
        str(one.refund),
        ", ".join(one.lines),
        one.cause,
        one.state,
        "-" if one.amount is None else f"{one.amount}{currency}",
        one.refund_by.isoformat(),
        "-" if one.ended_at is None else f"{one.refunded}{currency} {one.ended_at:%Y-%m-%d}, {', '.join(how)}",
    )


def _moment(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _missing(message: str) -> None:
    click.echo(message, err=True)
    sys.exit(MISSING)
