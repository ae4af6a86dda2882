"""The files in `deploy/` fit the program that they run: names, options, limits and times are the program's own."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from packaging.utils import canonicalize_name
from packaging.version import Version
from servers import client_programs
from shop import announce, order, shop
from sqlalchemy import text

from backorder.adapters.http.addresses import BODY_MAX, LIST_MAX
from backorder.adapters.http.request import BODY_SECONDS
from backorder.adapters.http.serve import HEADER_MILLISECONDS, STOP_SECONDS
from backorder.adapters.http.table import ROUTES
from backorder.app import command_line
from backorder.settings import SETTINGS
from backorder.storage.db import Database

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "backorder"}
KNOWN = {setting.name for setting in SETTINGS}
LOCKS = ("requirements.lock", "requirements-run.lock", "requirements-build.lock")


def understood(words: list[str]) -> None:
    """Raise if the command line would not understand these words."""
    cli = command_line()
    if words == ["--version"]:
        return
    command, rest = cli.get_command(click.Context(cli), words[0]), words[1:]
    assert command is not None, words
    while isinstance(command, click.Group):
        command, rest = command.get_command(click.Context(command), rest[0]), rest[1:]
        assert command is not None, words
    command.make_context(words[0], rest, obj=lambda: 0)


def seconds(said: str) -> int:
    """A time as the files write it."""
    found = re.fullmatch(r"(\d+)(s|min|h)?", said)
    assert found, said
    return int(found[1]) * {None: 1, "s": 1, "min": 60, "h": 3600}[found[2]]


def unit(path: Path) -> list[tuple[str, str, str]]:
    """A unit as (section, name, value); names may come again."""
    found, section = [], ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line.strip("[]")
            continue
        name, sign, value = line.partition("=")
        assert section, line
        assert sign, line
        found.append((section, name, value))
    return found


def ours(environment: str) -> None:
    """Settings in an environment are ours to know, and carry no password."""
    name, _, value = environment.partition("=")
    assert not name.startswith("BACKORDER_") or name in KNOWN, name
    assert not re.search(r"://[^/@]*:[^/@]+@", value), "a password"


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_runs_what_there_is(path: Path) -> None:
    values = unit(path)
    service = {name: value for section, name, value in values if section == "Service"}
    words = service["ExecStart"].split()
    if words[0] == "/opt/backorder/bin/backorder":
        understood(words[1:])
    else:
        assert words[0] == "/opt/backorder/share/backup.sh"
        assert words[1] == service["ReadWritePaths"]
    for section, name, value in values:
        if name == "Environment":
            ours(value)
        assert section in {"Unit", "Service", "Install"}
    assert service["User"] not in {"root", "nobody"}
    assert (service["NoNewPrivileges"], service["ProtectSystem"], service["UMask"]) == ("true", "strict", "0077")
    assert service["StateDirectory"] == Path(service["WorkingDirectory"]).name


@pytest.mark.parametrize(("name", "container"), [("backorder", "service"), ("backorder-worker", "worker")])
def test_what_serves_has_time_to_stop_and_is_always_started_again(name: str, container: str) -> None:
    service = {word: value for _, word, value in unit(DEPLOY / "systemd" / f"{name}.service")}
    assert seconds(service["TimeoutStopSec"]) > STOP_SECONDS
    assert (service["Restart"], service["KillMode"]) == ("always", "mixed")
    assert seconds(service["RestartSec"]) * 5 > 10, "systemd gives up after five starts within ten seconds"
    assert seconds(OURS[container]["stop_grace_period"]) > STOP_SECONDS
    assert OURS[container]["restart"] == "unless-stopped"


def test_every_timer_starts_a_unit() -> None:
    timers = {path.stem for path in (DEPLOY / "systemd").glob("*.timer")}
    assert timers == {path.stem for path in UNITS} - {"backorder", "backorder-worker"}


def test_compose_names_what_there_is() -> None:
    for name, service in COMPOSE["services"].items():
        for variable, value in service.get("environment", {}).items():
            ours(f"{variable}={value}")
            if str(value).startswith("/run/secrets/"):
                assert Path(value).name in service["secrets"], (name, variable)
        assert set(service.get("secrets", ())) <= COMPOSE["secrets"].keys(), name
        assert set(service.get("depends_on", ())) <= COMPOSE["services"].keys(), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            there = source in COMPOSE["volumes"] or source == "./backups" or (DEPLOY / source).is_file()
            assert there, volume
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), "a proxy stands before it"
    for service in OURS.values():
        if "entrypoint" not in service:
            understood(service["command"])
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
    assert OURS["service"]["environment"]["BACKORDER_MIGRATE"] == "no"  # its role could not
    assert "localhost" in OURS["service"]["environment"]["BACKORDER_HOSTS"].split(",")  # the health check's name


def test_secrets_are_drawn_at_random_once_for_those_who_read_them(tmp_path: Path) -> None:
    chown = tmp_path / "bin" / "chown"  # which is the superuser's alone
    chown.parent.mkdir()
    chown.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/owners\n')
    chown.chmod(0o755)
    environment = os.environ | {"PATH": f"{chown.parent}{os.pathsep}{os.environ['PATH']}"}
    command = [str(DEPLOY / "secrets.sh"), str(tmp_path / "secrets")]
    subprocess.run(command, env=environment, check=True)
    first = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    subprocess.run(command, env=environment, check=True)
    assert first == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert (
        first.keys() == {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()} == set(COMPOSE["secrets"])
    )
    words = [said for name, said in first.items() if name.endswith("_password")]
    assert len(set(words)) == len(words)
    assert all(re.fullmatch("[0-9a-f]{64}", word) for word in words)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "secrets").iterdir())
    owners = dict(reversed(line.split()) for line in (tmp_path / "owners").read_text().splitlines())
    user = re.search(r"^USER (\S+)$", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {owner for path, owner in owners.items() if path.endswith("_pgpass")} == {user[1]}
    for name, role in (("app_pgpass", "backorder_app"), ("migrator_pgpass", "backorder_migrator")):
        assert first[name] == f"database:5432:*:{role}:{first[name.replace('pgpass', 'password')]}\n"


def test_the_image_copies_what_there_is_and_runs_as_nobody_in_particular() -> None:
    whole = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    lines = [line for line in whole.splitlines() if line and not line.startswith("#")]
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source in let_in, source
        if word == "ENV":
            for pair in rest.split():
                ours(pair)
        if word == "FROM":
            assert ":" in rest
            assert "latest" not in rest
        if word == "RUN" and "pip install" in rest:
            assert rest.count("pip install") == rest.count("--require-hashes") + rest.count("--no-index")
    said = {line.partition(" ")[0]: line.partition(" ")[2] for line in lines}  # the last of each
    assert int(said["USER"].split(":")[0]) >= 1000
    assert said["ENTRYPOINT"] == '["backorder"]'
    understood(yaml.safe_load(said["CMD"]))
    assert "/readyz" in said["HEALTHCHECK"]
    assert "/readyz" in {route.path for route in ROUTES}
    client = re.search(r"postgresql-client-(\d+)", whole)
    server = re.match(r"postgres:(\d+)", COMPOSE["services"]["database"]["image"])
    assert int(client[1]) >= int(server[1]), "pg_dump reads no server newer than itself"


def nginx(text: str) -> list[Any]:
    """The directives of a configuration: words, and for a block its directives last."""
    tokens = re.findall(r"#[^\n]*|'[^']*'|\"[^\"]*\"|[{};]|[^\s{};]+", text)
    stack: list[list[Any]] = [[]]
    words: list[Any] = []
    for token in tokens:
        if token.startswith("#"):
            continue
        if token == "{":
            stack[-1].append([*words, (inner := [])])
            stack.append(inner)
            words = []
        elif token == "}":
            assert not words, words
            stack.pop()
        elif token == ";":
            stack[-1].append(words)
            words = []
        else:
            words.append(token.strip("'\""))
    assert len(stack) == 1, "a brace is missing"
    return stack[0]


def test_the_proxy_lets_through_what_the_service_takes_and_waits_as_long() -> None:
    top = nginx((DEPLOY / "nginx.conf").read_text(encoding="utf-8"))
    upstream = {words[0]: words[-1] for words in next(words[-1] for words in top if words[0] == "upstream")}
    assert seconds(upstream["keepalive_timeout"]) * 1000 < HEADER_MILLISECONDS, "the service would hang up first"
    server = next(words[-1] for words in top if words[0] == "server" and ["server_tokens", "off"] in words[-1])
    said = {words[0]: words[-1] for words in server}
    places = {words[-2]: {inner[0]: inner[-1] for inner in words[-1]} for words in server if words[0] == "location"}
    assert int(said["client_max_body_size"]) == BODY_MAX
    assert int(places["/v1/commands"]["client_max_body_size"]) == LIST_MAX
    assert seconds(said["client_body_timeout"]) >= BODY_SECONDS
    assert seconds(said["proxy_send_timeout"]) > BODY_SECONDS
    assert seconds(said["proxy_read_timeout"]) > STOP_SECONDS
    assert places["/sign-in/"]["access_log"] == "off"
    assert places["/s/"]["access_log"] == "off"
    assert places["/openid/"]["access_log"] == "off"
    assert places["/metrics"]["return"] == "404"
    for place in ("/sign-in/", "/openid/", "/s/"):
        assert any(route.path.startswith(place) for route in ROUTES)


def test_the_nightly_backup_clears_away_old_ones_only_once_the_new_one_is_sound(
    db: Database, url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    old, other = folder / "backorder-2020-01-01T000000Z.backup", folder / "notes"
    for path in (old, old.with_name(f"{old.name}.sha256"), other):
        path.write_text("of long ago")
        os.utime(path, (1_600_000_000, 1_600_000_000))
    shop(db)
    announce(db, "PO-1", 10, "2026-12-20")
    order(db, "SO-1", 4)
    found = f"{Path(os.sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    programs = client_programs()
    environment = os.environ | {"PATH": found, "BACKORDER_DATABASE": url, "BACKORDER_PG_PROGRAMS": str(programs)}

    def run() -> int:
        return subprocess.run([DEPLOY / "backup.sh", folder, "30"], env=environment, check=False).returncode

    with db.write() as tx:
        tx.fetch(text("UPDATE supplies SET pegged = pegged - 1 WHERE supply = 'PO-1'"))
    assert run() == 3
    assert old.exists()
    for path in set(folder.iterdir()) - {old, old.with_name(f"{old.name}.sha256"), other}:
        path.unlink()
    with db.write() as tx:
        tx.fetch(text("UPDATE supplies SET pegged = pegged + 1 WHERE supply = 'PO-1'"))
    before = {path.name for path in folder.iterdir()}
    assert run() == 0
    new = {path.name for path in folder.iterdir()} - before
    assert not old.exists()
    assert not old.with_name(f"{old.name}.sha256").exists()
    assert other.exists()
    assert len(new) == 2


def locked(name: str) -> dict[str, set[str]]:
    """The packages of a lock, with their versions."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        pinned = re.match(r"([\w.-]+)==([^\s;]+)", line)
        if pinned:
            found.setdefault(canonicalize_name(pinned[1]), set()).add(pinned[2])
    return found


def too_old(packages: dict[str, set[str]]) -> list[str]:
    """What of these is below the floor."""
    floor = tomllib.loads((ROOT / "security-floor.toml").read_text(encoding="utf-8"))["floor"]
    return [
        f"{entry['package']} {version}: {entry['advisory']}"
        for entry in floor
        for version in packages.get(canonicalize_name(entry["package"]), ())
        if Version(version) < Version(entry["version"])
    ]


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_has_a_version_with_a_known_weakness(name: str) -> None:
    packages = locked(name)
    assert packages
    assert too_old(packages) == []


def test_a_version_with_a_known_weakness_would_be_found() -> None:
    assert len(too_old({"litestar": {"2.12.1"}, "h11": {"0.16.0"}})) == 3
    assert len(too_old({"h11": {"0.16.0", "0.14.0"}})) == 1


def test_what_runs_is_what_was_tested_and_no_more_than_it_needs() -> None:
    whole, run, build = map(locked, LOCKS)
    assert run.items() <= whole.items()
    assert build.items() <= whole.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {canonicalize_name(re.split(r"[\[><=]", word)[0]) for word in project["dependencies"]}
    assert needed <= run.keys()
    only_for_work = {
        canonicalize_name(re.split(r"[\[><=]", word)[0]) for word in project["optional-dependencies"]["dev"]
    }
    assert not only_for_work & run.keys()
    for name in LOCKS:
        said = (ROOT / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in said
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", said)
