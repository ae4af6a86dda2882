"""Accounts and tokens from the command line: whoever can reach the database may."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import click

from backorder.adapters.cli.main import Clock, cli, database_option
from backorder.adapters.cli.who import who
from backorder.kernel.access import PERMISSIONS, ROLES
from backorder.kernel.composing import composed
from backorder.settings import PASSWORDS_REFUSED, words

if TYPE_CHECKING:
    from backorder.storage.db import Database  # loaded when a command runs


@contextmanager
def opened(database: str) -> "Iterator[Database]":
    """The database, closed afterwards."""
    from backorder.storage.db import open_database

    db = open_database(database)
    try:
        yield db
    finally:
        db.close()


def _composed(_ctx: click.Context, _parameter: click.Parameter, said: str | None) -> str | None:
    """A name as the database has it, however the terminal writes its letters."""
    return None if said is None else composed(said)


@cli.group()
def account() -> None:
    """People and programs that may use the service."""


@account.command("put")
@click.argument("name", callback=_composed)
@click.option("--role", required=True, type=click.Choice(list(ROLES)), help="What it may do.")
@click.option("--program", is_flag=True, help="A program, which shows tokens; else a person, who signs in.")
@click.option("--password", is_flag=True, help="Ask for a password, or read it from standard input.")
@click.option("--customer", callback=_composed, help="It sees and touches the orders of this customer and no others.")
@click.option("--enable", is_flag=True, help="Let it in again after it was disabled; it needs new tokens.")
@database_option
@click.pass_obj
def put(
    clock: Clock,
    /,
    name: str,
    role: str,
    program: bool,
    password: bool,
    customer: str | None,
    enable: bool,
    database: str,
) -> None:
    """Make the account NAME, or give it another role or password."""
    from backorder.adapters import leaked
    from backorder.commands import accounts

    refused = words(PASSWORDS_REFUSED)
    secret = None
    if password:
        asked = sys.stdin.isatty()
        secret = click.prompt("Password", hide_input=True, confirmation_prompt=True) if asked else sys.stdin.readline()
    kind = "program" if program else "person"
    with opened(database) as db:
        secret = secret and secret.rstrip("\n")
        accounts.put_account(
            db,
            clock(),
            name,
            kind=kind,
            role=role,
            password=secret,
            customer=customer,
            enable=enable,
            leaked=partial(leaked.has, refused) if refused else lambda _: False,
            by=who(),
        )
    bound = f", bound to the customer {customer}" if customer else ""
    click.echo(f"{name} is a {kind} with the role {role}{bound}.")


@account.command("disable")
@click.argument("name", callback=_composed)
@database_option
@click.pass_obj
def disable(clock: Clock, /, name: str, database: str) -> None:
    """Let NAME do nothing any more: sessions end, tokens are revoked."""
    from backorder.commands import accounts

    with opened(database) as db:
        accounts.disable_account(db, clock(), name, by=who())
    click.echo(f"{name} is disabled.")


@account.command("list")
@database_option
def accounts_(database: str) -> None:
    """List accounts, with their tokens."""
    from backorder.kernel.calendars import moment_datetime
    from backorder.storage import accounts

    with opened(database) as db, db.read() as tx:
        known, tokens = accounts.load_accounts(tx), accounts.load_tokens(tx)
    for one in known:
        bound = f"  for {one.customer}" if one.customer else ""
        click.echo(f"{one.account}  {one.kind}  {one.role}{bound}{'  disabled' if one.disabled_at else ''}")
        for token in tokens:
            if token.account == one.account:
                used = (
                    "never used" if token.used_at is None else f"used {moment_datetime(token.used_at):%Y-%m-%d %H:%M}"
                )
                gone = "  revoked" if token.revoked_at else ""
                click.echo(f"  bo_{token.token}_...  {token.purpose or ''}  {used}{gone}")


@cli.group()
def token() -> None:
    """Keys that programs show to come in."""


@token.command("issue")
@click.argument("account", callback=_composed)
@click.option("--scope", "scopes", multiple=True, type=click.Choice(list(PERMISSIONS)), help="Narrow it to this.")
@click.option("--days", type=click.IntRange(1, 3_650), help="It ends after so many days.")
@click.option("--purpose", help="What it is for.")
@database_option
@click.pass_obj
def issue(
    clock: Clock, /, account: str, scopes: tuple[str, ...], days: int | None, purpose: str | None, database: str
) -> None:
    """Print a new token for ACCOUNT. It is shown this once."""
    from backorder.commands import accounts

    with opened(database) as db:
        click.echo(
            accounts.issue_token(db, clock(), account, by=who(), scopes=scopes or None, days=days, purpose=purpose)
        )


@token.command("revoke")
@click.argument("token")
@database_option
@click.pass_obj
def revoke(clock: Clock, /, token: str, database: str) -> None:
    """Refuse TOKEN from now on; its first two parts are enough."""
    from backorder.commands import accounts

    public = token.removeprefix("bo_").partition("_")[0]
    with opened(database) as db:
        accounts.revoke_token(db, clock(), public, by=who())
    click.echo(f"bo_{public}_... is refused from now on; a running service forgets it within a second.")
