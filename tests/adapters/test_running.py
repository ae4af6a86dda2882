"""The commands around the service: accounts, tokens and settings, as an operator types them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from service import Client, free_port, stop, wait_ready

from backorder import settings
from backorder.adapters.http import serve
from backorder.app import command_line
from backorder.commands import accounts
from backorder.kernel.errors import StorageError
from backorder.storage.accounts import load_account
from backorder.storage.db import Database, open_database
from backorder.storage.migrate import upgrade

NOW = 1_795_500_000_000_000


def typed(url: str, *words: str, stdin: str | None = None, code: int = 0) -> str:
    """What a command prints."""
    result = CliRunner().invoke(command_line(), [*words, "--database", url], obj=lambda: NOW, input=stdin)
    assert result.exit_code == code, result.output
    return result.output


def options(url: str, *, migrate: bool = True) -> serve.Options:
    return serve.Options(url, "127.0.0.1", 1, [], migrate, "none", False)


def test_an_account_gets_a_token_that_works_until_it_is_revoked(db: Database, url: str) -> None:
    assert "program with the role integration" in typed(
        url, "account", "put", "web", "--program", "--role", "integration"
    )
    token = typed(url, "token", "issue", "web", "--scope", "orders.read", "--days", "2", "--purpose", "test").strip()
    assert accounts.by_token(db, NOW, token).permissions == {"orders.read"}
    listed = typed(url, "account", "list")
    assert token[:15] in listed
    assert token not in listed
    typed(url, "token", "revoke", token)
    assert accounts.by_token(db, NOW, token) is None


def test_a_person_gets_a_password_and_can_be_shut_out(db: Database, url: str) -> None:
    typed(url, "account", "put", "ada", "--role", "planner", "--password", stdin="correct horse battery\n")
    assert accounts.sign_in(db, NOW, "ada", "correct horse battery") is not None
    typed(url, "account", "disable", "ada")
    assert accounts.sign_in(db, NOW, "ada", "correct horse battery") is None


def test_what_cannot_be_is_said(db: Database, url: str) -> None:
    assert "no account nobody" in typed(url, "token", "issue", "nobody", code=1)
    assert "12 to" in typed(url, "account", "put", "ada", "--role", "viewer", "--password", stdin="short\n", code=1)
    assert "no token" in typed(url, "token", "revoke", "bo_x_y", code=1)


def test_the_service_makes_its_database_and_a_link_until_somebody_can_sign_in(tmp_path: Path) -> None:
    place = str(tmp_path / "new.db")
    with pytest.raises(StorageError, match="backorder init"):
        serve.prepare(options(place, migrate=False), NOW)
    first, second = (serve.prepare(options(place), NOW) for _ in range(2))
    assert [first[0], second[0], first[1] != second[1]] == ["admin", "admin", True]
    db = open_database(place)
    assert accounts.open_link(db, NOW, first[1]) is not None
    accounts.put_account(db, NOW, "ada", kind="person", role="viewer", password="correct horse battery", by="test")
    assert serve.prepare(options(place), NOW) is not None, "whoever may less lets no admin in"
    accounts.put_account(db, NOW, "admin", kind="person", role="admin", password="correct horse battery", by="test")
    accounts.put_account(db, NOW, "eve", kind="person", role="admin", by="test")
    db.close()
    assert serve.prepare(options(place), NOW) is None


@pytest.mark.parametrize("gone", ["disabled", "viewer", "program"])
def test_a_service_whose_admin_is_gone_starts_and_says_how_to_make_one(
    db: Database, url: str, gone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, role = "program" if gone == "program" else "person", "viewer" if gone == "viewer" else "admin"
    accounts.put_account(db, NOW, "admin", kind=kind, role=role, by="test")
    if gone == "disabled":
        accounts.disable_account(db, NOW, "admin", by="test")
    monkeypatch.setattr(serve, "run", lambda *_: None)
    assert "Make an admin: backorder account put NAME" in typed(url, "serve")
    with db.read() as tx:
        after = load_account(tx, "admin")
    assert (after.role, after.disabled_at is not None) == (role, gone == "disabled"), "nobody gets anything back by it"
    accounts.put_account(db, NOW, "boss", kind="person", role="admin", by="test")
    said = typed(url, "serve")
    assert "signs boss in once" in said
    session = accounts.open_link(db, NOW, said.split("/sign-in/")[1].strip())
    assert accounts.by_session(db, NOW, session).account == "boss"


def test_an_older_database_is_upgraded_or_refused_with_the_way_out(tmp_path: Path) -> None:
    place = str(tmp_path / "old.db")
    upgrade(place, "0002")
    with pytest.raises(StorageError, match="backorder init"):
        serve.prepare(options(place, migrate=False), NOW)
    assert serve.prepare(options(place), NOW) is not None


def test_settings_say_where_they_come_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "settings.toml"
    said.write_text('port = 8099\nlog = "none"\ndatabase = "postgresql://me:secret@host/name"\n')
    monkeypatch.setenv("BACKORDER_SETTINGS", str(said))
    monkeypatch.setenv("BACKORDER_LOG", "json")
    monkeypatch.delenv("BACKORDER_DATABASE", raising=False)
    printed = CliRunner().invoke(command_line(), ["settings"]).output
    assert f"8099  ({said})" in printed
    assert "json  (environment)" in printed
    assert "127.0.0.1  (default)" in printed
    assert "secret" not in printed


@pytest.mark.parametrize(("text", "says"), [("prot = 1", "prot"), ("port = ", "cannot be read")])
def test_a_settings_file_that_is_wrong_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, says: str
) -> None:
    said = tmp_path / f"{says.replace(' ', '')}.toml"
    said.write_text(text)
    monkeypatch.setenv("BACKORDER_SETTINGS", str(said))
    with pytest.raises(settings.Wrong, match=says):
        settings.value(settings.PORT)


def test_every_setting_is_used_somewhere() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in Path(settings.__file__).parent.rglob("*.py"))
    for name, setting in vars(settings).items():
        if isinstance(setting, settings.Setting):
            assert source.count(name) > 2, name


def test_the_log_tells_who_did_what_and_no_secret(db: Database, url: str, tmp_path: Path) -> None:
    password, wrong = "correct horse battery", "wrong-horse-battery"
    accounts.put_account(db, NOW, "ada", kind="person", role="admin", password=password, by="test")
    accounts.put_account(db, NOW, "shop", kind="program", role="integration", by="test")
    token, link = accounts.issue_token(db, NOW, "shop", by="test"), accounts.sign_in_link(db, NOW, "ada", by="test")
    log, port = tmp_path / "log", free_port()
    words = ["serve", "--port", str(port), "--database", url]
    with log.open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "backorder", *words],
            env=os.environ | {"BACKORDER_LOG": "json", "BACKORDER_NOW": "2026-11-24T06:00:00+00:00"},
            stdout=told,
            stderr=told,
        )
        try:
            wait_ready(port, process)
            client = Client(port)
            own = {"Sec_Fetch_Site": "same-origin"}
            cookies = [
                reply.headers["set-cookie"].split("=")[1].split(";")[0]
                for reply in (
                    client.ask("POST", "/v1/session", {"account": "ada", "password": password}, **own),
                    client.ask("POST", f"/sign-in/{link}", b"", **own),
                )
            ]
            assert client.ask("POST", "/v1/session", {"account": "ada", "password": wrong}, **own).status == 401
            assert client.ask("POST", "/v1/session", f'{{"password": "{wrong}"'.encode(), **own).status == 400
            shown = ("Bearer bo_no_such-canary", f"Basic {wrong}", f"Bearer {token}")
            for header in shown:
                client.ask("GET", f"/v1/session?token={wrong}", Authorization=header, X_Request_Id=token)
            assert client.ask("GET", "/v1/session", Cookie=f"__Host-backorder={cookies[0]}").status == 200
            assert client.ask("GET", "/v1/session", Authorization=shown[-1]).status == 200
            client.close()
        finally:
            stop(process)
    said = log.read_text(encoding="utf-8")
    for secret in (password, wrong, token, token.split("_", 2)[2], link, *cookies, "canary"):
        assert secret not in said
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert {"ada", "shop", "nobody"} <= {line.get("account") for line in lines}


def test_an_address_that_cannot_be_reached_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    place = "postgresql://me:s3cret@127.0.0.1:1/none"
    monkeypatch.setenv("BACKORDER_DATABASE", place)
    for words in (["check"], ["init"], ["backup", "x"], ["settings"], ["serve", "--port", "1"]):
        result = CliRunner().invoke(command_line(), words, obj=lambda: NOW)
        assert "s3cret" not in result.output, words
        assert result.exit_code == (0 if words == ["settings"] else 1), result.output
