"""`backorder notices`: what waits for people of what customers are owed, and what they do about it."""

import shlex
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.exits import AGAIN, NO_REPORT
from backorder.adapters.cli.give import by_option, give, tell
from backorder.adapters.cli.main import Clock, as_of_option, cli, database_option, json_option

if TYPE_CHECKING:
    from backorder.kernel.outcomes import Outcome  # loaded when a command runs

_MEANS = ["email", "phone", "letter", "chat", "in_person"]
_NUMBER = click.IntRange(1, 10**6)


@cli.group()
def notices() -> None:
    """What customers are owed: notices and refunds that wait for somebody, and what was told and answered."""


@notices.command("queue")
@click.option("--what", type=click.Choice(["notice", "refund"]), help="Only these.")
@click.option("--state", type=click.Choice(["due", "asking", "bounced", "overdue"]), help="Only what stands so.")
@click.option("--trouble", is_flag=True, help="Only notices that do not go by themselves, or came back.")
@click.option("--order", help="Only of this order.")
@click.option("--after", nargs=4, metavar="DEADLINE WHAT ORDER NUMBER", help="What comes behind this: the next page.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_of_option
@json_option
@database_option
def queue(
    now: int, limit: int, after: tuple[str, ...] | None, as_json: bool, database: str, order: str | None, **asked: Any
) -> None:
    """List what waits for people, by deadline.

    Refunds that are overdue lead, what has no deadline comes last. A notice that is due has to go by its deadline, one
    that asks is answered by then, a refund is paid by then. The money of a notice is what the units cost that have not
    shipped; `-` where a price is not known.
    """
    from backorder.adapters.cli import owed
    from backorder.kernel.composing import composed

    asked["order"] = None if order is None else composed(order)
    place = _place(after)
    with opened(database) as db:
        owed.queue(db, now, limit, place, asked, as_json=as_json)


def _place(said: tuple[str, ...] | None) -> Any:
    """The place in the queue that `--after` names."""
    from backorder.kernel.calendars import moment_number
    from backorder.kernel.composing import composed
    from backorder.queries.notices import Place

    if said is None:
        return None
    deadline, what, order, number = said
    meant = what in {"notice", "refund"} and number.isascii() and number.isdecimal() and len(number) < 8
    moment = None
    try:
        moment = None if deadline == "-" else datetime.fromisoformat(deadline)
    except ValueError:
        meant = False
    if not meant or (moment is not None and moment.tzinfo is None):
        raise click.UsageError("--after takes what was printed under the page before")
    return Place(None if moment is None else moment_number(moment), composed(order), what, int(number))  # type: ignore[arg-type]  # one of the two


@notices.command("show")
@click.argument("order")
@click.argument("number", type=_NUMBER, required=False)
@json_option
@database_option
def show(order: str, number: int | None, as_json: bool, database: str) -> None:
    """Show the notices of ORDER, or one by its NUMBER."""
    from backorder.adapters.cli import owed

    with opened(database) as db:
        owed.show(db, order, number, as_json=as_json)


@notices.command("preview")
@click.argument("kinds", nargs=-1, metavar="[KIND]...")
@click.option("--order", help="With the data of this order; else with made up ones.")
@click.option("--language", "languages", multiple=True, metavar="CODE", help="In this language; may be repeated.")
@click.option("--opening", help="Words of yours to try after the greeting; nothing is kept.")
@click.option("--closing", help="Words of yours to try at the end; nothing is kept.")
@click.option("--html", is_flag=True, help="As a page, not as text.")
@as_of_option
@json_option
@database_option
def preview(
    kinds: tuple[str, ...],
    order: str | None,
    languages: tuple[str, ...],
    opening: str | None,
    closing: str | None,
    html: bool,
    now: int,
    as_json: bool,
    database: str,
) -> None:
    """Show messages as customers would get them: all kinds in all languages, or those that are named.

    Nothing is sent or written. Dates of notices of a delay are made up, from the days that the order was promised.
    """
    from backorder.adapters.cli import owed
    from backorder.kernel.composing import composed

    name = None if order is None else composed(order)
    with opened(database) as db:
        owed.preview(db, now, name, kinds, languages, (opening, closing), html=html, as_json=as_json)


@notices.command("send")
@click.argument("order")
@click.option("--notice", type=_NUMBER, help="This one, by its number; else the one that is due.")
@click.option(
    "--means", type=click.Choice(_MEANS), default="email", show_default=True, help="How the customer is told."
)
@click.option("--reason", help="Why now.")
@by_option
@database_option
@click.pass_obj
def send(
    clock: Clock, /, order: str, notice: int | None, means: str, reason: str | None, by: str, database: str
) -> None:
    """Send the notice of ORDER that is due, now.

    With other --means than email it takes down that you told the customer yourself.
    """
    said = {"order": order, "notice": notice, "means": means, "reason": reason, "by": by}
    outcome = give(clock, database, {"do": "send_notice", **said})
    tell(outcome, f"Notice {outcome.quantity} of order {outcome.subject} is sent, by {means.replace('_', ' ')}.")


@notices.command("suppress")
@click.argument("order")
@click.option("--notice", type=_NUMBER, help="This one, by its number; else the one that is due.")
@click.option("--reason", required=True, help="Why.")
@by_option
@database_option
@click.pass_obj
def suppress(clock: Clock, /, order: str, notice: int | None, reason: str, by: str, database: str) -> None:
    """Let the notice of ORDER that is due not go.

    The law's clock runs on: what had to be told and was not has its effect.
    """
    said = {"order": order, "notice": notice, "reason": reason, "by": by}
    outcome = give(clock, database, {"do": "suppress_notice", **said})
    tell(outcome, f"Notice {outcome.quantity} of order {outcome.subject} is not sent.")


@notices.command("record")
@click.argument("order")
@click.argument("number", type=_NUMBER)
@click.argument("became", type=click.Choice(["delivered", "bounced"]))
@click.option("--reason", help="What was said of it.")
@by_option
@database_option
@click.pass_obj
def record(clock: Clock, /, order: str, number: int, became: str, reason: str | None, by: str, database: str) -> None:
    """Record how notice NUMBER of ORDER arrived.

    Who was not reached was not told. One that bounced is delivered once you reached the customer by other means.
    """
    said = {"order": order, "notice": number, "became": became, "reason": reason, "by": by}
    outcome = give(clock, database, {"do": "record_notice", **said})
    what = "was delivered" if became == "delivered" else "came back: nobody was told"
    tell(outcome, f"Notice {number} of order {outcome.subject} {what}.")


@notices.command("returned")
@click.argument("file", type=click.File("rb"), default="-")
@database_option
@click.pass_obj
def returned(clock: Clock, /, file: BinaryIO, database: str) -> None:
    """Record what a mail says that came back: FILE, or what stands in the input.

    A mail server's report that a notice did not arrive (RFC 3464) is recorded: nobody was told by it. Ends with 65
    where the mail is no such report, and with 75 where it could not be recorded now: mail servers try again then.
    """
    from backorder.adapters.mail.returned import MAIL_MAX
    from backorder.adapters.mail.returned import returned as read
    from backorder.kernel.errors import StorageError

    mail = file.read(MAIL_MAX)
    try:
        with opened(database) as db:
            found = read(db, clock(), mail)
    except StorageError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(AGAIN)
    if found.notice is None:
        click.echo(f"Nothing is recorded of this mail: {found.why}.", err=True)
        sys.exit(NO_REPORT)
    order, number = found.notice
    click.echo(f"Notice {number} of order {order} came back, {found.why}: nobody was told.")


@notices.command("answer")
@click.argument("order")
@click.argument("answer", type=click.Choice(["wait", "cancel", "substitute", "ship-available", "call"]))
@click.option("--by", required=True, help="Who answered.")
@click.option(
    "--means",
    type=click.Choice(["link", "email", "phone", "letter", "chat", "in_person"]),
    default="phone",
    show_default=True,
    help="How they answered.",
)
@click.option("--notice", type=_NUMBER, help="The notice that they answer.")
@click.option("--line", "lines", multiple=True, help="Only for this line; may be given again.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="wait, call: the day that they agree to, or set."
)
@click.option("--sku", help="substitute: the item that they take instead.")
@click.option("--new-line", help="substitute: the id of its line; made from both if left out.")
@click.option("--quantity", type=click.IntRange(1, 10**9), help="substitute: how many; else as many as are open.")
@click.option("--unit-price", metavar="AMOUNT", help="substitute: its price; else that of the line.")
@click.option("--consent", is_flag=True, help="substitute: they expressly agreed to it.")
@click.option("--note", help="What was said, in words.")
@database_option
@click.pass_obj
def answer(clock: Clock, /, order: str, database: str, lines: tuple[str, ...], until: Any, **said: Any) -> None:
    """Take down what the customer of ORDER answers.

    It has its effect at once. wait: they agree to the day they were told, or to another, --until; if it is later than
    the promise, it is promised then. cancel: what has not left is cancelled, and its money goes back. substitute:
    another item takes the place of one --line. ship-available: what is ready leaves by itself. call: they set a last
    day, --until, where the law lets them.
    """
    kind = said["answer"] = said["answer"].replace("-", "_")
    day = None if until is None else until.date().isoformat()
    command = {"do": "answer_notice", "order": order, "lines": list(lines), "until": day, **said}
    outcome = give(clock, database, command)
    tell(outcome, _answered(outcome, kind, day))


def _answered(outcome: "Outcome", kind: str, day: str | None) -> str:
    """What the answer did, in words."""
    order = outcome.subject
    if kind == "substitute":
        placed = [
            f"Line {line.line}: {line.quantity} of {line.sku}, promised for {line.promise}." for line in outcome.lines
        ]
        return "\n".join(placed)
    return {
        "wait": f"Order {order} waits until {day}, as the customer agreed."
        if day
        else f"Order {order} waits until the day that its customer was told, as they agreed.",
        "cancel": f"{outcome.quantity} units of order {order} are cancelled. What was paid for them goes back:\n"
        f"  backorder refunds list {shlex.quote(order or '')}",
        "ship_available": f"What is ready of order {order} leaves by itself: {outcome.quantity or 0} units.",
        "call": f"The last day of order {order} is {day}, as the customer set it.",
    }[kind]
