"""Links in letters: each opens the page of its order, is kept as a digest alone, and is no one's but its customer's."""

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from click.testing import CliRunner
from mailserver import Got, Mailbox
from owed import do
from posted import Post
from service import Service, running
from sqlalchemy import select

from backorder.app import command_line
from backorder.commands.status import LINKS_MAX
from backorder.kernel.calendars import moment_datetime
from backorder.queries import check
from backorder.queries.notices import of_order
from backorder.queries.status import links
from backorder.settings import Wrong
from backorder.storage.db import Database
from backorder.storage.tables import metadata

PAGES = "https://orders.shop.example/behind"
LINK = re.compile(re.escape(PAGES) + r"/s/([A-Za-z0-9_-]{43})")


@pytest.fixture
def post(db: Database, box: Mailbox) -> Iterator[Post]:
    yield Post(db, box, "confirmation", pages=PAGES)
    assert check.run(db) == []


def token(got: Got) -> str:
    """The token of the one link of a letter, which both of its parts have."""
    (plain,), (marked,) = (LINK.findall(got.part(kind)) for kind in ("plain", "html"))
    assert plain == marked
    return str(plain)


def looks(url: str, post: Post, service: Service, got: Got) -> tuple[int, str]:
    """What the link of a letter opens."""
    with closing(service.client(None)) as client:
        reply = client.ask("GET", f"/s/{token(got)}")
        return reply.status, reply.body.decode()


def everything(db: Database) -> str:
    """All that the database has, as text."""
    with db.read() as tx:
        return "\n".join(str(row) for table in metadata.sorted_tables for row in tx.fetch(select(table)))


def test_the_link_of_a_letter_opens_its_order_and_what_can_be_chosen(post: Post, url: str) -> None:
    post.round()
    post.slip("2026-03-25", "2026-05-01")
    post.until_quiet()
    confirmation, notice = post.box.got
    assert token(confirmation) != token(notice)
    kept = of_order(post.db, "A")[0]
    text = notice.part("plain")
    assert text.startswith(kept.text or ""), "the link stands behind what the law wants said"
    assert f"See your order, and what you can choose: {PAGES}/s/" in text
    assert f"See your order: {PAGES}/s/" in confirmation.part("plain")
    with running(url, BACKORDER_NOW=moment_datetime(post.now).isoformat(), BACKORDER_WORKER="no") as service:
        for got in (confirmation, notice):
            status, page = looks(url, post, service, got)
            assert status == 200
            assert "Order A" in page
            assert 'value="cancel"' in page, "it lets its customer choose"
        do(post.db, "2026-03-26T15:00", "put_customer", customer="ada", email="ada@other.example")
        assert looks(url, post, service, notice)[0] == 404, "whoever reads the old mailbox is not asked any more"


def test_no_token_is_kept_anywhere(post: Post) -> None:
    post.slip("2026-03-25", "2026-05-01")
    post.until_quiet()
    there = everything(post.db)
    assert "orders.shop.example" not in there
    for got in post.box.got:
        assert token(got) not in there


def test_a_letter_that_goes_again_is_the_same_but_for_its_link_and_neither_link_is_revoked(post: Post) -> None:
    post.round()
    post.box.to_letter = lambda n: "hang up" if n == 2 else None
    post.slip("2026-03-25", "2026-05-01")
    post.until_quiet()
    _, first, second = post.box.got
    assert first.read["Message-ID"] == second.read["Message-ID"]
    assert token(first) != token(second)
    assert LINK.sub("", first.part("plain")) == LINK.sub("", second.part("plain"))
    assert LINK.sub("", first.part("html")) == LINK.sub("", second.part("html"))
    found = links(post.db, "A")
    assert found is not None
    assert [one.purpose for one in found.links if one.revoked_at is None] == ["answer"] * 3


def test_who_has_no_address_costs_no_link(post: Post) -> None:
    do(post.db, "2026-03-02T15:00", "put_customer", customer="ada", email="")
    post.slip("2026-03-25", "2026-05-01")
    post.until_quiet()
    assert post.box.got == []
    found = links(post.db, "A")
    assert found is not None
    assert found.links == []


def test_an_order_with_all_the_links_that_it_may_have_is_written_to_without_one(post: Post) -> None:
    for n in range(LINKS_MAX):
        do(post.db, "2026-03-02T15:00", "put_status_link", order="A", digest=f"{n:064x}")
    post.slip("2026-03-25", "2026-05-01")
    post.until_quiet()
    assert [LINK.findall(got.part("plain")) for got in post.box.got] == [[], []]
    assert post.states() == ["sent", "sent"]


def test_without_the_setting_no_letter_has_a_link(db: Database, box: Mailbox) -> None:
    post = Post(db, box, "confirmation")
    post.slip("2026-03-25", "2026-05-01")
    post.until_quiet()
    assert len(box.got) == 2
    assert all("/s/" not in got.part("plain") and "See your order" not in got.part("html") for got in box.got)


@pytest.mark.parametrize(
    "said", ["orders.example.com", "http://orders.example.com", "https://a.example/?x=1", "https://a b", "https://"]
)
def test_an_address_that_no_customer_could_open_is_refused(said: str, sqlite_url: str) -> None:
    environment = {
        "BACKORDER_MAIL": "smtp://localhost:1",
        "BACKORDER_MAIL_FROM": "a@example.com",
        "BACKORDER_PAGES": said,
    }
    result = CliRunner(env=environment).invoke(command_line(), ["work", "--database", sqlite_url], obj=lambda: 0)
    assert isinstance(result.exception, Wrong)
    assert "BACKORDER_PAGES is" in str(result.exception)
