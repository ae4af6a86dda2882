"""The console over HTTP: who sees what, that looking changes nothing, and that text is text."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from conftest import new_database
from service import Reply, Service, running
from sqlalchemy import select
from state import apply

from backorder.adapters.console import words
from backorder.adapters.console.today import tiles
from backorder.adapters.http.route import OPEN
from backorder.adapters.http.table import CONSOLE
from backorder.commands import accounts
from backorder.kernel.access import ROLES
from backorder.kernel.calendars import moment_number
from backorder.languages import language
from backorder.queries.desk import Desk
from backorder.queries.passing import Tally
from backorder.storage.db import open_database
from backorder.storage.tables import metadata

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
CLOSED = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; "
EVIL = "<img src=x onerror=alert(1)>\"'&=1+1{{7*7}}<script>"
PASSWORD = "a rather long pass phrase"
FORM = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}


class Shop(NamedTuple):
    url: str
    service: Service

    def give(self, now: datetime, *commands: dict[str, Any]) -> list[str]:
        db = open_database(self.url)
        said = [outcome.outcome.value for outcome in apply(db, now, commands)]
        db.close()
        return said

    def ask(self, role: str | None, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        with closing(self.service.client(role)) as client:
            return client.ask(method, path, body, **headers)

    def page(self, path: str, role: str = "admin", status: int = 200, **headers: str) -> str:
        reply = self.ask(role, "GET", path, **headers)
        assert reply.status == status, (path, reply)
        _is_page(reply)
        return reply.body.decode()

    def digest(self) -> str:
        """All that the database holds, but when a token was last used."""
        db = open_database(self.url)
        with db.read() as tx:
            tables = [table for table in metadata.sorted_tables if table.name != "tokens"]
            held = [tx.fetch(select(table).order_by(*table.primary_key.columns)) for table in tables]
        db.close()
        return hashlib.sha256(repr(held).encode()).hexdigest()


class _Reader(HTMLParser):
    """Reads a page as a browser does, and refuses what is inline or from elsewhere."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        assert tag not in {"style", "img", "iframe"}, self.get_starttag_text()
        assert tag != "script" or "src" in names
        assert not any(name == "style" or name.startswith("on") for name in names), self.get_starttag_text()
        for name, value in attrs:
            assert name not in {"src", "href", "action"} or (value or "")[:2] not in {"//", "ht", "ja"}, value


def _is_page(reply: Reply) -> None:
    """It says to the browser what every page says, and has nothing inline."""
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["content-security-policy"].startswith(CLOSED)
    assert reply.headers["cache-control"] == "private, no-store"
    _Reader().feed(reply.body.decode())


SITES = [
    {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
    {"do": "put_item", "sku": "LAMP", "name": "Brass lamp"},
    {"do": "put_customer", "customer": "ada", "name": "Ada Byron", "email": "ada@example.com", "country": "US"},
    {"do": "count_stock", "sku": "LAMP", "site": "NY", "quantity": 50},
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with new_database(request.param, tmp_path_factory.mktemp("console")) as url:
        db = open_database(url)
        then = moment_number(NOW - timedelta(days=20))
        apply(db, NOW - timedelta(days=20), SITES)
        accounts.put_account(db, then, EVIL, kind="person", role="planner", password=PASSWORD, by="test")
        accounts.put_account(db, then, "ada's", kind="person", role="viewer", customer="ada", by="test")
        bound = accounts.issue_token(db, then, "ada's", by="test")
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            service.tokens["bound"] = bound
            yield Shop(url, service)


def _path(template: str) -> str:
    return re.sub(r"{\w+:str}", "none", template) if template != "/console" else "/console/"


def _paths() -> list[str]:
    """An address of each page of the console that asks for a permission."""
    return [_path(route.path) for route in CONSOLE if route.permission != OPEN and route.method == "GET"]


def test_every_page_asks_for_its_permission(shop: Shop) -> None:
    for route in CONSOLE:
        path = _path(route.path)
        if route.permission == OPEN or route.method != "GET":  # forms: `test_console_notices.py`
            continue
        for role, permissions in ROLES.items():
            reply = shop.ask(role, route.method, path)
            assert (reply.status == 403) == (route.permission not in permissions), (role, path)
        shop.page(path, "bound", 403)


def test_who_is_not_known_signs_in_and_goes_on(shop: Shop) -> None:
    for path in _paths():
        reply = shop.ask(None, "GET", f"{path}?a=b")
        assert reply.status == 303
        assert reply.headers["location"] == f"/console/sign-in?next={quote(path, safe='')}%3Fa%3Db"
    form = shop.ask(None, "GET", "/console/sign-in?next=%2Fconsole%2F%3Fa%3Db")
    _is_page(form)
    assert 'value="/console/?a=b"' in form.body.decode()
    said = {"account": EVIL, "password": "not this one", "next": "/console/?a=b"}
    wrong = shop.ask(None, "POST", "/console/sign-in", urlencode(said).encode(), **FORM)
    assert wrong.status == 401
    _is_page(wrong)
    assert "<img" not in wrong.body.decode()
    said["password"] = PASSWORD
    elsewhere = shop.ask(
        None, "POST", "/console/sign-in", urlencode(said).encode(), **FORM | {"Sec_Fetch_Site": "cross-site"}
    )
    assert elsewhere.status == 403
    right = shop.ask(None, "POST", "/console/sign-in", urlencode(said).encode(), **FORM)
    assert (right.status, right.headers["location"]) == (303, "/console/?a=b")
    cookie = right.headers["set-cookie"]
    assert cookie.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200")
    mine = cookie.partition(";")[0]
    page = shop.ask(None, "GET", "/console/", Cookie=mine)
    assert page.status == 200
    assert "&lt;img src=x" in page.body.decode()
    assert "<img" not in page.body.decode()
    out = shop.ask(None, "POST", "/console/sign-out", b"", **FORM, Cookie=mine)
    assert (out.status, out.headers["location"]) == (303, "/console/sign-in")
    assert shop.ask(None, "GET", "/console/", Cookie=mine).status == 303


@pytest.mark.parametrize(
    "there", ["//evil.example/", "https://evil.example", "/console//evil", "/v1/docs", "/console/\r\nX: y"]
)
def test_signing_in_leads_nowhere_else(shop: Shop, there: str) -> None:
    said = urlencode({"account": EVIL, "password": PASSWORD, "next": there}).encode()
    right = shop.ask(None, "POST", "/console/sign-in", said, **FORM)
    assert (right.status, right.headers["location"]) == (303, "/console/")


def test_light_and_dark_are_kept_in_a_cookie(shop: Shop) -> None:
    assert "data-theme" not in shop.page("/console/")
    said = urlencode({"theme": "dark", "back": "/console/?x=1"}).encode()
    chosen = shop.ask("admin", "POST", "/console/theme", said, **FORM)
    assert (chosen.status, chosen.headers["location"]) == (303, "/console/?x=1")
    mine = chosen.headers["set-cookie"].partition(";")[0]
    assert 'data-theme="dark"' in shop.page("/console/", Cookie=mine)
    assert "data-theme" not in shop.page("/console/", Cookie=mine.replace("dark", '"><script>'))
    wrong = shop.ask("admin", "POST", "/console/theme", urlencode({"theme": "pink"}).encode(), **FORM)
    assert wrong.status == 422
    _is_page(wrong)


def test_the_language_is_the_browsers_until_one_is_chosen(shop: Shop) -> None:
    assert '<html lang="en"' in shop.page("/console/")
    assert '<html lang="de-AT"' in shop.page("/console/", Accept_Language="xx, de-AT;q=0.9, fr;q=0.8")
    said = urlencode({"language": "fr", "back": "/console/?x=1"}).encode()
    chosen = shop.ask("admin", "POST", "/console/language", said, **FORM)
    assert (chosen.status, chosen.headers["location"]) == (303, "/console/?x=1")
    mine = chosen.headers["set-cookie"].partition(";")[0]
    assert '<html lang="fr"' in shop.page("/console/", Cookie=mine, Accept_Language="de")
    assert '<html lang="fr-CH"' in shop.page("/console/", Cookie=mine, Accept_Language="de, fr-CH;q=0.1")
    assert ">Langue</span>" in shop.page("/console/", Cookie=mine)
    assert '<html lang="en"' in shop.page("/console/", Cookie=mine.replace("fr", '"><script>'))
    wrong = shop.ask("admin", "POST", "/console/language", urlencode({"language": "tlh"}).encode(), **FORM)
    assert wrong.status == 422
    assert "choose one of de, en, es, fr" in unescape(wrong.body.decode()).lower()


def test_what_is_not_there_is_said_as_a_page(shop: Shop) -> None:
    for path in ("/console/nothing", f"/console/{quote(EVIL, safe='')}", "/console/static/console.css"):
        text = shop.page(path, status=404)
        assert "There is nothing here" in text
        assert "<img" not in text


def test_what_pages_load_is_kept_for_ever(shop: Shop) -> None:
    text = shop.page("/console/")
    loaded = re.findall(r'(?:src|href)="(/console/static/[^"]+)"', text)
    assert len(loaded) == 2
    for path in loaded:
        reply = shop.ask(None, "GET", path)
        assert reply.status == 200
        assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_looking_changes_nothing(shop: Shop) -> None:
    before = shop.digest()
    for path in _paths():
        shop.ask("admin", "GET", path)
    assert shop.digest() == before


def _order(shop: Shop, order: str, sku: str = "LAMP", quantity: int = 2, **said: Any) -> None:
    lines = [{"line": "1", "sku": sku, "quantity": quantity, "unit_price": "50.00"}]
    placed = {"do": "place_order", "order": order, "customer": "ada", "currency": "USD", "lines": lines, **said}
    assert shop.give(NOW - timedelta(days=8), placed) == ["accepted"]


def _supply(shop: Shop, supply: str, sku: str, day: str, quantity: int = 9, *, confirmed: bool = True) -> None:
    supplied = {"do": "announce_supply", "supply": supply, "sku": sku, "site": "NY", "quantity": quantity}
    assert shop.give(NOW - timedelta(days=9), {**supplied, "expected_on": day, "confirmed": confirmed}) == ["accepted"]


def _text(page: str) -> str:
    """What a page says, as one line."""
    words = re.sub(r"<[^>]+>", " ", page).replace("\u00a0", " ")
    return re.sub(r"\s+", " ", unescape(words))


def test_an_empty_house_says_how_to_begin(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        new_database("sqlite", tmp_path_factory.mktemp("empty")) as url,
        running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service,
    ):
        text = _text(Shop(url, service).page("/console/"))
        assert "Nothing has been put in yet" in text
        assert "Bring your own data" in text


def test_today_tells_what_is_in_danger_and_what_can_ship(shop: Shop) -> None:
    shop.give(NOW - timedelta(days=9), {"do": "put_item", "sku": "DESK", "name": EVIL})
    _supply(shop, "PO-1", "DESK", "2026-11-18", confirmed=False)
    _order(shop, "late 1", "DESK")
    _order(shop, "late/2", "DESK")
    _order(shop, "here")
    page = shop.page("/console/")
    text = _text(page)
    assert "Friday 20 November" in text
    assert "Promises at risk 2 of" in text
    assert f"2 lines wait for {EVIL}" in text
    assert "PO-1 was never confirmed, and has not come" in text
    assert "2 days late due 18 Nov" in text
    assert 'href="/console/orders/here"' in page
    assert "here Ada Byron" in text
    assert "Brass lamp 2 units" in text
    assert f"9 units of {EVIL} at NY. 2 lines with 4 units wait on it." in text
    assert "$200.00" in text
    assert "Ada Byron" in text
    viewer = _text(shop.page("/console/", "viewer"))
    assert "$" not in viewer
    assert "Ada Byron" not in viewer
    assert "ada" in viewer


def test_the_backlog_is_filtered_sorted_and_paged(shop: Shop) -> None:
    shop.give(NOW - timedelta(days=9), {"do": "put_item", "sku": "RUG", "name": "Rug"})
    _supply(shop, "PO-RUG", "RUG", "2026-12-08", 500)
    for n in range(70):
        _order(shop, f"rug {n:02}", "RUG", n % 5 + 1, channel="web" if n % 2 else "shop")
    for sort in ("promise", "ordered", "order", "item", "units"):
        for down in ("", "&down=yes"):
            seen, path = [], f"/console/lines?sku=RUG&sort={sort}{down}"
            while path:
                page = shop.page(path)
                seen += re.findall(r'class="strong" href="/console/orders/(rug%20\d\d)', page)
                after = re.search(r'rel="next" href="([^"]+)"', page)
                path = unescape(after[1]) if after else ""
            assert len(seen) == 70, (sort, down)
            assert len(set(seen)) == 70, (sort, down)
            if sort != "units":
                assert seen == sorted(seen, reverse=bool(down))
    assert "70 lines in 70 orders" in _text(shop.page("/console/lines?sku=RUG"))
    assert "35 lines in 35 orders" in _text(shop.page("/console/lines?sku=RUG&channel=web"))
    assert "70 lines in 70 orders" in _text(shop.page("/console/lines?supply=PO-RUG"))
    assert "No line is like this" in _text(shop.page("/console/lines?view=uncovered&sku=RUG"))
    sheet = shop.ask("viewer", "GET", "/console/lines.csv?sku=RUG")
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert sheet.body.count(b"\r\n") == 71
    assert b"Ada" not in sheet.body
    assert b"Ada Byron" in shop.ask("admin", "GET", "/console/lines.csv?sku=RUG").body
    for wrong in ("after=nonsense", "view=none", "sort=none", "sort=order&after=WyJhIl0"):
        shop.page(f"/console/lines?{wrong}", status=400)


def test_an_order_tells_its_ledger_and_why(shop: Shop) -> None:
    shop.give(NOW - timedelta(days=9), {"do": "put_item", "sku": "SOFA", "name": "Sofa"})
    _supply(shop, "PO-SOFA", "SOFA", "2026-12-01")
    _order(shop, "why/1", "SOFA", channel=EVIL)
    moved = {"do": "reschedule_supply", "supply": "PO-SOFA", "expected_on": "2026-12-15"}
    assert shop.give(NOW - timedelta(days=7), moved) == ["rescheduled"]
    page = shop.page("/console/orders/why%2F1")
    text = _text(page)
    assert "why/1, Ada Byron" in text
    assert "First promise" in text
    assert "14 days later" in text
    assert "Supply PO-SOFA was rescheduled." in text
    assert "What would change it" in text
    assert EVIL in text
    assert "Ada" not in shop.page("/console/orders/why%2F1", "viewer")
    assert "There is nothing here" in shop.page("/console/orders/none", status=404)


def test_looking_at_what_there_is_changes_nothing(shop: Shop) -> None:
    _order(shop, "looked at")
    before = shop.digest()
    lists = ("/console/", "/console/lines", "/console/lines?view=all", "/console/lines.csv?view=all")
    for path in lists:
        shop.ask("admin", "GET", path)
    for path in ("/console/orders/looked%20at", "/console/items/LAMP", "/console/supplies/stock%2FNY%2FLAMP"):
        shop.page(path)
    assert shop.digest() == before


def test_a_supply_tells_who_waits_and_what_a_slip_does(shop: Shop) -> None:
    shop.give(NOW - timedelta(days=9), {"do": "put_item", "sku": "BED", "name": "Bed"})
    _supply(shop, "PO/BED", "BED", "2026-12-01", 20)
    for n in range(3):
        _order(shop, f"bed {n}", "BED")
    page = shop.page("/console/supplies/PO%2FBED")
    text = _text(page)
    assert "20 units of Bed (BED) for NY, expected Tue 1 Dec. 3 lines wait on it; 14 of its 20 units are free." in text
    assert "Ada Byron" in text
    assert "3 promises slip , 6 units in 3 orders, worth $300.00" in text
    assert 'href="/console/orders/bed%200?line=1"' in page
    assert "Counted from Tue 1 Dec" in text
    assert "3 days 3 1 0 4 Dec 7 days 3 1 0 8 Dec 14 days 3 1 0 15 Dec 21 days 3 1 0 22 Dec" in text
    slipped = _text(shop.page("/console/supplies/PO%2FBED?slip=1"))
    assert "1 Dec 2 Dec" in slipped
    viewer = _text(shop.page("/console/supplies/PO%2FBED", "viewer"))
    assert "Ada Byron" not in viewer
    assert "worth" not in viewer
    for wrong in ("slip=0", "slip=x", "slip=1000"):
        shop.page(f"/console/supplies/PO%2FBED?{wrong}", status=400)


def test_a_supply_that_has_not_come_is_said_to_be_late(shop: Shop) -> None:
    shop.give(NOW - timedelta(days=9), {"do": "put_item", "sku": "MAT", "name": "Mat"})
    shop.give(NOW - timedelta(days=9), {"do": "put_supplier", "supplier": "loom", "name": EVIL})
    supplied = {"do": "announce_supply", "supply": "PO-MAT", "sku": "MAT", "site": "NY", "quantity": 5}
    supplied |= {"expected_on": "2026-11-17", "confirmed": True, "supplier": "loom"}
    assert shop.give(NOW - timedelta(days=9), supplied) == ["accepted"]
    _supply(shop, "PO-MAT-2", "MAT", "2026-12-15")
    _order(shop, "mat 1", "MAT", 7)
    page = shop.page("/console/supplies/PO-MAT")
    text = _text(page)
    assert f"PO-MAT from {EVIL}" in text
    assert "5 units of Mat (MAT) for NY" in text
    assert "Expected Tue 17 Nov, 3 days late Confirmed yes, for Tue 17 Nov" in text
    assert "Announced for Tue 17 Nov" in text
    page = shop.page("/console/items/MAT")
    text = _text(page)
    assert "2 supplies, 1 late , next Tue 15 Dec" in text
    assert "+5 PO-MAT late" in text
    assert "Promises at risk 1 See the lines" in text
    assert 'href="/console/lines?view=risk&amp;sku=MAT"' in page
    assert 'class="ribbon is-late"' in page
    assert 'class="node is-order is-bad"' in page
    assert "mat 1 Ada Byron: 5 of 7 units, late" in text
    assert "Ada Byron" not in shop.page("/console/items/MAT", "viewer")


def test_a_parameter_that_a_page_does_not_know_is_left_alone(shop: Shop) -> None:
    for path in ("/console/?utm_source=letter", "/console/lines?view=all&days=14", "/console/items/LAMP?days=14"):
        shop.page(path)
    shop.page("/console/lines?view=none", status=400)
    shop.page("/console/lines?view=all&view=risk", status=400)


def test_an_item_shows_its_units_and_who_holds_what(shop: Shop) -> None:
    shop.give(NOW - timedelta(days=9), {"do": "put_item", "sku": "CUP/1", "name": EVIL})
    _supply(shop, "PO-CUP-1", "CUP/1", "2026-12-01", 3)
    _supply(shop, "PO-CUP-2", "CUP/1", "2026-12-08", 300, confirmed=False)
    for n in range(4):
        _order(shop, f"cup {n}", "CUP/1")
    page = shop.page("/console/items/CUP%2F1")
    text = _text(page)
    assert EVIL in text
    assert "Waiting 8 units 4 lines" in text
    assert "303 units" in text
    assert "Out of stock. Ships by December" in text
    assert page.count('class="ribbon') == 5  # one line stands on both supplies
    assert 'href="/console/supplies/PO-CUP-1"' in page
    assert 'href="/console/orders/cup%203?line=1"' in page
    for n in range(4, 40):
        _order(shop, f"cup {n}", "CUP/1")
    many = shop.page("/console/items/CUP%2F1")
    assert "lines promised for" in many
    assert many.count('class="ribbon') < 10
    shop.give(NOW - timedelta(days=9), {"do": "put_item", "sku": "NOTHING"})
    assert "Nothing is on its way" in _text(shop.page("/console/items/NOTHING"))


def test_one_box_finds_orders_items_supplies_and_customers(shop: Shop) -> None:
    shop.give(NOW - timedelta(days=9), {"do": "put_item", "sku": "FIND-1%", "name": "Ümlaut jug"})
    _supply(shop, "FIND-2", "FIND-1%", "2026-12-01")
    _order(shop, "FIND/3", "FIND-1%")
    page = shop.page("/console/search?q=FIND")
    for link in ("items/FIND-1%25", "supplies/FIND-2", "orders/FIND%2F3"):
        assert f'href="/console/{link}"' in page
    assert "FIND-1%" in _text(shop.page("/console/search?q=jug"))
    for text, place in (
        ("FIND%2F3", "orders/FIND%2F3"),
        ("FIND-1%25", "items/FIND-1%25"),
        ("FIND-2", "supplies/FIND-2"),
    ):
        reply = shop.ask("admin", "GET", f"/console/search?q={text}")
        assert (reply.status, reply.headers["location"]) == (303, f"/console/{place}")
    assert "/console/lines?view=all&amp;customer=ada" in shop.page("/console/search?q=Byr")
    assert "Nothing found" in shop.page("/console/search?q=Byr", "viewer")
    assert "Byron" not in shop.page("/console/search?q=FIND", "viewer")
    assert "Nothing found" in shop.page("/console/search?q=%25")
    assert "Nothing found" in shop.page(f"/console/search?q={quote(EVIL + 'x')}")
    shop.page("/console/search")
    shop.page(f"/console/search?q={'x' * 201}", status=400)


def test_ids_are_found_in_other_letters_and_orders_say_how_far_they_are(shop: Shop) -> None:
    shop.give(NOW - timedelta(days=9), {"do": "put_item", "sku": "CASE-1", "name": "Suitcase"})
    _supply(shop, "CASE-PO", "CASE-1", "2026-12-01", 500)
    for n in range(12):
        _order(shop, f"case/{n:02}", "CASE-1")
    for text, place in (("case-po", "supplies/CASE-PO"), ("CASE/03", "orders/case%2F03"), ("case-1", "items/CASE-1")):
        reply = shop.ask("admin", "GET", f"/console/search?q={quote(text, safe='')}")
        assert (reply.status, reply.headers.get("location")) == (303, f"/console/{place}"), text
    page = shop.page("/console/search?q=CASE")
    text = _text(page)
    assert "Orders The first 10" in text
    assert "Supplies The first" not in text
    assert "case/00 Ada Byron 1 line, 1 open, promised for Tue 1 Dec" in text
    assert "CASE-PO Suitcase" in text
    assert page.count('href="/console/orders/') == 10
    assert "case/00 ada 1 line" in _text(shop.page("/console/search?q=case", "viewer"))
    assert "stock/NY/LAMP" not in shop.page("/console/search?q=stock")
    assert "Nothing found" in shop.page("/console/search?q=stock%2FNY")


def test_beside_a_page_stand_who_looks_and_the_views_they_keep(shop: Shop) -> None:
    db = open_database(shop.url)
    for n in range(7):
        said = {"do": "put_view", "view": f"v{n}", "owner": "admin", "name": f"{EVIL[:20]} {n}", "shared": n == 6}
        outcome = apply(db, NOW, [said])
        assert outcome[0].outcome.value == "accepted", outcome
    db.close()
    page = shop.page("/console/")
    assert page.count('href="/console/lines?saved=v') == 5
    foot = _text(page[page.index('class="side-foot"') :].partition("</p>")[0])
    assert foot.count("admin") == 1, "who has the name of a role is not named twice"
    viewer = shop.page("/console/lines?saved=v6", "viewer")
    assert 'href="/console/lines?saved=v6" aria-current="page"' in viewer
    assert "saved=v1" not in viewer
    assert 'href="/console/lines?saved=v0"' in shop.page("/console/orders/none", status=404)


def test_times_are_those_of_the_zone_that_a_page_names(shop: Shop) -> None:
    """A moment is said by the shop's clock wherever a page names the zone: no such page says UTC besides."""
    folder = files("backorder.adapters.console")
    says = {one.name for one in folder.iterdir() if one.name.endswith(".html") and "UTC" in one.read_text("utf-8")}
    assert says - {"run.html"} == {"audit.html", "imports.html", "taking.html"}, "which name no zone"
    _order(shop, "timed")
    text = _text(shop.page("/console/orders/timed"))
    assert "Thu 12 Nov, 10:00" in text
    assert "Days and times in America/New_York" in text


def test_what_nobody_counts_on_is_not_added_up() -> None:
    many, speaks = Tally(words.MANY + 1, 0, 0), language("en")
    found = Desk("UTC", NOW.date(), True, many, many, many, [], [], [], False, [], 0, many.lines)
    for tile in tiles(found, None, supply=True):
        assert (speaks.word(tile.value), "units" in speaks.word(tile.more)) == ("10,000+", False), tile
