"""PostgreSQL's own programs, `pg_dump`, `pg_restore` and `psql`, as the backups use them."""

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

import psycopg
from sqlalchemy.engine import URL

from backorder.kernel.errors import StorageError, Unavailable
from backorder.storage.db import connect

_TRANSACTION_TIMEOUT = 17  # the first version of PostgreSQL that has this setting
_UNKNOWN = b"SET transaction_timeout = 0;\n"
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
    """Read such a file into an empty database, all or nothing. Raises StorageError that says what stood in the way.

    The programs may be newer than the server, as a managed one's often are; `pg_restore` alone would fail there, at a
    setting that an older server does not know. So it writes a script, which `psql` runs in one transaction.
    """
    older = _server(url) < _TRANSACTION_TIMEOUT
    reading = [_program("pg_restore", programs), *_PLAIN, "--file=-", str(source)]
    running = [_program("psql", programs), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    to, environment = _reached(url)
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=said) as script,  # noqa: S603  # found by name
        subprocess.Popen(  # noqa: S603  # found by name
            [*running, "--file=-", to], env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        ) as run,
    ):
        assert script.stdout is not None
        assert run.stdin is not None
        with suppress(BrokenPipeError):  # it stopped at an error, and says at which
            _pass_on(script.stdout, run.stdin, without=_UNKNOWN if older else None)
            if script.wait():
                run.kill()  # before it sees the end of the script, where it would commit
            run.stdin.close()
        script.stdout.close()
        if run.wait() or script.wait():
            said.seek(0)
            reason = said.read().decode(errors="replace").strip().splitlines() or ["it gave no reason"]
            raise StorageError(f"pg_restore failed: {reason[0]}")


def _pass_on(script: IO[bytes], to: IO[bytes], without: bytes | None) -> None:
    """Hand a script on, without a line of its head: what comes before it makes or fills something."""
    for line in script:
        if line != without:
            to.write(line)
        if line.startswith((b"CREATE", b"COPY")):
            break
    shutil.copyfileobj(script, to, 1 << 20)


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


def _reached(url: URL) -> tuple[str, dict[str, str]]:
    """How a program is told of a database: an option, and the environment, which has the password.

    Command lines are for everybody on the machine to read.
    """
    parts = _connection(url)
    password = parts.pop("password", None)
    environment = {**os.environ, "LC_ALL": "C"}
    if password is not None:
        environment["PGPASSWORD"] = password
    return f"--dbname={psycopg.conninfo.make_conninfo(**parts)}", environment


def _run(command: list[str], url: URL) -> None:
    to, environment = _reached(url)
    done = subprocess.run(  # noqa: S603  # a program found by name, and no shell
        [*command, to], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it gave no reason"]
        raise StorageError(f"{Path(command[0]).name} failed: {said[0]}")
