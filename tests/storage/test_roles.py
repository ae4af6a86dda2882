"""The roles of `deploy/`: the service's own can do all that the service does, and none of what it never does."""

import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from click.testing import CliRunner
from conftest import _SERVER, _execute
from owed import owed
from servers import client_programs
from service import NOW, running
from shop import order, shop
from simulation.world import World
from sqlalchemy.engine import make_url
from state import apply

from backorder.adapters.cli import cli
from backorder.adapters.http import serve
from backorder.commands import COMMANDS, accounts
from backorder.kernel.errors import StorageError
from backorder.kernel.outcomes import Word
from backorder.queries import check
from backorder.storage.access_tables import audit
from backorder.storage.db import Database, open_database
from backorder.storage.migrate import upgrade
from backorder.storage.tables import APPEND_ONLY, metadata
from backorder.worker import Worker

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
PROGRAMS = client_programs()
LEDGERS = (*APPEND_ONLY, audit, metadata.tables["events"], metadata.tables["erasures"])


DONE = {Word.ACCEPTED, Word.CHANGED, Word.RECEIVED, Word.RESCHEDULED, Word.SHIPPED, Word.CANCELLED}


class Roles(NamedTuple):
    """Places of one database, by the role that signs in there."""

    superuser: str
    migrator: str
    app: str
    reader: str


def sql(place: str, name: str, prefix: str, secrets: str = "/run/secrets") -> None:
    """Run a file of `deploy/` with psql, the roles under names of this test's own: roles are the whole server's."""
    text = (DEPLOY / name).read_text(encoding="utf-8").replace("/run/secrets", secrets)
    text = re.sub(r"\bbackorder_(?=migrator|app|reader)", prefix, text)
    subprocess.run(
        [PROGRAMS / "psql", "--no-psqlrc", "--quiet", f"--dbname={place}"], input=text.encode(), check=True, timeout=60
    )


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    """A database made as the files say."""
    ident = uuid.uuid4().hex[:8]
    prefix, name = f"r{ident}_", f"test_{ident}"
    _execute(f"CREATE DATABASE {name} TEMPLATE template0")
    server = make_url(os.environ[_SERVER]).set(database=name)
    places = [server, *(server.set(username=f"{prefix}{role}", password="x") for role in ("migrator", "app", "reader"))]
    found = Roles(*(place.render_as_string(hide_password=False) for place in places))
    sql(found.superuser, "roles.sql", prefix)
    for role in ("migrator", "app", "reader"):
        _execute(f"ALTER ROLE {prefix}{role} PASSWORD 'x'")  # for servers that ask for one
    upgrade(found.migrator)
    for _ in range(2):  # after an upgrade they are run again
        sql(found.superuser, "roles.sql", prefix)
        sql(found.migrator, "grants.sql", prefix)
    yield found
    _execute(f"DROP DATABASE {name} WITH (FORCE)")
    for role in ("migrator", "app", "reader"):
        _execute(f"DROP ROLE {prefix}{role}")


@pytest.fixture
def app(roles: Roles) -> Iterator[Database]:
    db = open_database(roles.app)
    yield db
    db.close()


def test_the_service_s_own_role_can_do_every_command(app: Database) -> None:
    world = World(3)
    apply(app, world.now, world.opening())
    done = set()
    for _ in range(900):
        command = world.command()
        outcome = apply(app, world.now, [command])[0]
        world.heard(command, outcome.outcome.value)
        if outcome.outcome in DONE:
            done.add(command["do"])
    named = {"do": "put_customer", "customer": "gone", "name": "Gone Tomorrow", "email": "gone@example.com"}
    sold = {
        "do": "place_order",
        "order": "of-gone",
        "customer": "gone",
        "lines": [{"line": "1", "sku": "CHAIR", "quantity": 1}],
    }
    ended = {"do": "cancel_line", "order": "of-gone", "line": "1", "quantity": 1, "reason": "told us: Gone Tomorrow"}
    erased = {"do": "erase_person", "customer": "gone"}
    answers = apply(app, world.now, [named, sold, ended, erased])
    assert [answer.outcome for answer in answers][-1] is Word.CHANGED
    done |= {command["do"] for command, _ in owed(app, world.now)}
    policy = {"policy": "P", "segments": [{"name": "all", "ranking": ["-id"], "strategy": "redistribute"}]}
    runs = [{"do": "put_policy", **policy}, {"do": "reallocate", "run": "R", "policy": "P"},
            {"do": "commit_plan", "run": "R"}, {"do": "undo_plan", "run": "R"}]  # fmt: skip
    done |= {run["do"] for run, answer in zip(runs, apply(app, world.now, runs), strict=True) if answer.outcome in DONE}
    waits: list[dict] = [
        {"do": "put_item", "sku": "SEEN"},
        {"do": "watch_item", "sku": "SEEN", "email": "a@example.com"},
        {"do": "unwatch_item", "email": "a@example.com"},
    ]
    done |= {
        asked["do"] for asked, said in zip(waits, apply(app, world.now, waits), strict=True) if said.outcome in DONE
    }
    view = {"view": "V", "owner": "ada"}
    looked = [{"do": "put_view", **view, "name": "Lamps"}, {"do": "drop_view", **view}]
    assert [answer.outcome for answer in apply(app, world.now, looked)] == [Word.ACCEPTED, Word.CHANGED]
    done |= {command["do"] for command in looked}
    hook = {"webhook": "shop"}
    hooks = [{"do": "put_webhook", **hook, "url": "https://shop.example.com/", "secret": "whsec_" + "a" * 40}]
    hooks += [{"do": f"{verb}_webhook", **hook} for verb in ("disable", "enable", "test")]
    hooks += [{"do": "replay_webhook", **hook, "event": 1}]
    assert [answer.outcome for answer in apply(app, world.now, hooks)][:-1] == [
        Word.ACCEPTED, Word.CHANGED, Word.CHANGED, Word.ACCEPTED
    ]  # fmt: skip
    done |= {command["do"] for command in hooks}
    tags = {str(kind.__struct_config__.tag) for kind in COMMANDS}
    assert tags - done <= {"erase_person", "unpick", "discard_message", "retry_message", "retry_timer"}
    Worker(app, lambda: NOW).prepare(NOW)
    assert Worker(app, lambda: NOW).run_once(NOW)["fired"] > 0
    accounts.put_account(app, NOW, "ada", kind="person", role="admin", password="correct horse battery", by="test")
    session = accounts.sign_in(app, NOW, "ada", "correct horse battery")
    assert session is not None
    accounts.sign_out(app, session)
    app.compact()
    assert check.run(app) == []


def test_the_service_runs_as_its_own_role_once_the_tables_are_there(roles: Roles) -> None:
    with running(roles.app, BACKORDER_MIGRATE="no") as service:
        admin = service.client()
        admin.ask("PUT", "/v1/sites/ROLES", {})
        admin.ask("PUT", "/v1/items/ROLES", {"coverage": "lead_time", "lead_time_days": 5})
        body = {"order": "by-the-app", "lines": [{"line": "1", "sku": "ROLES", "quantity": 1}]}
        assert admin.ask("POST", "/v1/orders", body).status == 201
        admin.close()


@pytest.mark.parametrize("table", LEDGERS, ids=lambda table: table.name)
def test_a_ledger_is_written_by_the_service_and_never_changed(table, roles: Roles) -> None:
    column = next(iter(table.c)).name
    kept_for = {"events"}  # what was told long ago may go
    with psycopg.connect(roles.app, autocommit=True) as connection:
        for statement in (
            f"UPDATE {table.name} SET {column} = {column}",
            *([] if table.name in kept_for else [f"DELETE FROM {table.name}"]),
            f"TRUNCATE {table.name} CASCADE",
            f"ALTER TABLE {table.name} DISABLE TRIGGER ALL",
            f"DROP TABLE {table.name} CASCADE",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (a int)",
        "CREATE TEMPORARY TABLE t (a int)",
        "CREATE SCHEMA s",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE lines ADD COLUMN a int",
        "DROP INDEX ix_shipment_lines_line",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "UPDATE alembic_version SET version_num = '0001'",
        "SET session_replication_role = replica",
        "CREATE DATABASE d",
        "CREATE ROLE r",
        "DELETE FROM orders",
        "DELETE FROM accounts",
    ],
)
def test_the_service_s_own_role_makes_and_undoes_nothing(statement: str, roles: Roles) -> None:
    with (
        psycopg.connect(roles.app, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_only_what_is_deleted_may_be_deleted(roles: Roles) -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (DEPLOY.parent / "src").rglob("storage/*.py"))
    used = set(re.findall(r"tx\.delete\((\w+),|[ (]delete\((\w+)\)", source))
    wanted = {name for pair in used for name in pair if name}
    assert "pegs" in wanted
    with psycopg.connect(roles.app) as connection:
        may = {
            name
            for name in metadata.tables
            if connection.execute("SELECT has_table_privilege(%s, 'DELETE')", [name]).fetchone() == (True,)
        }
    assert may == wanted


def test_a_service_that_may_upgrade_starts_where_there_is_nothing_to_upgrade(roles: Roles) -> None:
    serve.prepare(serve.Options(roles.app, "127.0.0.1", 1, [], True, "none", False), NOW)


def test_the_reader_backs_up_and_tries_it_and_writes_nothing(
    roles: Roles, app: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKORDER_PG_PROGRAMS", str(PROGRAMS))
    shop(app, ["READ"])
    order(app, "for-the-reader", 1, "READ")
    file = tmp_path / "one.backup"
    for words in (["backup", str(file)], ["restore", str(file), "--verify"]):
        result = CliRunner().invoke(cli, [*words, "--database", roles.reader], obj=lambda: 0)
        assert result.exit_code == 0, result.output
    assert "rules hold" in result.output
    db = open_database(roles.reader)
    assert check.run(db) == []
    with pytest.raises(StorageError, match="permission denied"):
        order(db, "never", 1, "READ")
    db.close()


def test_passwords_come_from_files(roles: Roles, tmp_path: Path) -> None:
    prefix = str(make_url(roles.app).username).removesuffix("app")
    look = "SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE %s ORDER BY 1"
    for role in ("migrator", "app", "reader"):
        (tmp_path / f"{role}_password").write_text(f"it's-{role}-\\-secret")
    with psycopg.connect(roles.superuser, autocommit=True) as connection:
        before = dict(connection.execute(look, [f"{prefix}%"]).fetchall())
        sql(roles.superuser, "passwords.sql", prefix, str(tmp_path))
        after = dict(connection.execute(look, [f"{prefix}%"]).fetchall())
    try:
        assert before.keys() == after.keys() == {f"{prefix}{role}" for role in ("migrator", "app", "reader")}
        for name, kept in after.items():
            assert kept.startswith("SCRAM-SHA-256$")
            assert kept != before[name]
    finally:
        for name in after:
            _execute(f"ALTER ROLE {name} PASSWORD 'x'")
