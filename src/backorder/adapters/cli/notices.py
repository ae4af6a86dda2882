"""`backorder notices`: what waits for people of what customers are owed, and an order's notices with their texts."""

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.main import cli, database_option, json_option
from backorder.adapters.cli.outbox import print_rows


@cli.group()
def notices() -> None:
    """What customers are owed: notices and refunds that wait for somebody, and what was told."""


@notices.command("queue")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@database_option
def queue(limit: int, as_json: bool, database: str) -> None:
    """List notices and refunds by deadline; refunds that are overdue lead."""
    from backorder.queries import notices as queries

    with opened(database) as db:
        print_rows(queries.queue(db, limit), as_json, "Nothing waits.")


@notices.command("show")
@click.argument("order")
@json_option
@database_option
def show(order: str, as_json: bool, database: str) -> None:
    """Show the notices of ORDER as they were sent."""
    import msgspec

    from backorder.queries import notices as queries

    with opened(database) as db:
        found = queries.of_order(db, order)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    if not found:
        click.echo("No notices.")
    for notice in found:
        when = "" if notice.sent_at is None else f", sent {notice.sent_at:%Y-%m-%d %H:%M} UTC by {notice.means}"
        answer = "" if notice.answer_by is None else f", to be answered by {notice.answer_by}"
        click.echo(f"Notice {notice.notice}: {notice.kind}, {notice.state}{when}{answer}")
        if notice.text is not None:
            click.echo(f"\n  Subject: {notice.subject}\n")
            click.echo("".join(f"  {line}\n" if line else "\n" for line in notice.text.splitlines()))
