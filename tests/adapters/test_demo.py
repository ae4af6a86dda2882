"""The demo from end to end: a sound database, sums that add up, and suggestions that work."""

import gzip
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from service import Client, free_port, stop, wait_ready

from backorder.adapters.cli import cli
from backorder.adapters.cli.replay import Replay
from backorder.adapters.cli.sample import load
from backorder.app import command_line
from backorder.kernel.calendars import DAY_MAX
from backorder.queries.measures import measure
from backorder.storage.db import open_database

PATH = "/console/"
FIRST_MAX, NEXT_MAX = 120_000, 40_000  # bytes of a page with its files, as they come, and of each page after it


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The database that it leaves, and what it printed."""
    place = tmp_path_factory.mktemp("demo") / "demo.db"
    result = CliRunner().invoke(cli, ["demo", "--database", str(place)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return place, result.stdout


def test_it_leaves_a_sound_database_whose_sums_add_up(demo: tuple[Path, str]) -> None:
    place, _ = demo
    assert CliRunner().invoke(cli, ["check", "--database", str(place)]).exit_code == 0
    db = open_database(str(place))
    total = measure(db, DAY_MAX * 86_400 * 10**6)  # when every promise is past
    db.close()
    waiting = sum(age.units for age in total.ageing)
    assert 0 < total.backordered_units < total.units
    assert total.shipped_units + total.cancelled_units + waiting <= total.units
    assert 0 < total.backordered.kept_first < total.backordered.due_first <= total.backordered_lines


def test_every_command_that_it_suggests_works(demo: tuple[Path, str]) -> None:
    _, printed = demo
    suggested = re.findall(r"^  backorder (.+)$", printed, re.MULTILINE)
    assert len(suggested) == 4
    for words in suggested[:3]:
        result = CliRunner().invoke(cli, shlex.split(words), obj=lambda: 0, catch_exceptions=False)
        assert result.exit_code == 0, words
        assert result.stdout


@contextmanager
def opened(demo: tuple[Path, str]) -> Iterator[tuple[Client, str]]:
    """The console on it, as the last of its suggestions opens it: a client, and the cookie of an admin who came in."""
    place, printed = demo
    words = shlex.split(printed.splitlines()[-1])[1:]
    assert words[-1] == str(place)
    port = free_port()
    command = [sys.executable, "-m", "backorder", *words, "--port", str(port)]
    quiet = os.environ | {"BACKORDER_LOG": "none"}
    with subprocess.Popen(command, env=quiet, stdout=subprocess.PIPE, text=True) as run:
        try:
            wait_ready(port, run)
            client = Client(port)
            assert run.stdout is not None
            link = next(line for line in run.stdout if "/sign-in/" in line).split("/sign-in/")[1].strip()
            came = client.ask("POST", f"/sign-in/{link}", b"", Sec_Fetch_Site="same-origin")
            assert (came.status, came.headers["location"]) == (303, "/console/")
            yield client, came.headers["set-cookie"].split(";")[0]
            client.close()
        finally:
            stop(run)


def test_the_console_opens_on_it_in_the_morning_after_and_is_light(demo: tuple[Path, str]) -> None:
    with opened(demo) as (client, cookie):

        def fetched(path: str) -> tuple[str, int]:
            """What an address answers, and how many bytes that took."""
            said = {"Cookie": cookie, "Accept_Encoding": "gzip", "Sec_Fetch_Site": "same-origin"}
            reply = client.ask("GET", path, **said)
            assert reply.status == 200, (path, reply.status)
            text = gzip.decompress(reply.body) if "content-encoding" in reply.headers else reply.body
            return text.decode(), len(reply.body)

        today, _ = fetched("/console/")
        assert "<h1>Monday 14 November</h1>" in today
        files = sum(fetched(path)[1] for path in set(re.findall(r'"(/console/static/[^"]+)"', today)))
        pages = {path: fetched(path)[1] for path in sorted(places(lambda path: fetched(path)[0]))}
    heavy = {path: size for path, size in pages.items() if size > NEXT_MAX or size + files > FIRST_MAX}
    assert len(pages) > 12
    assert heavy == {}, f"the files: {files}, the pages: {pages}"


def places(read: Callable[[str], str]) -> set[str]:
    """The pages of the console that links lead to from today, one of a kind."""
    found = {PATH: PATH}
    left = [PATH]
    while left:
        for said in re.findall(r'href="(/console/[^"#?]*)(?:[?#][^"]*)?"', read(left.pop())):
            kind = re.sub(r"(orders|items|supplies|runs)/.*", r"\1/", said)
            if kind not in found and not re.search(r"static|\.csv", said):
                found[kind] = said
                left.append(said)
    return set(found.values())


@pytest.mark.parametrize("said", ["tomorrow", "2011-11-14T09:00:00"])
def test_time_begins_at_a_moment_with_its_offset(demo: tuple[Path, str], said: str) -> None:
    words = ["serve", "--database", str(demo[0]), "--since", said]
    result = CliRunner().invoke(command_line(), words, obj=lambda: 0)
    assert result.exit_code == 2
    assert "--since" in result.stderr
    assert "such as 2026-12-01T09:00:00+00:00" in result.stderr


def test_a_seed_gives_the_same_weeks_and_another_seed_others() -> None:
    def announced(seed: int) -> list[str]:
        replay = Replay(load(), seed)
        day = next(iter(replay.days()))
        list(replay.opening())
        buyer = replay._buyer
        replay_orders = [buyer._announce(day, sku, 12, 5) for sku in replay._skus]
        return [str(sorted(buyer._coming.items())), *map(str, replay_orders)]

    assert announced(1) == announced(1)
    assert announced(1) != announced(2)


def test_measures_are_printed_for_a_window_and_as_json(demo: tuple[Path, str]) -> None:
    place, _ = demo
    words = ["measures", "--database", str(place), "--from", "2011-10-10", "--to", "2011-10-14"]
    said = CliRunner().invoke(cli, words, obj=lambda: 0, catch_exceptions=False)
    assert said.exit_code == 0
    assert "honesty gap" in said.stdout
    found = json.loads(CliRunner().invoke(cli, [*words, "--json"], obj=lambda: 0).stdout)
    assert (found["since"], found["until"], found["zone"]) == ("2011-10-10", "2011-10-14", "Europe/London")
    assert f"{found['lines']:,} lines" in said.stdout
    empty = CliRunner().invoke(cli, [*words[:3], "--from", "2012-01-01"], obj=lambda: 0)
    assert empty.exit_code == 3
