"""An order's evidence in words: what its document says, section by section, before it has a form.

HTML and PDF are made from the same sheet, so that they say the same.
"""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from backorder.adapters.documents import course
from backorder.adapters.documents.words import (
    BASES,
    CAUSES,
    KINDS,
    MEANS,
    NOTICE_STATES,
    REFUND_CAUSES,
    STATES,
    day,
    many,
    moment,
    money,
    named,
    silence,
    visible,
)
from backorder.queries.evidence import Entry, Evidence, NoticeSent

T = TypeVar("T")
_NARROW = 12  # letters


class Table(msgspec.Struct):
    """A table. `widths` are parts of the page's width, 0 as much as is needed; `numbers` the columns set right."""

    heads: list[str]
    widths: list[int]
    rows: list[list[str]]
    numbers: list[int] = []


class Letter(msgspec.Struct):
    """A notice as it went: what is known of it, and its text; None where it did not go."""

    title: str
    facts: list[tuple[str, str]]
    subject: str | None
    text: str | None
    alarm: str | None = None


class Section(msgspec.Struct):
    """A part of the document, with what it has to say in this order."""

    title: str
    alarms: list[str] = []
    says: list[str] = []
    facts: list[tuple[str, str]] = []
    tables: list[Table] = []
    letters: list[Letter] = []


class Sheet(msgspec.Struct):
    """The whole document. `made` is the moment of the newest fact in it, in seconds since 1970."""

    title: str
    subtitle: str
    made: int
    sections: list[Section]

    @property
    def rows(self) -> int:
        """How long it is: rows of tables, and lines of notices, of which four cost as much as a row to set."""
        tables = sum(len(table.rows) for section in self.sections for table in section.tables)
        lines = sum((one.text or "").count("\n") for section in self.sections for one in section.letters)
        return tables + lines // 4


def sheet(found: Evidence, *, withheld: bool = False) -> Sheet:
    """The document of an order's evidence. `withheld` says that whoever gets it may not read who the customer is."""
    subtitle = f"As it was recorded up to {moment(found.latest)}. Days and times are those of {found.zone}."
    sections = [
        _short(found),
        _order(found, withheld=withheld),
        _promises(found),
        _rules(found),
        Section("What happened, in order", tables=[Table(["When", "What", "Record"], [0, 1, 0], course.rows(found))]),
        _notices(found, withheld=withheld),
        _refunds(found),
        _CHECKING,
    ]
    whole = Sheet(f"Evidence on order {found.order}", subtitle, int(found.latest.timestamp()), sections)
    return msgspec.convert(_plain(msgspec.to_builtins(whole)), Sheet)


def _plain(said: T) -> T:
    """The same with every letter to be seen."""
    if isinstance(said, str):
        return visible(said)  # type: ignore[return-value]  # a text for a text
    if isinstance(said, list | tuple):
        return [_plain(one) for one in said]  # type: ignore[return-value]  # a list for a list
    if isinstance(said, dict):
        return {name: _plain(one) for name, one in said.items()}  # type: ignore[return-value]  # and so on
    return said


def _short(found: Evidence) -> Section:
    """What a reader should know before the rest."""
    alarms = [f"The text of notice {one.notice} is not the one that was sent." for one in _broken(found)]
    changed = [one.pack for one in found.rules if not one.digest_matches]
    alarms += [f"The text of the rule pack {pack} is not the one that ran." for pack in changed]
    says = [f"The order was placed on {moment(found.placed_at)}: {many(len(found.lines), 'line')}."]
    moved = [one for one in found.promises if one.n > 1]
    says.append(
        f"A promised day moved {many(len(moved), 'time')} after that; section 3 has each of them."
        if moved
        else "No promised day has moved since."
    )
    if not found.rules:
        says.append("No rule runs on this order: the shop had not turned on that customers are told of delays.")
    sent = [one for one in found.notices if one.sent_at is not None]
    heard = [one for one in found.entries if one.kind in course.ANSWERS and one.by != "merchant"]
    if found.rules or sent:
        arrived = len({one.notice for one in found.entries if one.kind == "delivered"})
        back = len({one.notice for one in found.entries if one.kind == "bounced"})
        says.append(
            f"{many(len(sent), 'notice')} went to the customer: {arrived or 'none'} recorded as delivered, "
            f"{back or 'none'} as come back."
        )
        answers = len({(one.at, one.kind, one.by) for one in heard})
        says.append(f"{many(answers, 'answer')} of the customer {'is' if answers == 1 else 'are'} recorded.")
    says += [
        f"Refund {one.refund}: {money(one.amount, found.currency)} due by {day(one.refund_by)}, "
        + (f"recorded as made on {moment(one.ended_at)}." if one.ended_at is not None else "not recorded as made.")
        for one in found.refunds
    ]
    return Section("In short", alarms, says)


def _broken(found: Evidence) -> list[NoticeSent]:
    return [one for one in found.notices if one.digest_matches is False]


def _order(found: Evidence, *, withheld: bool) -> Section:
    place = ", ".join(part for part in (found.region, found.country) if part) or "not known"
    facts = [
        ("Order", found.order),
        *_addressee(found, withheld=withheld),
        ("Placed", moment(found.placed_at)),
        ("Payment authorised", "not recorded" if found.authorised_at is None else moment(found.authorised_at)),
        ("Goes to", f"{place}; time zone {found.zone}"),
        ("Ships", "complete, in one piece" if found.ships == "complete" else "as goods are ready"),
        ("Paid", money(found.paid, found.currency)),
        ("Of it", f"shipping {found.shipping}, tax {found.tax}, discount {found.discount}"),
    ]
    if found.channel is not None:
        facts.append(("Channel", found.channel))
    heads = ["Line", "Goods", "Price", "Ordered", "Shipped", "Cancelled", "Open", "First promise", "Promise now"]
    first = {one.line: one.to_day for one in found.promises if one.n == 1}
    rows = [
        [
            line.line,
            line.goods if line.goods == line.sku else f"{line.goods} ({line.sku})",
            "-" if line.unit_price is None else line.unit_price,
            *(str(units) for units in (line.quantity, line.shipped, line.cancelled, line.open)),
            day(first.get(line.line)),
            "-" if not line.open else day(line.promise),
        ]
        for line in found.lines
    ]
    table = Table(heads, [0, 1, 0, 0, 0, 0, 0, 0, 0], rows, [2, 3, 4, 5, 6, 7, 8])
    return Section("The order", facts=facts, tables=[table])


def _addressee(found: Evidence, *, withheld: bool) -> list[tuple[str, str]]:
    """Who ordered, as far as it is kept and may be read."""
    person = found.addressee
    if person is None:
        return [("Customer", "none was named")]
    whom = [("Customer", f"{person.customer}, a {person.kind}")]
    if person.erased_at is not None:
        return [*whom, ("Name and address", f"erased on {moment(person.erased_at)}, as the person's data were")]
    if withheld:
        return [*whom, ("Name and address", "not shown: whoever asked for this document may not read them")]
    return [*whom, ("Name", person.name or "none is kept"), ("Address kept now", person.email or "none is kept")]


def _promises(found: Evidence) -> Section:
    says = ["The day by which each line was promised to ship: with the order, and each time it moved."]
    told: dict[tuple[str, ...], tuple[list[str], dict[str, None]]] = {}
    for one in sorted(found.promises, key=lambda one: one.at):
        before = "-" if one.n == 1 else day(one.from_day, "without a day")
        why, basis = CAUSES.get(one.cause, one.cause), "-" if one.basis is None else BASES[one.basis]
        moved = moment(one.at), before, day(one.to_day, "without a day"), why, basis
        lines, supplies = told.setdefault(moved, ([], {}))
        lines.append(one.line)
        if one.supply is not None:
            supplies[one.supply] = None
    rows = [
        [named(lines, len(found.lines)), *moved[:-1], moved[-1] + (f" ({', '.join(supplies)})" if supplies else "")]
        for moved, (lines, supplies) in told.items()
    ]
    widths = [_wide(rows), 0, 0, 0, 1, 1]
    table = Table(["Line", "When", "Before", "Promised", "Why", "Stands on"], widths, rows)
    return Section("What was promised", says=says, tables=[table])


def _wide(rows: list[list[str]]) -> int:
    """The width of the first column, in which lines are named: as much as it needs, while that is not much."""
    return int(any(len(row[0]) > _NARROW for row in rows))


def _rules(found: Evidence) -> Section:
    if not found.rules:
        return Section("Rules that hold", says=["No rule runs on this order."])
    titles = [[rule.pack, rule.title, rule.source, rule.digest] for rule in found.rules]
    told: dict[tuple[str, ...], list[str]] = {}
    for one in found.clocks:
        because = f", because {REFUND_CAUSES[one.cause]}" if one.cause else ""
        means = "-" if one.silence == "none" else silence(one.silence)
        stands = STATES[one.state] + because, day(one.limit_on), day(one.until_on), means, day(one.refund_by)
        told.setdefault((one.pack, *stands), []).append(one.line)
    clocks = [[named(lines, len(found.lines)), *stands] for stands, lines in told.items()]
    says = ["Each line has a clock for each rule, which counts from the day promised with the order."]
    heads = ["Line", "Rule", "Stands", "Counted from", "Open until", "No answer means", "Refund by"]
    return Section(
        "Rules that hold",
        says=says,
        tables=[
            Table(["Rule", "Title", "Source", "Digest of its text"], [0, 2, 2, 2], titles),
            Table(heads, [_wide(clocks), 0, 1, 0, 0, 0, 0], clocks),
        ],
    )


def _notices(found: Evidence, *, withheld: bool) -> Section:
    if not found.notices:
        return Section("Notices", says=["None was made."])
    return Section("Notices", letters=[_letter(found, one, withheld=withheld) for one in found.notices])


def _letter(found: Evidence, one: NoticeSent, *, withheld: bool) -> Letter:
    mine = [entry for entry in found.entries if entry.notice == one.notice]
    arrived = [f"delivered {moment(entry.at)}" for entry in mine if entry.kind == "delivered"]
    arrived += [f"came back {moment(entry.at)}" for entry in mine if entry.kind == "bounced"]
    person = found.addressee
    name = "nobody named" if person is None else person.customer
    to = "an address that is withheld" if withheld else one.sent_to or "an address that was not kept, or erased"
    facts = [("State", NOTICE_STATES[one.state])]
    if one.sent_at is not None:
        facts += [
            ("Sent", f"{moment(one.sent_at)}, {MEANS[one.means or 'email']}" + (f", by {one.by}" if one.by else "")),
            ("To", name + (f", {to}" if one.means == "email" else "")),
            ("Arrived", "; ".join(dict.fromkeys(arrived)) or "nothing was recorded"),
            *_asked(one, mine),
            ("Text", f"version {one.version}, {_holds(one)}"),
            ("Digest", one.digest or ""),
        ]
    else:
        facts.append(("Made", moment(one.made_at)))
    if one.reason is not None:
        facts.append(("Reason given", one.reason + (f", by {one.by}" if one.by else "")))
    broken = "This text does not have the digest that was kept when it went: it is not the one that was sent."
    alarm = broken if one.digest_matches is False else None
    return Letter(f"Notice {one.notice}: {KINDS[one.kind]}", facts, one.subject, one.text, alarm)


def _asked(one: NoticeSent, mine: Sequence[Entry]) -> list[tuple[str, str]]:
    """What answer was asked for, and what was answered on this text."""
    answers = dict.fromkeys(course.answer(entry) for entry in mine if entry.kind in course.ANSWERS)
    if one.answer_by is None and not answers:
        return [("Answer", "none was asked for")]
    asked = [("Answer awaited until", day(one.answer_by)), ("No answer means", silence(one.silence))]
    return [*(asked if one.answer_by is not None else ()), ("Answers", "\n".join(answers) or "none to this text")]


def _holds(one: NoticeSent) -> str:
    return "with the digest that was kept when it went" if one.digest_matches else "not the one that went"


def _refunds(found: Evidence) -> Section:
    if not found.refunds:
        return Section("Refunds", says=["None was due."])
    rows = [
        [
            str(one.refund),
            REFUND_CAUSES[one.cause],
            ", ".join(one.lines),
            money(one.amount, found.currency),
            day(one.vested_on),
            day(one.refund_by),
            "no" if one.ended_at is None else f"{money(one.refunded, found.currency)} on {moment(one.ended_at)}",
        ]
        for one in found.refunds
    ]
    heads = ["No.", "Because", "Lines", "Due", "Since", "By", "Made"]
    return Section("Refunds", tables=[Table(heads, [0, 1, 0, 0, 0, 0, 1], rows)])


_CHECKING = Section(
    "How to check this",
    says=[
        (
            "The digest of a notice is the SHA-256 of its subject, a line feed and its text, as UTF-8; it was kept "
            "when the notice went. The digest of a rule is the SHA-256 of its text, kept when its clock began."
        ),
        (
            "Promises, changes, cancellations and evidence are written once: the database refuses to change or delete "
            "an entry. Notes that people wrote in them are erased with a person's data, and then say so."
        ),
        (
            "The same order exported again, with nothing new on it, gives the same file. Its JSON has every value "
            "as it is kept."
        ),
    ],
)
