"""Letters in a real browser, as mail programs show them: in four languages, on a phone and a screen, hostile or not.

They came through a real mail server. Needs a Chromium, as `test_status.py` beside it does.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import new_database
from contrast import CONTRAST
from mailserver import Got, Mailbox
from owed import COMMUNICATION, advance, do
from playwright.sync_api import expect
from posted import Post
from service import running
from sqlalchemy import select

from backorder.adapters.mail.posts import ON_ORDERS
from backorder.adapters.mail.preview import PREVIEWS, previews
from backorder.kernel.calendars import moment_number
from backorder.storage.db import Database, open_database
from backorder.storage.tables import metadata

EVIL = "<img src=x onerror=alert(1)>\"'& =?utf-8?q?=0D=0ABcc=3A_x?= =1+1 {{7*7}} {order} <script>alert(1)</script>"
NOW = datetime(2026, 3, 25, 17, tzinfo=UTC)
HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
           "Content-Language"}  # fmt: skip


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A shop with an order."""
    with new_database("sqlite", tmp_path_factory.mktemp("letters")) as url:
        db = open_database(url)
        Post(db, Mailbox())
        yield db
        db.close()


def opened(browser: Any, wide: int, **said: Any) -> Any:
    """A page that runs scripts, as no mail program should; what it asks for elsewhere and says is gathered."""
    page = browser.new_context(viewport={"width": wide, "height": 844}, **said).new_page()
    page.troubles = []
    page.on("dialog", lambda dialog: (page.troubles.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: page.troubles.append(message.text))
    page.on("request", lambda request: page.troubles.append(request.url))
    return page


def grave(page: Any) -> list[str]:
    """What of a letter shuts somebody out, in the eyes of axe-core; a letter has no landmarks as a site has."""
    found = Axe().run(page).response["violations"]
    return [str((one["id"], one["help"])) for one in found if one["impact"] in {"serious", "critical"}]


@pytest.mark.parametrize("wide", [390, 1280])
@pytest.mark.parametrize("code", ["en", "de", "fr", "es"])
def test_every_letter_is_read_in_four_languages_on_a_phone_and_a_screen(
    there: Database, browser: Any, shots: Path, code: str, wide: int
) -> None:
    found = previews(there, moment_number(NOW), "A", [], [code])
    assert found is not None
    assert [one.kind for one in found] == list(PREVIEWS)
    page = opened(browser, wide)
    for one in found:
        page.emulate_media(color_scheme="light")
        page.set_content(one.html)
        page.screenshot(path=shots / f"{one.kind}-{code}-{wide}.png", full_page=True)
        assert page.locator("html").get_attribute("lang").startswith(code)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, one.kind
        assert "Oak chair" in page.locator("body").inner_text()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(CONTRAST) == [], (one.kind, scheme)
        if code == "en":  # of all languages the tags are the same
            assert grave(page) == [], one.kind
    assert page.troubles == [], "nothing is asked for anywhere"
    page.context.close()


@contextmanager
def posted(tmp_path: Path, *letters: str) -> Iterator[tuple[Post, str]]:
    """A shop whose letters lead to the service that runs on its database."""
    with new_database("sqlite", tmp_path) as url, Mailbox() as box:
        db = open_database(url)
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            base = f"http://127.0.0.1:{service.port}"
            yield Post(db, box, *letters, pages=base), base
        db.close()


def digest(db: Database) -> list[Any]:
    """All that the database holds."""
    with db.read() as tx:
        return [tx.fetch(select(table).order_by(*table.primary_key.columns)) for table in metadata.sorted_tables]


def test_a_letter_leads_to_its_order_and_a_scanner_that_opens_its_links_changes_nothing(
    browser: Any, shots: Path, tmp_path: Path
) -> None:
    with posted(tmp_path) as (post, base):
        post.slip("2026-03-25", "2026-05-08")
        post.until_quiet()
        (got,) = post.box.got
        page = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False).new_page()
        before = digest(post.db)
        links = re.findall(r"https?://[^\s\"'<>]+", got.part("html") + got.part("plain"))
        assert len(set(links)) == 1
        assert all(link.startswith(f"{base}/s/") for link in links)
        for link in links:
            for method in ("GET", "HEAD"):
                assert page.request.fetch(link, method=method).status == 200
        assert digest(post.db) == before
        page.set_content(got.part("html"))
        page.screenshot(path=shots / "arrived-390.png", full_page=True)
        page.get_by_role("link").click()
        page.get_by_label("Keep waiting").check()
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name="Yes").click()
        expect(page.get_by_role("status")).to_contain_text("You chose to keep waiting.")
        page.get_by_role("button", name="Take it back").click()
        expect(page.get_by_role("status")).to_have_count(0)
        page.context.close()


def _hostile(post: Post) -> list[Got]:
    """All that strangers, and the shop's people, can write is hostile; every kind of letter that comes of it."""
    day, db = "2026-03-02T16:00", post.db
    said = {name: EVIL if name in {"charging", "answers", "contact"} else value for name, value in COMMUNICATION.items()
            if name != "do"}  # fmt: skip
    own = {name: EVIL.replace("{{7*7}} {order}", "{{7*7}}") for name in ("shop_name", "signature")}
    assert do(db, day, "put_communication", **said, **own) == "changed"
    assert do(db, day, "put_customer", customer="ada", name=EVIL, email="ada@example.com", country="US") == "changed"
    for sku in ("CHAIR", "STOOL"):
        do(db, day, "put_item", sku=sku, name=EVIL)
    do(db, day, "announce_supply", supply="ST", sku="STOOL", site="NY", quantity=9, expected_on="2026-04-20")
    lines = [{"line": f"{n}{EVIL}"[:60], "sku": sku, "quantity": 1} for n, sku in enumerate(("CHAIR", "STOOL"))]
    assert do(db, day, "place_order", order=EVIL[:60], customer="ada", lines=lines) == "accepted"
    do(db, day, "put_item", sku="LAMP", name=EVIL)
    assert do(db, day, "watch_item", sku="LAMP", email="ada@example.com") == "accepted"
    post.slip("2026-03-25", "2026-05-01")
    do(db, "2026-03-26T15:00", "count_stock", sku="LAMP", site="NY", quantity=4)
    do(db, "2026-03-26T15:00", "receive_supply", supply="PO", receipt="R", quantity=9)
    post.at("2026-03-26T16:00")
    post.until_quiet()
    goods = [{"line": lines[0]["line"], "quantity": 1}]
    left = {"shipment": "S", "lines": goods, "carrier": EVIL[:60], "tracking": EVIL[:60]}
    assert do(db, "2026-03-27T15:00", "ship", order=EVIL[:60], **left) == "shipped"
    rest = {"line": lines[1]["line"], "by": "merchant"}
    assert do(db, "2026-03-27T15:00", "cancel_line", order=EVIL[:60], **rest) == "cancelled"
    advance(db, "2026-03-27T17:00")
    post.at("2026-03-27T17:00")
    post.until_quiet()
    return post.box.got


def test_hostile_letters_are_text_to_a_browser_that_runs_scripts(browser: Any, shots: Path, tmp_path: Path) -> None:
    with posted(tmp_path, *ON_ORDERS) as (post, base):
        got = _hostile(post)
        page = opened(browser, 390)
        subjects = [one.read["Subject"] for one in got]
        for n, one in enumerate(got):
            read = one.read
            assert set(read.keys()) == HEADERS
            assert len(read.keys()) == len(HEADERS)
            for name in ("From", "To"):
                assert len(read[name].addresses) == 1
            assert (one.sender, one.to) == ("orders@shop.example", "ada@example.com")
            page.set_content(one.part("html"))
            page.screenshot(path=shots / f"hostile-{n}-390.png", full_page=True)
            assert page.locator("img, script, iframe, form, input").count() == 0
            assert "<script>alert(1)" in page.locator("body").inner_text()
            assert "49" not in page.locator("body").inner_text()
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            links = page.locator("a").all()
            assert all(str(link.get_attribute("href")).startswith(f"{base}/s/") for link in links)
        assert page.troubles == []
        page.context.close()
        assert len(got) >= 6, subjects
