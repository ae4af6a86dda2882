"""`backorder person`: what is kept about somebody, erasing it, and whose data may go."""

import sys
from pathlib import Path

import click
import msgspec

from backorder import commands
from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.tables import table
from backorder.adapters.cli.who import who
from backorder.kernel.outcomes import Word
from backorder.queries import people
from backorder.storage.db import Database, open_database

STAYS = "Orders, promises and ledgers stay, as those of nobody: they are evidence, and the sums must hold."


def export(customer: str, out: str | None, place: str) -> None:
    """Print, or write, everything that is kept about a customer; exits 3 if there is no such customer."""
    db = open_database(place)
    try:
        found = people.everything(db, customer)
    finally:
        db.close()
    if found is None:
        click.echo(f"There is no customer {customer}.", err=True)
        sys.exit(MISSING)
    text = msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
    if out is None:
        click.echo(text)
    else:
        Path(out).write_text(text + "\n", encoding="utf-8")
        click.echo(f"{out}: {sum(map(len, found.values()))} rows")


def due(now: int, place: str) -> list[str]:
    """Print whose data may go by now; their ids."""
    db = open_database(place)
    try:
        found = people.due(db, now)
    finally:
        db.close()
    if found is None:
        click.echo("The shop keeps personal data: say for how long with put_shop keep_people_days.")
        return []
    table(("customer", "days since the last order"), [(who, f"{days:,}") for who, days in found])
    if not found:
        click.echo("Nobody's data are due.")
    return [who for who, _ in found]


def known(file: Path, place: str) -> list[str]:
    """The customers of a file, one id a line, who are there; the others are told."""
    names = dict.fromkeys(filter(None, map(str.strip, file.read_text(encoding="utf-8").splitlines())))
    db = open_database(place)
    try:
        there = {name for name in names if people.everything(db, name) is not None}
    finally:
        db.close()
    for name in names:
        if name not in there:
            click.echo(f"{name}: there is no such customer.")
    return [name for name in names if name in there]


def erase(customers: list[str], reason: str | None, now: int, place: str, *, ask: bool) -> None:
    """Erase persons after asking; exits 3 if one could not be."""
    if not customers:
        return
    click.echo(STAYS)
    if ask:
        click.confirm(f"Erase the personal data of {', '.join(customers)}? It cannot be undone.", abort=True)
    db = open_database(place)
    try:
        refused = sum(not _erased(db, customer, reason, now) for customer in customers)
        db.compact()
    finally:
        db.close()
    if refused:
        sys.exit(MISSING)


def _erased(db: Database, customer: str, reason: str | None, now: int) -> bool:
    command = commands.decode({"do": "erase_person", "customer": customer, "reason": reason})
    assert isinstance(command, commands.Command), command
    outcome = commands.run(db, now, [command], who())[0]
    if outcome.outcome is Word.CHANGED:
        click.echo(f"Erased: {outcome.subject} stands in their place.")
        return True
    click.echo(f"{customer}: {outcome.message}", err=True)
    return False
