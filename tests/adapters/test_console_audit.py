"""The console's search in the audit trail: by who, what, about what and when, page by page, for whoever may."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from conftest import new_database
from service import Reply, Service, running

from backorder import commands
from backorder.kernel.calendars import moment_number
from backorder.kernel.outcomes import Outcome
from backorder.queries import check
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}"
ENTRIES = 120  # items that pia put, each by a request of its own


class Trail:
    """A shop in which Pia put items on 18 November, one by one, and Wim a site late on the 19th."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def ask(self, query: str = "", role: str = "admin") -> Reply:
        with closing(self.service.client(role)) as client:
            return client.ask("GET", f"/console/audit{query}")

    def page(self, query: str = "", role: str = "admin") -> str:
        reply = self.ask(query, role)
        assert reply.status == 200, reply
        return unescape(reply.body.decode())


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def trail(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    with new_database(request.param, tmp_path_factory.mktemp("audit")) as url:
        db = open_database(url)

        def did(at: datetime, actor: str, **said: Any) -> None:
            asked = commands.decode(said)
            assert not isinstance(asked, Outcome), asked
            commands.run(db, moment_number(at), [asked], actor)

        for n in range(ENTRIES):
            did(NOW - timedelta(days=2), "pia", do="put_item", sku=f"ITEM-{n:03}")
        late = datetime(2026, 11, 19, 23, 59, 59, 999_999, tzinfo=UTC)
        did(late, "wim", do="put_site", site="NY", zone="America/New_York", country="US")
        did(NOW, EVIL, do="put_item", sku=EVIL)
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield Trail(service)
        assert check.run(db) == []
        db.close()


def subjects(page: str) -> list[str]:
    """The items that a page has, from the top."""
    return [part.split('"', 1)[0] for part in page.split('title="ITEM-')[1:]]


def test_the_newest_stands_first_with_who_what_about_what_and_when(trail: Trail) -> None:
    page = trail.page("?subject=NY")
    assert ">wim</a>" in page
    assert ">put site</a>" in page
    assert "Thu\u00a019\u00a0Nov, 23:59" in page
    assert subjects(page) == []
    assert subjects(trail.page("?actor=pia"))[:2] == [f"{ENTRIES - 1:03}", f"{ENTRIES - 2:03}"]


def test_each_filter_narrows_and_stays_in_the_form(trail: Trail) -> None:
    assert subjects(trail.page("?subject=ITEM-007")) == ["007"]
    assert subjects(trail.page("?actor=wim")) == []
    assert 'title="NY"' in trail.page("?what=Put%20Site")
    both = trail.page("?actor=pia&subject=NY")
    assert "No entry is like this" in both
    assert 'name="actor" value="pia"' in both
    assert 'href="/console/audit?subject=NY"' in both, "without the one, the other stays"


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("?since=2026-11-19&until=2026-11-19", True),
        ("?since=2026-11-20", False),
        ("?until=2026-11-18", False),
        ("?since=2026-11-18&until=2026-11-19", True),
    ],
)
def test_both_days_are_counted_in_to_their_last_moment(trail: Trail, query: str, there: bool) -> None:
    assert ('title="NY"' in trail.page(f"{query}&what=put_site")) is there


def test_pages_have_each_entry_once(trail: Trail) -> None:
    found: list[str] = []
    query, pages = "?actor=pia", 0
    while query:
        page = trail.page(query)
        found, pages = found + subjects(page), pages + 1
        query = page.split('rel="next" href="/console/audit')[1].split('"')[0] if 'rel="next"' in page else ""
    assert found == [f"{n:03}" for n in reversed(range(ENTRIES))]
    assert pages == 3


def test_what_is_no_day_is_said_and_nothing_that_was_typed_is_lost(trail: Trail) -> None:
    for wrong in ("yesterday", "1815-06-18", "2300-01-01", "2026-02-30"):
        reply = trail.ask(f"?since={wrong}&actor=pia")
        assert reply.status == 422, wrong
        text = unescape(reply.body.decode())
        assert "Write the days as 2026-11-20" in text
        assert 'name="actor" value="pia"' in text
    assert trail.ask("?after=nonsense").status == 400
    assert trail.ask("?until=2200-12-31").status == 200


def test_who_may_not_read_it_does_not_and_is_not_led_there(trail: Trail) -> None:
    assert 'href="/console/audit"' in trail.page(role="finance")
    assert trail.ask(role="planner").status == 403
    with closing(trail.service.client("planner")) as client:
        assert b'href="/console/audit"' not in client.ask("GET", "/console/").body


def test_the_end_of_the_trail_is_the_one_that_the_command_line_verifies(trail: Trail) -> None:
    with closing(trail.service.client()) as client:
        last = client.ask("GET", "/v1/audit?limit=1").json["items"][0]
    assert f"backorder audit verify --head {last['n']}:{last['hash']}" in trail.page()


def test_what_strangers_wrote_is_text(trail: Trail) -> None:
    reply = trail.ask(f"?actor={quote(EVIL)}")
    assert reply.status == 200
    assert b"<img" not in reply.body
    assert unescape(reply.body.decode()).count(EVIL) >= 3
