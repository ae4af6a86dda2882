"""The command line as people and programs use it: what it prints, where, and with which exit code."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

import backorder
from backorder import commands
from backorder.adapters.cli import cli
from backorder.adapters.cli.apply import LINE_MAX
from backorder.adapters.cli.main import FILTERS
from backorder.kernel.calendars import moment_number
from backorder.storage.db import connect, open_database

NOW = moment_number(datetime(2026, 12, 1, 9, tzinfo=UTC))
SHOP: list[dict[str, Any]] = [
    {"do": "put_site", "site": "MAIN"},
    {"do": "put_item", "sku": "CHAIR", "name": "A chair with four legs", "price": "49.50", "currency": "EUR"},
    {"do": "announce_supply", "supply": "PO-1", "sku": "CHAIR", "site": "MAIN", "quantity": 10,
     "expected_on": "2026-12-07", "confirmed": True},
    {"do": "announce_supply", "supply": "PO-2", "sku": "CHAIR", "site": "MAIN", "quantity": 10,
     "expected_on": "2026-12-18", "confirmed": True},
]  # fmt: skip


def placed(name: str, units: int = 4) -> dict[str, Any]:
    return {"do": "place_order", "order": name, "lines": [{"line": "1", "sku": "CHAIR", "quantity": units}]}


CHAIRS = [*SHOP, placed("ada"), placed("ben"), placed("cleo")]


def run(*words: str, url: str, now: Callable[[], int] = lambda: NOW, send: Any = None) -> Result:
    result = CliRunner().invoke(cli, [*words, "--database", url], obj=now, input=send, catch_exceptions=False)
    assert "Traceback" not in result.output
    return result


def lines_of(body: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(command).encode() + b"\n" for command in body)


def apply(url: str, body: list[dict[str, Any]] | bytes, *options: str) -> list[dict[str, Any]]:
    result = run("apply", "-", *options, url=url, send=body if isinstance(body, bytes) else lines_of(body))
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def chairs(url: str) -> str:
    """The worked example: two purchase orders, three customers."""
    assert {outcome["outcome"] for outcome in apply(url, CHAIRS)} == {"accepted"}
    return url


# apply


def test_apply_answers_each_command_in_order(url: str) -> None:
    answers = apply(url, CHAIRS)
    assert [answer["subject"] for answer in answers] == ["MAIN", "CHAIR", "PO-1", "PO-2", "ada", "ben", "cleo"]
    assert [answer["lines"][0]["promise"] for answer in answers[4:]] == ["2026-12-07", "2026-12-07", "2026-12-18"]


def test_a_quote_among_commands_sees_what_came_before_and_what_is_placed_gets_the_same(url: str) -> None:
    question = {"do": "quote", "sku": "CHAIR", "quantity": 8, "id": "q"}
    body = [*SHOP, placed("ada"), question, placed("ben", 8), question, {"do": "quote", "sku": "CHAIR", "quantity": 0}]
    *_, asked, given, after, wrong = apply(url, body)
    assert (asked["outcome"], asked["id"]) == ("answered", "q")
    assert asked["lines"][0]["promise"] == given["lines"][0]["promise"] == "2026-12-18"
    assert after["lines"][0]["promise"] == "2026-12-18"
    assert (wrong["outcome"], wrong["field"]) == ("invalid", "quantity")


def test_apply_reads_a_file(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + lines_of(SHOP).replace(b"\n", b"\r\n") + b"\n \n")
    result = run("apply", str(file), url=sqlite_url)
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, len(SHOP))


def test_a_line_that_cannot_be_read_is_named_and_the_others_run(sqlite_url: str) -> None:
    body = [b'{"do":"put_site","site":"MAIN"}', b"", b"{", b'{"do":"put_item","sku":"A","size":1,"id":"c1"}',
            b'{"do":"put_item","sku":"A","safety_stock":"1"}', b'{"do":"put_item","sku":"A"}',
            b'{"do":"put_it']  # fmt: skip
    answers = apply(sqlite_url, b"\n".join(body))
    assert [answer["outcome"] for answer in answers] == ["accepted", *["invalid"] * 3, "accepted", "invalid"]
    told = [(answer.get("field"), answer["message"].partition(":")[0]) for answer in answers if "message" in answer]
    assert told == [(None, "line 3"), ("size", "line 4"), ("safety_stock", "line 5"), (None, "line 7")]
    assert answers[2]["id"] == "c1"
    assert "truncated" in answers[-1]["message"]


def test_a_command_that_cannot_be_meant_is_answered_with_its_line_too(sqlite_url: str) -> None:
    body = [*SHOP, SHOP[2] | {"supply": "PO-3", "expected_on": "1969-12-31"}]
    assert apply(sqlite_url, body)[-1]["message"].startswith("line 5: give a day between")


@pytest.mark.parametrize("ending", [b"\n", b""])
@pytest.mark.parametrize("longer", [0, 1, LINE_MAX])
def test_a_line_may_have_ten_megabytes_and_no_more(sqlite_url: str, longer: int, ending: bytes) -> None:
    start = b'{"do":"put_site","site":"A"'
    long = start + b" " * (LINE_MAX + longer - len(start) - 1) + b"}"
    answers = apply(sqlite_url, b'{"do":"put_site","site":"B"}\n' + long + ending)
    assert len(answers) == 2
    if longer:
        assert answers[1] == {"outcome": "invalid", "message": f"line 2: the line is longer than {LINE_MAX} bytes"}
    else:
        assert answers[1] == {"outcome": "accepted", "subject": "A"}


def test_what_follows_a_long_line_still_runs(sqlite_url: str) -> None:
    answers = apply(sqlite_url, b"x" * (LINE_MAX + 1) + b'\n{"do":"put_site","site":"B"}\n')
    assert [answer["outcome"] for answer in answers] == ["invalid", "accepted"]


def test_only_a_replay_sets_the_clock(sqlite_url: str) -> None:
    body = [SHOP[0] | {"at": "2020-01-01T00:00:00Z"}]
    assert apply(sqlite_url, body)[0]["field"] == "at"
    assert apply(sqlite_url, body, "--replay")[0]["outcome"] == "accepted"


def test_an_empty_input_is_answered_with_nothing(sqlite_url: str) -> None:
    assert apply(sqlite_url, b"") == []


def test_more_lines_than_a_batch_holds(sqlite_url: str) -> None:
    body = [{"do": "put_item", "sku": f"S{n}"} for n in range(commands.BATCH_MAX + 3)]
    assert len(apply(sqlite_url, body)) == len(body)


@pytest.mark.parametrize("file", ["nothing.jsonl", "."])
def test_an_input_that_cannot_be_read_exits_2(sqlite_url: str, file: str) -> None:
    result = run("apply", file, url=sqlite_url)
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_database_that_fails_in_the_middle_says_how_far_it_came(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "BATCH_MAX", 6)
    calls = []

    def clock() -> int:
        """The database goes away before the second batch."""
        calls.append(None)
        if len(calls) == 2:
            _break(url)
        return NOW

    result = run("apply", "-", url=url, now=clock, send=lines_of([*CHAIRS[:4], {}, *CHAIRS[4:]]))
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 6
    assert result.stderr.count("\n") == 1
    assert "line 7 and what follows were not answered" in result.stderr
    _mend(url)
    orders = json.loads(run("list", "orders", "--json", url=url).stdout)
    assert [order["order"] for order in orders] == ["ada"]


def _break(url: str) -> None:
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    else:
        _rename(url, "pegs", "gone")


def _mend(url: str) -> None:
    if not url.startswith("postgresql"):
        _rename(url, "gone", "pegs")


def _rename(url: str, table: str, name: str) -> None:
    engine = connect(url)
    with engine.connect().execution_options(backorder_write=True) as connection, connection.begin():
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")
    engine.dispose()


# reading


def test_show_tells_people_what_they_need(chairs: str) -> None:
    assert "MAIN" in run("show", "item", "CHAIR", url=chairs).stdout
    order = run("show", "order", "cleo", url=chairs).stdout
    assert "2026-12-18" in order
    line = run("show", "line", "cleo", "1", url=chairs).stdout
    assert [word in line for word in ("PO-1", "PO-2", "placed")] == [True] * 3
    supply = run("show", "supply", "PO-1", url=chairs).stdout
    assert "10 pegged, 0 free" in supply
    assert max(len(row) for row in (order + line + supply).splitlines()) <= 100


def test_show_gives_programs_the_same_thing(chairs: str) -> None:
    line = json.loads(run("show", "line", "cleo", "1", "--json", url=chairs).stdout)
    assert (line["promise"], len(line["pegs"]), line["at_risk"]) == ("2026-12-18", 2, False)
    order = json.loads(run("show", "order", "cleo", "--json", url=chairs).stdout)
    assert order["lines"] == [line]


@pytest.mark.parametrize(
    "words", [("show", "order", "?"), ("show", "line", "ada", "?"), ("show", "item", "?"), ("explain", "ada", "?")]
)
def test_what_is_not_there_exits_3(chairs: str, words: tuple[str, ...]) -> None:
    result = run(*words, url=chairs)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("There is no ")


def test_as_of_reads_as_if_it_were_another_day(chairs: str) -> None:
    assert json.loads(run("list", "lines", "--at-risk", "--json", url=chairs).stdout) == []
    late = run("list", "lines", "--at-risk", "--json", "--as-of", "2026-12-08", url=chairs)
    assert [line["order"] for line in json.loads(late.stdout)] == ["ada", "ben", "cleo"]


def test_pages_follow_one_another(chairs: str) -> None:
    first = run("list", "lines", "--limit", "2", url=chairs)
    assert "--after ben 1 shows the next" in first.stderr
    second = run("list", "lines", "--limit", "2", "--after", "ben", "1", "--json", url=chairs)
    assert [line["order"] for line in json.loads(second.stdout)] == ["cleo"]


@pytest.mark.parametrize("what", FILTERS)
def test_every_list_reads_well(chairs: str, what: str) -> None:
    lines = [{"line": "1", "quantity": 1}]
    more = [
        {"do": "put_supplier", "supplier": "ACME"},
        {"do": "put_customer", "customer": "ada"},
        {"do": "put_category", "category": "SEATS"},
        {"do": "receive_supply", "supply": "PO-1", "receipt": "R", "quantity": 1},
        {"do": "ship", "shipment": "S", "order": "ada", "lines": lines},
    ]
    assert {outcome["outcome"] for outcome in apply(chairs, more)} == {"accepted", "received", "shipped"}
    result = run("list", what, url=chairs)
    assert result.exit_code == 0
    assert max(len(row) for row in result.stdout.splitlines()) <= 100
    assert json.loads(run("list", what, "--json", url=chairs).stdout)


def test_a_filter_that_does_not_fit_is_refused_rather_than_ignored(chairs: str) -> None:
    result = run("list", "items", "--late", url=chairs)
    assert result.exit_code == 2
    assert "--late does not narrow items: use --category, --supplier, --waiting" in result.stderr


def test_nothing_found_is_said(chairs: str) -> None:
    assert run("list", "lines", "--sku", "?", url=chairs).stdout == "Nothing matches.\n"


def test_quote_says_the_day_and_on_what_it_stands(chairs: str) -> None:
    said = run("quote", "CHAIR", "3", url=chairs).stdout
    assert said.startswith("3 of CHAIR would be promised for Fri 18 Dec 2026.")
    assert "PO-2" in said
    refused = run("quote", "CHAIR", "30", url=chairs)
    assert (refused.exit_code, "backorder_limit" in refused.stdout) == (0, True)
    assert json.loads(run("quote", "CHAIR", "3", "--json", url=chairs).stdout)["outcome"] == "answered"


def test_check_exits_3_where_something_disagrees(chairs: str) -> None:
    assert run("check", url=chairs).stdout.startswith("Sound: ")
    engine = connect(chairs)
    with engine.connect().execution_options(backorder_write=True) as connection, connection.begin():
        connection.exec_driver_sql("UPDATE supplies SET pegged = pegged - 1 WHERE supply = 'PO-1'")
    engine.dispose()
    result = run("check", url=chairs)
    assert result.exit_code == 3
    assert "supply_pegged: PO-1" in result.stdout
    assert json.loads(run("check", "--json", url=chairs).stdout)[0]["subject"] == "PO-1"


def test_export_writes_a_table_or_all_of_them(chairs: str, tmp_path: Path) -> None:
    rows = [json.loads(row) for row in run("export", "supplies", url=chairs).stdout.splitlines()]
    assert [row["supply"] for row in rows] == ["PO-1", "PO-2"]
    result = run("export", "--format", "csv", "--folder", str(tmp_path / "out"), url=chairs)
    assert f"{tmp_path / 'out' / 'lines.csv'}: 3 rows" in result.stdout
    assert (tmp_path / "out" / "people.csv").read_text() == "customer,name,email\n"
    assert run("export", "?", url=chairs).exit_code == 2
    assert run("export", url=chairs).exit_code == 2
    (tmp_path / "file").touch()
    assert run("export", "--folder", str(tmp_path / "file" / "out"), url=chairs).exit_code == 1


# databases


def test_init_may_be_repeated(tmp_path: Path) -> None:
    place = str(tmp_path / "new.db")
    for _ in range(2):
        assert run("init", url=place).stdout == f"The database at {place} is ready.\n"
    open_database(place).close()


@pytest.mark.parametrize("words", [("list", "lines"), ("apply", "-"), ("check",), ("init",)])
def test_a_database_that_cannot_be_reached_is_one_line_and_exits_1(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "text.db").write_text("no database " * 100)
    places = [str(tmp_path), str(tmp_path / "text.db"), str(tmp_path / "no" / "folder.db"), "mysql://me@host/shop"]
    for place in [*places, "postgresql://me:secret@127.0.0.1:1/shop"]:
        result = run(*words, url=place)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1), place
        assert result.stderr.startswith("Error: ")
        assert "secret" not in result.stderr


def test_a_missing_database_says_how_to_make_it(tmp_path: Path) -> None:
    assert "run `backorder init` first" in run("check", url=str(tmp_path / "none.db")).stderr


def test_a_database_of_another_version_is_refused(url: str) -> None:
    engine = connect(url)
    with engine.connect().execution_options(backorder_write=True) as connection, connection.begin():
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    assert "has version 9999" in run("check", url=url).stderr
    result = run("init", url=url)
    assert (result.exit_code, "newer Backorder" in result.stderr) == (1, True)


def test_the_database_comes_from_the_environment(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKORDER_DATABASE", sqlite_url)
    result = CliRunner().invoke(cli, ["check"], obj=lambda: NOW)
    assert (result.exit_code, result.stdout[:5]) == (0, "Sound")


# the process


def start(*words: str, **more: Any) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"PYTHONPATH": str(Path(backorder.__file__).parents[1])}
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([sys.executable, *words], **streams | more, env=environment)


def test_help_loads_only_click() -> None:
    with start("-X", "importtime", "-m", "backorder", "--help", stderr=subprocess.STDOUT) as process:
        out, _ = process.communicate()
    assert b"Exit codes" in out
    for heavy in (b" rich", b" sqlalchemy", b" msgspec", b" alembic", b" psycopg"):
        assert heavy not in out


def test_assertions_may_not_be_switched_off() -> None:
    with start("-O", "-m", "backorder", "check") as process:
        _, error = process.communicate()
    assert (process.returncode, b"python -O" in error) == (1, True)


def test_a_reader_that_goes_away_ends_it_quietly(sqlite_url: str) -> None:
    apply(sqlite_url, [{"do": "put_item", "sku": f"S{n}", "name": "x" * 200} for n in range(2_000)])
    with start("-m", "backorder", "export", "items", "-d", sqlite_url) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_an_interrupt_ends_it_quietly(sqlite_url: str) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    result = run("apply", "-", url=sqlite_url, now=interrupted, send=lines_of(SHOP))
    assert (result.exit_code, result.output) == (130, "")


def test_the_shell_can_complete(tmp_path: Path) -> None:
    assert "_BACKORDER_COMPLETE" in CliRunner().invoke(cli, ["completion", "zsh"]).stdout
    environment = {"COMP_WORDS": "backorder li", "COMP_CWORD": "1", "_BACKORDER_COMPLETE": "bash_complete"}
    result = CliRunner().invoke(cli, [], prog_name="backorder", env=environment)
    assert "plain,list" in result.stdout


# the demo


def test_the_demo_replaces_nothing_that_is_not_its_own(tmp_path: Path, sqlite_url: str) -> None:
    apply(sqlite_url, CHAIRS)
    result = CliRunner().invoke(cli, ["demo", "--database", sqlite_url])
    assert result.exit_code == 1
    assert "was not made by the demo" in result.stderr
    assert run("check", url=sqlite_url).exit_code == 0
    assert CliRunner().invoke(cli, ["demo", "--database", "postgresql://host/name"]).exit_code == 2


def test_what_if_says_whom_it_would_touch_and_writes_nothing(chairs: str) -> None:
    before = json.loads(run("list", "lines", "--json", url=chairs).stdout)
    said = run("what-if", "slip", "PO-1", "--days", "3", url=chairs).stdout
    assert [row.split()[:2] for row in said.splitlines()[2:5]] == [["ada", "1"], ["ben", "1"], ["cleo", "1"]]
    assert "+3" in said
    told = json.loads(run("what-if", "cancel-supply", "PO-1", "--json", url=chairs).stdout)
    assert told["totals"]["later"]["lines"] == 3
    asked = (
        ("short", "PO-1", "7"),
        ("more", "CHAIR", "2", "2026-12-03"),
        ("cancel-order", "ada"),
        ("cancel-order", "ada", "1", "--units", "1"),
        ("policy", "CHAIR", "--safety-stock", "none", "--coverage", "lead_time", "--lead-time-days", "3"),
        ("slip", "PO-1", "--to", "2026-12-09", "--limit", "1"),
    )
    for words in asked:
        assert run("what-if", *words, url=chairs).exit_code == 0, words
    assert json.loads(run("list", "lines", "--json", url=chairs).stdout) == before


def test_what_if_refuses_by_the_field_what_cannot_be_meant(chairs: str) -> None:
    for words, code, field in (
        (("slip", "PO-1", "--days", "0"), 2, "days"),
        (("slip", "PO-1"), 2, "days"),
        (("slip", "PO-9", "--days", "1"), 3, "supply"),
        (("cancel-supply", "PO-1", "--units", "11"), 1, "quantity"),
        (("cancel-supply", "PO-1", "--units", "0"), 2, "quantity"),
        (("policy", "SOFA", "--safety-stock", "1"), 3, "sku"),
        (("cancel-order", "eve"), 3, "order"),
    ):
        refused = run("what-if", *words, url=chairs)
        assert (refused.exit_code, refused.stdout) == (code, ""), words
        assert field in refused.stderr
