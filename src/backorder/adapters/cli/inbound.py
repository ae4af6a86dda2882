"""`backorder inbound`: shops that send of themselves, their secrets, and what came of what they sent."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.main import Clock, cli, database_option, json_option
from backorder.adapters.cli.who import who

_FORMS = ["standard", "shopify", "woocommerce"]  # kernel/inbound/forms.py, which is loaded when a command runs


@cli.group()
def inbound() -> None:
    """Shops that send orders of themselves, signed, to /v1/inbound/NAME."""


@inbound.command("put")
@click.argument("name")
@click.argument("form", type=click.Choice(_FORMS))
@click.option("--account", required=True, help="The account of a program, as which it acts.")
@click.option("--secret", is_flag=True, help="Ask for the secret that the shop gives, or read it from standard input.")
@database_option
@click.pass_obj
def put(clock: Clock, /, name: str, form: str, account: str, secret: bool, database: str) -> None:
    """Let the shop NAME send, signed in a FORM; or give it another account or secret.

    Without --secret one is drawn for a new shop and printed, this once; Shopify gives its own.
    """
    import re

    from backorder.commands import inbound as sources
    from backorder.kernel.inbound.forms import FORMS
    from backorder.kernel.webhooks import NAME
    from backorder.queries.inbound import source

    if re.fullmatch(NAME.removeprefix("^"), name) is None:
        raise click.UsageError("a name has letters, digits, dots, dashes and underscores")
    said = None
    if secret:
        asked = sys.stdin.isatty()
        said = (click.prompt("Secret", hide_input=True) if asked else sys.stdin.readline()).strip()
    with opened(database) as db, _refused():
        sources.put_source(db, clock(), name, form=form, account=account, secret=said, by=who())
        click.echo(f"{name} may send as {account}.")
        found = source(db, name)
        assert found is not None
        if not found.has_secret and FORMS[form].draws:
            click.echo(sources.rotate_source(db, clock(), name, by=who()))


@inbound.command("rotate")
@click.argument("name")
@database_option
@click.pass_obj
def rotate(clock: Clock, /, name: str, database: str) -> None:
    """Print a new secret for NAME, this once. The one before proves for a day more."""
    from backorder.commands import inbound as sources

    with opened(database) as db, _refused():
        click.echo(sources.rotate_source(db, clock(), name, by=who()))


@inbound.command("delete")
@click.argument("name")
@database_option
@click.pass_obj
def delete(clock: Clock, /, name: str, database: str) -> None:
    """Take nothing from NAME any more."""
    from backorder.commands import inbound as sources

    with opened(database) as db, _refused():
        sources.delete_source(db, clock(), name, by=who())
    click.echo(f"{name} may not send any more.")


@inbound.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@database_option
def list_(limit: int, as_json: bool, database: str) -> None:
    """List the shops that may send, by name."""
    import msgspec

    from backorder.adapters.cli.tables import table
    from backorder.queries.inbound import list_sources

    with opened(database) as db:
        found = list_sources(db, limit=limit)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    elif not found:
        click.echo("No shop sends of itself.")
    else:
        rows = [(one.source, one.form, one.account, "yes" if one.has_secret else "no") for one in found]
        table(("source", "form", "account", "secret"), rows, whole=("source",))


@inbound.command("show")
@click.argument("name")
@json_option
@database_option
def show(name: str, as_json: bool, database: str) -> None:
    """Show the shop NAME with what came of its last deliveries.

    refused: somebody has to see to it, and let the shop send it again. ignored: nothing that is taken from it.
    """
    import msgspec

    from backorder.adapters.cli.tables import facts, table
    from backorder.queries.inbound import source

    with opened(database) as db:
        found = source(db, name)
    if found is None:
        click.echo(f"There is no source {name}.", err=True)
        sys.exit(MISSING)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    facts(found.source, {"form": found.form, "account": found.account, "secret": "yes" if found.has_secret else "no"})
    if not found.deliveries:
        click.echo("Nothing came from it yet.")
        return
    rows = [
        (f"{one.at:%Y-%m-%d %H:%M}", one.topic, one.state, one.order or "-", one.message or "-")
        for one in found.deliveries
    ]
    table(("at (UTC)", "topic", "state", "order", "why"), rows, whole=("at (UTC)", "state"))


@contextmanager
def _refused() -> Iterator[None]:
    """Say what cannot be done as the command line says it."""
    from backorder.commands.inbound import Missing, Refused

    try:
        yield
    except Missing as error:
        click.echo(f"{error}", err=True)
        sys.exit(MISSING)
    except Refused as error:
        raise click.UsageError(f"{error.field}: {error}") from error
