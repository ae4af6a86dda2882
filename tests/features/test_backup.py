"""A backup taken under load is whole; what is damaged, wrong or not new is refused, and nothing is left behind."""

import os
import random
import re
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from load import wait_for
from servers import client_programs
from shop import NOW, announce, order, shop
from sqlalchemy import make_url, select, text
from state import apply, state

from backorder.adapters.cli import cli
from backorder.kernel.calendars import moment_number
from backorder.kernel.errors import StorageError
from backorder.queries.outbox import list_events
from backorder.storage.db import VERSION, Database, open_database
from backorder.storage.files import written_whole
from backorder.storage.migrate import upgrade
from backorder.storage.tables import orders

PROGRAMS = client_programs()


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKORDER_PG_PROGRAMS", str(PROGRAMS))


@pytest.fixture
def fresh(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A place of the same kind in which nothing is yet."""
    if not url.startswith("postgresql"):
        return str(tmp_path / "fresh.db")
    return str(request.getfixturevalue("empty_postgresql_url"))


def backorder(*words: object, code: int = 0) -> str:
    """What a command prints."""
    result = CliRunner().invoke(cli, list(map(str, words)), obj=lambda: 0)
    assert result.exit_code == code, result.output
    return result.output


def placed(place: str) -> set[str]:
    """The orders that stand in a database."""
    db = open_database(place)
    with db.read() as tx:
        found = {row[0] for row in tx.fetch(select(orders.c.order_id))}
    db.close()
    return found


class Load:
    """Threads that place orders until told to stop, and remember what was acknowledged."""

    def __init__(self, db: Database) -> None:
        self.acknowledged: set[str] = set()
        self.failed: list[str] = []
        self._db, self._over = db, threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(me,)) for me in range(4)]
        for thread in self._threads:
            thread.start()
        self.grow(20)

    def _run(self, me: int) -> None:
        n = 0
        while not self._over.is_set():
            n += 1
            name = f"L{me}-{n}"
            try:
                outcome = order(self._db, name, 1, tags=["x" * 100])
            except StorageError as error:
                self.failed.append(str(error))
                return
            if outcome.outcome.value == "accepted":
                self.acknowledged.add(name)
            else:
                self.failed.append(f"{name}: {outcome}")

    def grow(self, by: int) -> None:
        """Wait until so many more were acknowledged."""
        wanted = len(self.acknowledged) + by
        while len(self.acknowledged) < wanted and not self.failed and any(t.is_alive() for t in self._threads):
            self._over.wait(0.01)

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        assert self.failed == []


@pytest.fixture
def load(db: Database) -> Iterator[Load]:
    shop(db, coverage="lead_time", lead_time_days=30)
    announce(db, "PO-1", 500, "2026-12-20")
    started = Load(db)
    yield started
    started.end()


def test_a_backup_under_load_has_every_order_acknowledged_before_it_began(
    load: Load, url: str, fresh: str, tmp_path: Path
) -> None:
    file, before = tmp_path / "one.backup", set(load.acknowledged)
    assert f"version {VERSION}" in backorder("backup", file, "--database", url)
    load.grow(20)
    said = backorder("restore", file, "--into", fresh, "--verify")
    assert "rules hold" in said
    assert "not proven" not in said
    kept = placed(fresh)
    assert before <= kept
    load.end()
    assert kept <= load.acknowledged
    assert placed(url) == load.acknowledged


@pytest.mark.parametrize("count", [3, pytest.param(15, marks=pytest.mark.long)])
def test_backups_in_a_row_under_load_all_verify(count: int, load: Load, url: str, tmp_path: Path) -> None:
    for n in range(count):
        backorder("backup", tmp_path / f"{n}.backup", "--database", url)
        load.grow(5)
    for n in range(count):
        assert "rules hold" in backorder("restore", tmp_path / f"{n}.backup", "--verify", "--database", url)


@pytest.fixture
def small(db: Database) -> Database:
    """A shop with an order that waits and one that was erased from."""
    shop(db)
    announce(db, "PO-1", 10, "2026-12-20")
    order(db, "SO-1", 4)
    return db


def test_what_comes_back_is_the_same(small: Database, url: str, fresh: str, tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    backorder("backup", file, "--database", url)
    backorder("restore", file, "--into", fresh)
    db = open_database(fresh)
    assert state(db) == state(small)
    assert order(db, "SO-2", 1).outcome.value == "accepted"
    before, after = list_events(small, limit=100), list_events(db, limit=100)
    assert after[: len(before)] == before
    assert [event.kind for event in after[len(before) :]] == ["database_restored", "order_placed"]
    assert after[-1].n == after[-2].n + 1 > before[-1].n + 10**8  # numbers that nobody was ever given
    with pytest.raises(StorageError, match="append-only"), db.write() as tx:
        tx.fetch(text("DELETE FROM promises"))
    db.close()


def test_a_reader_of_events_misses_none_though_the_same_backup_is_brought_back_twice(
    small: Database, url: str, fresh: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """It read on after the backup, and again after the first restoring; each time it asks on from where it is."""
    file = tmp_path / "one.backup"
    backorder("backup", file, "--database", url)
    order(small, "lost", 1)
    place = list_events(small, limit=1_000)[-1].n
    hour = 3_600 * 10**6
    for n, now in enumerate((moment_number(NOW) + hour, moment_number(NOW) + 2 * hour)):
        into = fresh if n == 0 else request.getfixturevalue("another")
        CliRunner().invoke(cli, ["restore", str(file), "--into", into], obj=lambda now=now: now, catch_exceptions=False)
        db = open_database(into)
        for name in ("first", "second", "third"):
            order(db, name, 1)
        found = list_events(db, after=place, limit=1_000)
        assert [event.kind for event in found] == ["database_restored", *["order_placed"] * 3]
        place = found[-1].n
        db.close()


@pytest.fixture
def another(url: str, tmp_path: Path) -> Iterator[str]:
    """One more place of the same kind in which nothing is yet."""
    if not url.startswith("postgresql"):
        yield str(tmp_path / "another.db")
        return
    name = f"test_another_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_backup_is_for_its_owner_alone_and_its_seal_is_one_that_others_can_read(
    small: Database, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "one.backup"
    backorder("backup", file, "--database", url)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    subprocess.run(["sha256sum", "--check", "one.backup.sha256"], cwd=tmp_path, check=True, capture_output=True)
    assert sorted(path.name for path in tmp_path.glob("*.backup*")) == ["one.backup", "one.backup.sha256"]


def test_what_was_erased_is_not_in_a_later_backup(sqlite_url: str, tmp_path: Path) -> None:
    db = open_database(sqlite_url)
    shop(db)
    named = {"do": "put_customer", "customer": "c-1", "name": "Ada Unmistakable"}
    apply(db, NOW, [named, {"do": "erase_person", "customer": "c-1"}])
    db.close()
    assert b"Unmistakable" in Path(sqlite_url).read_bytes()  # on a page that is free now
    file = tmp_path / "one.backup"
    backorder("backup", file, "--database", sqlite_url)
    assert b"Unmistakable" not in file.read_bytes()


def test_any_changed_byte_is_found(small: Database, url: str, fresh: str, tmp_path: Path) -> None:
    file, chance = tmp_path / "one.backup", random.Random(1)
    backorder("backup", file, "--database", url)
    whole = file.read_bytes()
    for _ in range(8):
        spoilt = bytearray(whole)
        spoilt[chance.randrange(20, len(whole))] ^= 1 << chance.randrange(8)
        file.write_bytes(spoilt)
        assert "not as it was written" in backorder("restore", file, "--into", fresh, "--verify", code=1)
    file.write_bytes(whole)
    backorder("restore", file, "--into", fresh, "--verify")  # nothing of the others was left in the place


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_backup_cut_short_is_refused_even_without_its_seal(
    share: float, small: Database, url: str, fresh: str, tmp_path: Path
) -> None:
    file = tmp_path / "one.backup"
    backorder("backup", file, "--database", url)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    file.with_name("one.backup.sha256").unlink()
    said = backorder("restore", file, "--into", fresh, code=1)
    assert re.search("is damaged|pg_restore failed", said), said
    file.write_bytes(whole)
    assert "not proven" in backorder("restore", file, "--into", fresh)


def test_a_wrong_row_makes_the_verification_fail_and_is_named(small: Database, url: str, tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    with small.write() as tx:
        tx.fetch(text("UPDATE supplies SET pegged = pegged - 1 WHERE supply = 'PO-1'"))
    backorder("backup", file, "--database", url)
    said = backorder("restore", file, "--verify", "--database", url, code=3)
    assert "supply_pegged: PO-1" in said
    assert "Not sound: 1 findings" in said


def test_trying_a_backup_leaves_nothing_behind(
    small: Database, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    file = tmp_path / "one.backup"
    backorder("backup", file, "--database", url)
    there = sorted(tmp_path.iterdir())
    backorder("restore", file, "--verify", "--database", url)
    file.write_bytes(file.read_bytes()[:1000])
    file.with_name("one.backup.sha256").unlink()
    backorder("restore", file, "--verify", "--database", url, code=1)
    assert [path for path in sorted(tmp_path.iterdir()) if path not in there] == []
    if url.startswith("postgresql"):
        wait_for(lambda: not _tried(small), 60)  # those of tests that run beside this one go too


def _tried(db: Database) -> list[str]:
    """The databases in which backups are being tried."""
    names = text("SELECT datname FROM pg_database WHERE datname LIKE 'backorder\\_verify\\_%'")
    with db.read() as tx:
        return [row[0] for row in tx.fetch(names)]


def test_nothing_is_written_over(small: Database, url: str, fresh: str, tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    backorder("backup", file, "--database", url)
    first = file.read_bytes()
    order(small, "SO-2", 1)
    assert "is there already" in backorder("backup", file, "--database", url, code=1)
    assert file.read_bytes() == first
    backorder("backup", file, "--force", "--database", url)
    backorder("restore", file, "--into", fresh)
    assert placed(fresh) == {"SO-1", "SO-2"}
    said = backorder("restore", file, "--into", fresh, code=1)
    assert re.search("is there already|is not empty", said), said
    assert "say where" in backorder("restore", file, "--database", url, code=2)


def test_what_is_no_backup_or_of_another_kind_is_told(
    small: Database, url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("Buy milk.")
    assert "is no backup" in backorder("restore", other, "--verify", "--database", url, code=1)
    file = tmp_path / "one.backup"
    backorder("backup", file, "--database", url)
    name = "new.db" if url.startswith("postgresql") else "postgresql://nobody@127.0.0.1:1/none"
    said = backorder("restore", file, "--into", tmp_path / name if "://" not in name else name, code=1)
    assert "cannot be restored into" in said
    assert "no database" in backorder("backup", tmp_path / "x", "--database", tmp_path / "mistyped.db", code=1)
    assert not (tmp_path / "mistyped.db").exists()
    foreign = tmp_path / "foreign.db"
    sqlite3.connect(foreign).execute("CREATE TABLE t (a)").connection.close()
    assert "is no Backorder database" in backorder("backup", tmp_path / "x", "--database", foreign, code=1)


def test_a_database_in_use_is_not_taken_for_a_backup(sqlite_url: str, tmp_path: Path) -> None:
    db = open_database(sqlite_url)
    shop(db)
    assert Path(f"{sqlite_url}-wal").exists()
    assert "database in use" in backorder("restore", sqlite_url, "--into", tmp_path / "new.db", code=1)
    db.close()
    backorder("backup", tmp_path / "one.backup", "--database", sqlite_url)
    (tmp_path / "new.db-wal").write_bytes(b"of a database that was here before")
    said = backorder("restore", tmp_path / "one.backup", "--into", tmp_path / "new.db", code=1)
    assert "new.db-wal is left of another database" in said


def test_what_a_killed_run_left_is_written_over_and_two_runs_do_not_meet(
    small: Database, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "one.backup"
    for name in ("one.backup.part", *(["one.backup.part-journal"] if small.dialect == "sqlite" else [])):
        (tmp_path / name).write_bytes(b"half of something")
    backorder("backup", file, "--database", url)
    assert "rules hold" in backorder("restore", file, "--verify", "--database", url)
    assert sorted(path.name for path in tmp_path.glob("*.part*")) == []
    with written_whole(tmp_path / "two.backup"):
        assert "another run" in backorder("backup", tmp_path / "two.backup", "--database", url, code=1)


def test_a_backup_of_an_older_version_is_taken_and_upgraded_in_its_new_place(
    tmp_path: Path, empty_postgresql_url: str
) -> None:
    for place in (str(tmp_path / "old.db"), empty_postgresql_url):
        upgrade(place, "0002")
        file = tmp_path / f"old-{place.startswith('postgresql')}.backup"
        assert "version 0002" in backorder("backup", file, "--database", place)
        said = backorder("restore", file, "--verify", "--database", place)
        assert "upgraded in its new place" in said
        assert "rules hold" in said


def test_a_full_disk_leaves_the_last_backup_as_it_was(small: Database, url: str, tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    backorder("backup", file, "--database", url)
    before = file.read_bytes()
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000));"
        "from backorder.__main__ import main; sys.argv = ['backorder', *sys.argv[1:]]; main()"
    )
    words = ["backup", str(file), "--force", "--database", url]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert re.search("could not be written|pg_dump failed", done.stderr), done.stderr
    assert file.read_bytes() == before
    backorder("restore", file, "--verify", "--database", url)
    assert list(tmp_path.glob("*.part*")) == []


def _stand_in(folder: Path, text: str, name: str = "pg_dump") -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return folder


def test_a_missing_or_old_program_is_told_with_the_way_out(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKORDER_PG_PROGRAMS", str(tmp_path))
    said = backorder("backup", tmp_path / "x", "--database", postgresql_url, code=1)
    assert "there is no pg_dump in" in said
    assert "postgresql-client" in said
    _stand_in(tmp_path, "echo 'pg_dump (PostgreSQL) 9.6.1'")
    said = backorder("backup", tmp_path / "x", "--database", postgresql_url, code=1)
    assert "is of PostgreSQL 9" in said
    assert re.search(r"postgresql-client-\d\d", said)
    assert not (tmp_path / "x").exists()


def test_a_script_that_ends_early_between_two_statements_commits_nothing(
    postgresql_url: str, empty_postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "one.backup"
    backorder("backup", file, "--database", postgresql_url)
    (tmp_path / "psql").symlink_to(PROGRAMS / "psql")
    _stand_in(tmp_path, "echo 'CREATE TABLE half (a int);'; echo 'it broke' >&2; exit 1", "pg_restore")
    monkeypatch.setenv("BACKORDER_PG_PROGRAMS", str(tmp_path))
    assert "it broke" in backorder("restore", file, "--into", empty_postgresql_url, code=1)
    monkeypatch.setenv("BACKORDER_PG_PROGRAMS", str(PROGRAMS))
    backorder("restore", file, "--into", empty_postgresql_url)  # which refuses places that are not empty


def test_a_password_stands_on_no_command_line(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    _stand_in(
        tmp_path, f'echo "pg_dump (PostgreSQL) 99.1"; echo "$@" >> {seen}; echo "${{PGPASSWORD}}" > {seen}.environment'
    )
    monkeypatch.setenv("BACKORDER_PG_PROGRAMS", str(tmp_path))
    parts = psycopg.conninfo.conninfo_to_dict(postgresql_url)
    secret = "s3cret/of:the@shop"
    server = os.environ["BACKORDER_TEST_SERVER"]
    role = f"keeper_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD '{secret}'")
    try:
        host = f"?host={parts['host']}" if str(parts.get("host", "")).startswith("/") else ""
        where = "" if host else f"{parts['host']}:{parts.get('port', 5432)}"
        place = f"postgresql://{role}:s3cret%2Fof%3Athe%40shop@{where}/{parts['dbname']}{host}"
        said = backorder("backup", tmp_path / "x", "--database", place)
        assert secret not in seen.read_text()
        assert "s3cret" not in seen.read_text() + said
        assert role in seen.read_text()
        assert (tmp_path / "seen.environment").read_text().strip() == secret
    finally:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"DROP ROLE {role}")


def test_a_person_erased_since_is_erased_again_from_a_list(
    small: Database, url: str, fresh: str, tmp_path: Path
) -> None:
    apply(small, NOW, [{"do": "put_customer", "customer": f"c-{n}", "name": f"Nobody Else {n}"} for n in range(3)])
    file, gone = tmp_path / "one.backup", tmp_path / "erased.txt"
    backorder("backup", file, "--database", url)
    for customer in ("c-0", "c-2"):
        backorder("person", "erase", customer, "--yes", "--database", url)
    gone.write_text("c-0\n\nc-2\nc-of-long-ago\n")
    backorder("restore", file, "--into", fresh)
    said = backorder("person", "erase", "--list", gone, "--yes", "--database", fresh)
    assert said.count("Erased:") == 2
    assert "c-of-long-ago" in said
    db = open_database(fresh)
    with db.read() as tx:
        left = tx.fetch(text("SELECT name FROM people ORDER BY 1"))
    assert left == [("Nobody Else 1",)]
    db.close()
