"""`backorder webhook`: endpoints that events are sent to, their secrets, and how they fare."""

import sys
from typing import Any

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.give import give, tell
from backorder.adapters.cli.main import Clock, cli, database_option, json_option
from backorder.adapters.cli.who import who


@cli.group()
def webhook() -> None:
    """Endpoints that events are sent to: put, switched off and on, tried, sent to again."""


@webhook.command("put")
@click.argument("name")
@click.argument("url", required=False)
@click.option("--events", multiple=True, metavar="KIND", help="Only these kinds; order_* for those that begin so.")
@database_option
@click.pass_obj
def put(clock: Clock, /, name: str, url: str | None, events: tuple[str, ...], database: str) -> None:
    """Put the endpoint NAME at URL, or change it.

    It is told of all kinds of events where none are named. The secret of a new one is printed, this once.
    """
    from backorder.kernel.outcomes import Word

    said: dict[str, Any] = {"do": "put_webhook", "webhook": name}
    said |= {"url": url} if url else {}
    outcome = give(clock, database, said | ({"events": list(events)} if events else {}))
    tell(outcome, f"{name} is put.")
    if outcome.outcome is Word.ACCEPTED:
        _rotate(clock, name, database)


@webhook.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@database_option
@click.pass_obj
def list_(clock: Clock, /, limit: int, as_json: bool, database: str) -> None:
    """List endpoints by name, and how they fare."""
    import msgspec

    from backorder.adapters.cli.tables import table
    from backorder.queries.webhooks import list_webhooks

    with opened(database) as db:
        found = list_webhooks(db, clock(), limit=limit)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    elif not found:
        click.echo("No webhooks.")
    else:
        names = ("webhook", "state", "waiting", "dead", "events", "url")
        rows = [(w.webhook, w.state, w.waiting, w.dead, ", ".join(w.events), w.url) for w in found]
        table(names, rows, numbers=("waiting", "dead"), whole=("webhook", "state"))


@webhook.command("show")
@click.argument("name")
@json_option
@database_option
@click.pass_obj
def show(clock: Clock, /, name: str, as_json: bool, database: str) -> None:
    """Show the endpoint NAME with the last attempts to reach it."""
    import msgspec

    from backorder.adapters.cli.outbox import print_rows
    from backorder.adapters.cli.tables import facts
    from backorder.queries import webhooks

    with opened(database) as db:
        found = webhooks.webhook(db, name, clock())
    if found is None:
        click.echo(f"There is no webhook {name}.", err=True)
        sys.exit(MISSING)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    said = {"url": found.url, "events": ", ".join(found.events), "state": found.state}
    said |= {"disabled": found.disabled_why} if found.disabled_why else {}
    for fact in ("failing_since", "old_secret_until"):
        moment = getattr(found, fact)
        said |= {fact.replace("_", " "): f"{moment:%Y-%m-%d %H:%M:%S}"} if moment else {}
    facts(found.webhook, said | {"waiting": str(found.waiting), "dead": str(found.dead)})
    print_rows(found.attempts, as_json=False, none="Nothing was sent to it yet.")


@webhook.command("rotate")
@click.argument("name")
@database_option
@click.pass_obj
def rotate(clock: Clock, /, name: str, database: str) -> None:
    """Print a new secret for NAME, this once. The one before signs beside it for a day."""
    _rotate(clock, name, database)


def _rotate(clock: Clock, name: str, database: str) -> None:
    from backorder.commands import webhooks

    with opened(database) as db:
        try:
            click.echo(webhooks.rotate_secret(db, clock(), name, by=who()))
        except webhooks.Missing as error:
            click.echo(f"{error}", err=True)
            sys.exit(MISSING)


@webhook.command("enable")
@click.argument("name")
@database_option
@click.pass_obj
def enable(clock: Clock, /, name: str, database: str) -> None:
    """Send to NAME again, first of all what happened meanwhile."""
    tell(give(clock, database, {"do": "enable_webhook", "webhook": name}), "Done.")


@webhook.command("disable")
@click.argument("name")
@click.option("--reason", help="Why.")
@database_option
@click.pass_obj
def disable(clock: Clock, /, name: str, reason: str | None, database: str) -> None:
    """Send nothing to NAME. What is for it waits."""
    give(clock, database, {"do": "disable_webhook", "webhook": name, "reason": reason})
    click.echo(f"{name} is disabled.")


@webhook.command("replay")
@click.argument("name")
@click.argument("event", type=click.IntRange(min=1))
@click.argument("until", type=click.IntRange(min=1), required=False)
@database_option
@click.pass_obj
def replay(clock: Clock, /, name: str, event: int, until: int | None, database: str) -> None:
    """Send to NAME again what it was told of EVENT, or of all from EVENT to UNTIL, by their numbers."""
    outcome = give(clock, database, {"do": "replay_webhook", "webhook": name, "event": event, "until": until})
    tell(outcome, f"{outcome.quantity} go again.")


@webhook.command("test")
@click.argument("name")
@database_option
@click.pass_obj
def test(clock: Clock, /, name: str, database: str) -> None:
    """Let the worker send a message of the kind webhook_tested to NAME; `webhook show` tells what came of it."""
    tell(give(clock, database, {"do": "test_webhook", "webhook": name}), "The worker sends it within a second.")
