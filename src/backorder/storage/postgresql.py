"""PostgreSQL's own programs, `pg_dump` and `pg_restore`, as the backups use them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL

from backorder.kernel.errors import StorageError, Unavailable
from backorder.storage.db import connect

_PLAIN = ("--no-owner", "--no-privileges", "--no-comments")  # who owns it there and may do what, is said there


def dump(url: URL, target: Path, programs: str | None) -> None:
    """Write a database to a file, all of it from one state. Raises StorageError that says what stood in the way."""
    program = _program("pg_dump", programs)
    ours, theirs = _major(program), _server(url)
    if ours < theirs:
        raise StorageError(
            f"{program} is of PostgreSQL {ours}, the server of {theirs}: install its client programs "
            f"(Debian: postgresql-client-{theirs}), or name the folder that has them in BACKORDER_PG_PROGRAMS"
        )
    _run([program, "--format=custom", *_PLAIN, f"--file={target}"], url)


def restore(url: URL, source: Path, programs: str | None) -> None:
    """Read such a file into an empty database, all or nothing. Raises StorageError that says what stood in the way."""
    program = _program("pg_restore", programs)
    _run([program, *_PLAIN, "--exit-on-error", "--single-transaction", str(source)], url)


def _program(name: str, folder: str | None) -> str:
    found = shutil.which(name, path=folder)
    if found is None:
        where = f"in {folder} (BACKORDER_PG_PROGRAMS)" if folder else "on PATH"
        raise StorageError(
            f"there is no {name} {where}: install PostgreSQL's client programs (Debian: postgresql-client), or name "
            "their folder in BACKORDER_PG_PROGRAMS"
        )
    return found


def _major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603  # found by name
    number = re.search(r"\) (\d+)", said)
    if number is None:
        raise StorageError(f"{program} does not say its version")
    return int(number[1])


def _connection(url: URL) -> dict[str, str]:
    """What the driver would be given to connect, as text."""
    engine = connect(url.render_as_string(hide_password=False))
    parts = engine.dialect.create_connect_args(url)[1]
    return {name: str(value) for name, value in parts.items() if name != "context"}


def _server(url: URL) -> int:
    try:
        with psycopg.connect(**_connection(url)) as connection:  # type: ignore[arg-type]  # all of it is libpq's
            return connection.info.server_version // 10_000
    except psycopg.Error as error:
        raise Unavailable(f"the database is away: {str(error).strip().splitlines()[0]}") from error


def _run(command: list[str], url: URL) -> None:
    """Run a program against a database. Its password is in the environment: command lines are for all to read."""
    parts = _connection(url)
    password = parts.pop("password", None)
    environment = {**os.environ, "LC_ALL": "C"}
    if password is not None:
        environment["PGPASSWORD"] = password
    to = f"--dbname={psycopg.conninfo.make_conninfo(**parts)}"
    done = subprocess.run(  # noqa: S603  # a program found by name, and no shell
        [*command, to], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it gave no reason"]
        raise StorageError(f"{Path(command[0]).name} failed: {said[0]}")
