"""`backorder backup` and `backorder restore`: a whole database as one file, back again, and verified."""

import sys
from pathlib import Path

import click

from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.main import Clock, cli, database_option
from backorder.settings import PG_PROGRAMS, given


@cli.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@database_option
@click.pass_obj
def backup(clock: Clock, file: str, force: bool, database: str) -> None:
    """Write the whole database to FILE, as it is at one moment, while it is in use.

    FILE appears once all of it is on the disk; beside it FILE.sha256. It holds everything, people and digests of
    passwords too: keep it as you keep the database. PostgreSQL needs its program pg_dump.
    """
    from backorder.storage.backup import back_up
    from backorder.storage.db import shown

    began = clock()
    made = back_up(database, Path(file), given(PG_PROGRAMS), force=force)
    took = _seconds(clock() - began)
    click.echo(f"{file}: {made.size:,} bytes, the database at {shown(database)}, version {made.version}, in {took}.")


@cli.command()
@click.argument("source", type=click.Path(exists=True))
@click.option("--into", metavar="PLACE", help="Where to restore a backup: a new file, or an empty PostgreSQL database.")
@click.option("--verify", is_flag=True, help="Verify every invariant; without --into, in a place that is gone then.")
@database_option
@click.pass_obj
def restore(clock: Clock, source: str, into: str | None, verify: bool, database: str) -> None:
    """Bring SOURCE back: a file that `backup` wrote, or a folder that `export --folder` wrote.

    A backup goes into a new place, never over a database: name it with --into. With --verify every invariant is
    verified there; exits 3 if one does not hold. `restore FILE --verify` alone tries a backup and leaves nothing
    behind; one of PostgreSQL is tried in a database made for it on the server that --database names.

    A folder is read into an empty database, which `backorder init` made, all of it or nothing, and always verified.
    """
    from backorder.adapters.cli import restore as words

    if Path(source).is_dir():
        words.restore(source, clock(), into or database)
        return
    if into is None and not verify:
        raise click.UsageError("say where to restore it, with --into PLACE, or only --verify it")
    programs = given(PG_PROGRAMS)
    if into is not None:
        sound = words.bring_back(Path(source), into, clock, programs, verify=verify)
    else:
        sound = words.rehearse(Path(source), database, clock, programs)
    if not sound:
        sys.exit(MISSING)


def _seconds(microseconds: int) -> str:
    return f"{microseconds / 1_000_000:.1f} s"
