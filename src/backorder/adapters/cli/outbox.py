"""`backorder outbox` and `backorder timers`: what waits, what was given up, and what a person decides on it."""

from typing import Any

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.give import give, tell
from backorder.adapters.cli.main import Clock, cli, database_option, json_option


@cli.group()
def outbox() -> None:
    """Messages to be sent: what waits, what was given up, and what becomes of it."""


@outbox.command("list")
@click.option(
    "--state", type=click.Choice(["waiting", "sent", "dead", "discarded"]), help="Only these; dead: given up."
)
@click.option("--sender", help="Only those of this sender.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@database_option
def list_(state: Any, sender: str | None, limit: int, as_json: bool, database: str) -> None:
    """List messages by the number of their event."""
    from backorder.queries.outbox import list_messages

    with opened(database) as db:
        print_rows(list_messages(db, state=state, sender=sender, limit=limit), as_json, "No messages.")


@outbox.command("retry")
@click.argument("sender")
@click.argument("event", type=click.IntRange(min=1))
@database_option
@click.pass_obj
def retry(clock: Clock, sender: str, event: int, database: str) -> None:
    """Send the message of EVENT by SENDER after all, which was given up."""
    tell(give(clock, database, {"do": "retry_message", "sender": sender, "event": event}), "Done.")


@outbox.command("discard")
@click.argument("sender")
@click.argument("event", type=click.IntRange(min=1))
@click.option("--reason", help="Why.")
@database_option
@click.pass_obj
def discard(clock: Clock, sender: str, event: int, reason: str | None, database: str) -> None:
    """Never send the message of EVENT by SENDER."""
    tell(give(clock, database, {"do": "discard_message", "sender": sender, "event": event, "reason": reason}), "Done.")


@cli.group()
def timers() -> None:
    """What is due when, what was given up, and trying it again."""


@timers.command("list")
@click.option("--dead", is_flag=True, help="Only what was given up.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@database_option
def list_timers(dead: bool, limit: int, as_json: bool, database: str) -> None:
    """List timers by kind and subject."""
    from backorder.queries import outbox as queries

    with opened(database) as db:
        print_rows(queries.list_timers(db, dead=dead, limit=limit), as_json, "No timers.")


@timers.command("retry")
@click.argument("kind")
@click.argument("subject")
@database_option
@click.pass_obj
def retry_timer(clock: Clock, kind: str, subject: str, database: str) -> None:
    """Try again now what the timer of KIND for SUBJECT stands for, which was given up."""
    tell(give(clock, database, {"do": "retry_timer", "kind": kind, "subject": subject}), "Done.")


def print_rows(rows: list[Any], as_json: bool, none: str) -> None:
    """Print views as a table of the fields that any of them has, or as JSON."""
    import msgspec

    from backorder.adapters.cli.tables import table

    if as_json:
        click.echo(msgspec.json.encode(rows).decode())
    elif not rows:
        click.echo(none)
    else:
        shown = [name for name in rows[0].__struct_fields__ if any(getattr(row, name) is not None for row in rows)]
        table(shown, [[_plain(getattr(row, name)) for name in shown] for row in rows])


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value.strftime("%Y-%m-%d %H:%M:%S") if hasattr(value, "strftime") else str(value)
