"""`backorder audit`: the end of the trail, to be kept elsewhere, and whether the trail still leads up to it."""

import re
import sys

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.main import cli, database_option


@cli.group()
def audit() -> None:
    """The audit trail: its end, to be kept elsewhere, and whether it is whole."""


@audit.command("head")
@database_option
def head(database: str) -> None:
    """Print the number and the hash of the last entry, as NUMBER:HASH."""
    from backorder.storage.audit import load_head

    with opened(database) as db, db.read() as tx:
        number, last = load_head(tx)
    click.echo(f"{number}:{last}")


@audit.command("verify")
@click.option("--head", "kept", metavar="NUMBER:HASH", help="What `audit head` printed once.")
@database_option
def verify(kept: str | None, database: str) -> None:
    """Walk the trail; exits 3 if something was taken out, changed or cut off.

    Who may do everything in the database can write a whole new trail. A head that is kept elsewhere shows that.
    """
    from backorder.storage.audit import broken, load_hash

    said = re.fullmatch(r"([0-9]{1,15}):([0-9a-f]{64})", kept or f"0:{'0' * 64}")
    if said is None:
        raise click.UsageError("--head takes what `audit head` printed: NUMBER:HASH")
    number = int(said[1])
    with opened(database) as db, db.read() as tx:
        found = list(broken(tx))
        if load_hash(tx, number) != said[2]:
            found.append(f"entry {number} is not the one whose hash was kept")
    for line in found:
        click.echo(line)
    if found:
        sys.exit(MISSING)
    click.echo(
        "The trail is whole." if kept is None else f"The trail is whole, and leads up to entry {number} as kept."
    )
