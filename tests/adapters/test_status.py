"""The status page over HTTP: what a customer reads and chooses, and what everybody else does not get."""

import hashlib
import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from conftest import new_database
from owed import COMMUNICATION
from service import Client, Reply, running
from sqlalchemy import select
from state import apply

from backorder.commands.status import GRACE
from backorder.kernel.calendars import moment_number
from backorder.queries import check
from backorder.storage.db import open_database
from backorder.storage.tables import metadata
from backorder.worker import Worker

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
CLOSED = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
EVIL = "<img src=x onerror=alert(1)>\"'&\n=1+1\u202e{{7*7}} <script>"
LAMP = {"line": "1", "sku": "LAMP", "quantity": 1, "requested_on": "2026-11-30"}


class Shop(NamedTuple):
    url: str
    admin: Client
    nobody: Client

    def give(self, now: datetime, *commands: dict[str, Any]) -> list[str]:
        db = open_database(self.url)
        said = [outcome.outcome.value for outcome in apply(db, now, commands)]
        db.close()
        return said

    def work(self, now: datetime) -> None:
        db = open_database(self.url)
        Worker(db, lambda: moment_number(now)).run_once(moment_number(now))
        db.close()

    def link(self, order: str, **said: Any) -> str:
        made = self.admin.ask("POST", f"/v1/orders/{quote(order, safe='')}/status-links", said)
        assert made.status == 201, made
        return str(made.json["path"])

    def digest(self) -> str:
        """All that the database holds, but when a token was last used."""
        db = open_database(self.url)
        with db.read() as tx:
            tables = [table for table in metadata.sorted_tables if table.name != "tokens"]
            held = [tx.fetch(select(table).order_by(*table.primary_key.columns)) for table in tables]
        db.close()
        return hashlib.sha256(repr(held).encode()).hexdigest()

    def choice(self, order: str) -> tuple[Any, ...]:
        db = open_database(self.url)
        table = metadata.tables["status_choices"]
        with db.read() as tx:
            rows = tx.fetch(select(table).where(table.c.order_id == order).order_by(table.c.n.desc()))
        db.close()
        return dict(zip(table.c.keys(), rows[0], strict=True)) if rows else {}

    def line(self, order: str, line: str = "1") -> dict[str, Any]:
        return self.admin.ask("GET", f"/v1/orders/{order}/lines/{line}").json


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with new_database(request.param, tmp_path_factory.mktemp("status")) as url:
        now = NOW.isoformat()
        with running(url, BACKORDER_NOW=now, BACKORDER_WORKER="no") as service:
            found = Shop(url, service.client(), service.client(None))
            begun = found.give(
                NOW - timedelta(days=9),
                {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
                {"do": "put_item", "sku": "LAMP", "name": "Lamp"},
                {"do": "put_item", "sku": "STOOL", "name": "Oak stool"},
                {"do": "put_customer", "customer": "ada", "email": "ada@example.com", "country": "US"},
                {"do": "put_customer", "customer": "eve", "country": "DE", "language": "de"},
                COMMUNICATION,
                {"do": "count_stock", "sku": "LAMP", "site": "NY", "quantity": 50},
                {"do": "count_stock", "sku": "STOOL", "site": "NY", "quantity": 50},
            )  # fmt: skip
            assert set(begun) <= {"accepted", "changed"}
            yield found
            found.admin.close()
            found.nobody.close()
        db = open_database(url)
        assert check.run(db) == []
        db.close()


def late(
    shop: Shop, order: str, name: str = "Oak chair", lines: list[dict[str, Any]] | None = None, **said: Any
) -> None:
    """An order whose supply slips to January, and whose customer was told; lines are of LATE, or what is there."""
    then, sku = NOW - timedelta(days=8), f"LATE {order}"
    supply = {"do": "announce_supply", "supply": f"S {order}", "sku": sku, "site": "NY", "quantity": 9}
    lines = lines or [{"line": "1", "sku": "LATE", "quantity": 2, "unit_price": "50.00"}]
    lines = [{**line, "sku": sku if line["sku"] == "LATE" else line["sku"]} for line in lines]
    placed = {"do": "place_order", "order": order, "customer": "ada", "currency": "USD", "paid": "100.00"}
    outcomes = shop.give(
        then,
        {"do": "put_item", "sku": sku, "name": name, "substitutes": ["STOOL", "LAMP"] if name == "Desk" else []},
        {**supply, "expected_on": "2026-12-01"},
        {**placed, "lines": lines, **said},
        {"do": "reschedule_supply", "supply": f"S {order}", "expected_on": "2027-01-12"},
    )
    assert set(outcomes) == {"accepted", "rescheduled"}
    shop.give(then + timedelta(hours=1), {"do": "send_notice", "order": order})


def fields(page: Reply) -> dict[str, str]:
    """The hidden fields of the page's form."""
    return {
        name: html.unescape(value)
        for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.body.decode())
    }


def post(client: Client, path: str, said: dict[str, Any], **headers: str) -> Reply:
    return client.ask(
        "POST",
        path,
        urlencode(said, doseq=True).encode(),
        Content_Type="application/x-www-form-urlencoded",
        **headers,
    )


def seen(client: Client, path: str, said: dict[str, Any]) -> Reply:
    """The second page of a choice."""
    on = post(client, path, said)
    assert on.status == 303, on
    return client.ask("GET", on.headers["location"])


def choose(client: Client, path: str, answer: str, **more: Any) -> Reply:
    """Choose and confirm, as a browser does."""
    shown = client.ask("GET", path)
    second = seen(client, path, {**fields(shown), "answer": answer})
    assert second.status == 200, second
    found: dict[str, Any] = fields(second)
    boxes = re.findall(r'name="line" value="([^"]*)" checked', second.body.decode())
    return post(client, path, {**found, **({"line": boxes} if boxes else {}), **more})


def test_the_page_says_where_it_is_and_hides_nothing(shop: Shop) -> None:
    late(shop, "P-1")
    path, nobody = shop.link("P-1"), shop.nobody
    page = nobody.ask("GET", path)
    assert page.status == 200
    assert page.headers["content-security-policy"] == CLOSED
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "noindex" in page.headers["x-robots-tag"]
    text = page.body.decode()
    assert "<script" not in text
    assert " style=" not in text
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text), "nothing from elsewhere"
    assert "January\u00a012,\u00a02027" in text
    assert "First told: <s>" in text
    assert "Oak chair" in text
    assert "If you do not agree by" in text, "the letter, word for word"
    order = [text.index(f">{title}<") for title in ("Keep waiting", "Cancel for a full refund")]
    assert order == sorted(order)
    sheet = re.search(r'href="(/s/style[^"]*)"', text)
    assert sheet is not None
    css = nobody.ask("GET", sheet[1])
    assert css.status == 200
    assert len(page.body) + len(css.body) <= 30_000
    assert "checked" not in text, "nothing is chosen beforehand"


def test_looking_changes_nothing(shop: Shop) -> None:
    late(shop, "P-2")
    path, nobody = shop.link("P-2"), shop.nobody
    before = shop.digest()
    page = nobody.ask("GET", path)
    links = re.findall(r'(?:href|action)="([^"]*)"', page.body.decode())
    every = {path, f"{path}.json", f"{path}/snippet"}
    every |= {html.unescape(link) if link.startswith("/") else path + html.unescape(link) for link in links}
    assert len(every) >= 8
    for link in every:
        for method in ("GET", "HEAD"):
            assert nobody.ask(method, link.partition("#")[0]).status in {200, 405}
    second = seen(nobody, path, {**fields(page), "answer": "cancel"})
    assert second.status == 200
    assert b"Yes, cancel it" in second.body
    assert shop.digest() == before, "not even choosing does, before it is confirmed"


def test_a_choice_can_be_taken_back_until_it_takes_effect(shop: Shop) -> None:
    late(shop, "P-3")
    path, nobody = shop.link("P-3"), shop.nobody
    done = choose(nobody, path, "cancel")
    assert (done.status, done.headers["location"]) == (303, f"{path}?lang=en")
    assert shop.choice("P-3")["state"] == "pending"
    assert shop.line("P-3")["waiting"] == 2
    page = nobody.ask("GET", path)
    assert b"You chose to cancel for a full refund." in page.body
    assert b'name="answer"' not in page.body
    back = post(nobody, path, fields(page))
    assert back.status == 303
    assert shop.choice("P-3")["state"] == "withdrawn"
    again = post(nobody, path, fields(page))
    assert again.status in {303, 409}
    shop.work(NOW + timedelta(hours=1))
    assert shop.line("P-3")["waiting"] == 2
    assert b"and took it back" in nobody.ask("GET", path).body


def test_a_choice_takes_effect_as_the_answer_that_it_is(shop: Shop) -> None:
    late(shop, "P-4")
    path, nobody = shop.link("P-4"), shop.nobody
    assert choose(nobody, path, "cancel").status == 303
    shop.work(NOW + timedelta(microseconds=GRACE - 1))
    assert shop.line("P-4")["waiting"] == 2
    shop.work(NOW + timedelta(microseconds=GRACE))
    assert shop.line("P-4")["cancelled"] == 2
    choice = shop.choice("P-4")
    assert (choice["state"], choice["outcome"]) == ("done", "answered")
    admin = shop.admin
    entries = admin.ask("GET", "/v1/orders/P-4/evidence?format=json").json["entries"]
    answer = next(entry for entry in entries if entry["kind"] == "left")
    assert (answer["by"], answer["means"], answer["notice"]) == ("customer", "link", 1)
    assert answer["note"].startswith("status page, link 1, text status-1 (en) ")
    assert answer["note"].endswith(hashlib.sha256(choice["said"].encode()).hexdigest()[:16])
    page = nobody.ask("GET", path)
    assert b"Your order is cancelled" in page.body
    assert b"$100.00 goes back to you by" in page.body


def test_who_waits_agrees_to_the_day_that_was_shown(shop: Shop) -> None:
    late(shop, "P-5")
    path, nobody = shop.link("P-5"), shop.nobody
    assert choose(nobody, path, "wait").status == 303
    shop.work(NOW + timedelta(hours=1))
    admin = shop.admin
    entries = admin.ask("GET", "/v1/orders/P-5/evidence?format=json").json["entries"]
    agreed = next(entry for entry in entries if entry["kind"] == "agreed")
    assert (agreed["to_day"], agreed["means"]) == ("2027-01-12", "link")
    page = nobody.ask("GET", path)
    assert b"You agreed to wait until January\xc2\xa012,\xc2\xa02027." in page.body
    assert b">Keep waiting<" not in page.body
    assert b">Cancel for a full refund<" in page.body


def test_another_item_is_taken_only_with_express_consent(shop: Shop) -> None:
    late(shop, "P-6", "Desk")
    path, nobody = shop.link("P-6"), shop.nobody
    page = nobody.ask("GET", path)
    found = re.search(r'value="(substitute-\w+)"', page.body.decode())
    assert found is not None
    assert "Oak stool" in page.body.decode()
    without = choose(nobody, path, found[1])
    assert without.status == 422
    assert shop.choice("P-6") == {}
    assert choose(nobody, path, found[1], consent="yes").status == 303
    shop.work(NOW + timedelta(hours=1))
    assert shop.choice("P-6")["state"] == "done"
    assert shop.line("P-6")["cancelled"] == 2
    assert shop.line("P-6", "1-STOOL")["allocated"] == 2


def test_what_is_ready_leaves_where_that_is_chosen_and_only_some_lines_are_cancelled(shop: Shop) -> None:
    lines = [
        {"line": "1", "sku": "LATE", "quantity": 1, "unit_price": "50.00"},
        {"line": "2", "sku": "LAMP", "quantity": 1, "unit_price": "50.00", "requested_on": "2026-11-30"},
    ]
    late(shop, "P-7", lines=lines, ship="complete")
    path, nobody = shop.link("P-7"), shop.nobody
    assert choose(nobody, path, "ship_available").status == 303
    shop.work(NOW + timedelta(hours=1))
    admin = shop.admin
    left = {"shipment": "S-7", "order": "P-7", "lines": [{"line": "2", "quantity": 1}]}
    late(shop, "P-8", lines=lines)
    other = shop.link("P-8")
    assert choose(nobody, other, "cancel", line=["1"]).status == 303
    held = admin.ask("POST", "/v1/orders/P-8/pick", {"lines": [{"line": "1", "quantity": 1}]}, Idempotency_Key='"p-8"')
    assert (held.status, held.json["outcome"]) == (409, "held")
    assert admin.ask("POST", "/v1/shipments", {**left, "order": "P-8", "shipment": "S-8"}).status == 200
    shop.work(NOW + timedelta(hours=1))
    assert (shop.line("P-8")["cancelled"], shop.line("P-8", "2")["shipped"]) == (1, 1)
    assert admin.ask("POST", "/v1/shipments", left).status == 200


@pytest.mark.parametrize("what", ["unknown", "tampered", "revoked", "ended", "nonsense", "%00", "style"])
def test_what_opens_nothing_is_answered_alike(shop: Shop, what: str) -> None:
    order = f"G-{what}"
    late(shop, order, lines=[LAMP])
    path, nobody, admin = shop.link(order, days=1), shop.nobody, shop.admin
    assert nobody.ask("GET", path).status == 200
    if what == "revoked":
        assert admin.ask("POST", f"/v1/orders/{order}/status-links/revoke", {}, Idempotency_Key='"r"').status == 200
    elif what == "ended":
        shipped = {"do": "ship", "shipment": order, "order": order, "lines": [{"line": "1", "quantity": 1}]}
        older = {"do": "put_status_link", "order": order, "digest": hashlib.sha256(b"E" * 43).hexdigest(), "days": 1}
        shop.give(NOW - timedelta(days=2), older, shipped)
        path = "/s/" + "E" * 43
    else:
        path = {"tampered": path[:-1] + ("A" if path[-1] != "A" else "B"), "unknown": "/s/" + "x" * 43}.get(
            what, f"/s/{what}"
        )
    gone = nobody.ask("GET", path)
    assert gone.status == 404
    assert gone.body == nobody.ask("GET", "/s/" + "A" * 43).body
    assert b"This link does not open an order" in gone.body
    assert order.encode() not in gone.body
    assert post(nobody, path, {"step": "choose", "answer": "cancel"}).body == gone.body
    assert nobody.ask("GET", f"{path}/snippet").status == 404
    programs = nobody.ask("GET", f"{path}.json")
    assert programs.status == 404
    assert path.rpartition("/")[2].encode() not in programs.body


def test_a_form_without_its_proof_or_from_elsewhere_does_nothing(shop: Shop) -> None:
    late(shop, "P-9")
    late(shop, "P-10")
    path, other, nobody = shop.link("P-9"), shop.link("P-10"), shop.nobody
    page = nobody.ask("GET", path)
    whole = {**fields(page), "answer": "cancel"}
    second = fields(seen(nobody, path, whole))
    before = shop.digest()
    wrong = [
        ({}, 400),
        ({"step": "confirm", "answer": "cancel"}, 400),
        ({**whole, "nonce": ""}, 400),
        ({**whole, "nonce": whole["nonce"][:-1] + ("1" if whole["nonce"][-1] == "0" else "0")}, 400),
        ({**whole, "nonce": "0.a.b.c"}, 400),
        ({**second, "nonce": whole["nonce"]}, 400),
        ({**second, "answer": "wait"}, 409),
        ({**whole, "answer": ""}, 422),
        ({**second, "answer": "everything"}, 409),
        ({**whole, "step": "undo"}, 400),
    ]
    for said, status in wrong:
        refused = post(nobody, path, said)
        assert refused.status == status, said
        assert b"Nothing was changed" in refused.body
    assert nobody.ask("GET", f"{path}?answer=everything").status == 409
    assert post(nobody, other, second).status == 400, "the proof of another link"
    assert post(nobody, path, second, Sec_Fetch_Site="cross-site").status == 403
    assert nobody.ask("POST", path, b"{}").status == 415
    assert post(nobody, path, {"step": "x" * 70_000}).status == 413
    assert shop.digest() == before


def test_the_same_form_twice_has_one_effect(shop: Shop) -> None:
    late(shop, "P-11")
    path, nobody = shop.link("P-11"), shop.nobody
    second = fields(seen(nobody, path, {**fields(nobody.ask("GET", path)), "answer": "cancel"}))
    assert [post(nobody, path, second).status for _ in range(3)] == [303, 303, 303]
    assert shop.choice("P-11")["n"] == 1
    stale = post(nobody, path, {**second, "nonce": "x"})
    assert stale.status == 400


def test_a_page_that_is_older_than_the_news_confirms_nothing(shop: Shop) -> None:
    late(shop, "P-12")
    path, nobody = shop.link("P-12"), shop.nobody
    second = fields(seen(nobody, path, {**fields(nobody.ask("GET", path)), "answer": "wait"}))
    shop.give(NOW, {"do": "promise_line", "order": "P-12", "line": "1", "day": "2027-03-03", "by": "kim"})
    moved = post(nobody, path, second)
    assert moved.status == 409
    assert b"changed while you were looking" in moved.body
    assert shop.choice("P-12") == {}
    page = nobody.ask("GET", path)
    assert "Your order ships by March\u00a03,\u00a02027" in page.body.decode(), (
        "the worse day is seen before it is told"
    )


def test_after_it_left_and_after_the_last_day_nothing_is_lost(shop: Shop) -> None:
    late(shop, "P-13", lines=[LAMP])
    path, nobody = shop.link("P-13"), shop.nobody
    first = nobody.ask("GET", path)
    second = fields(seen(nobody, path, {**fields(first), "answer": "cancel"}))
    shipped = {"do": "ship", "shipment": "S-13", "order": "P-13", "lines": [{"line": "1", "quantity": 1}]}
    assert shop.give(NOW, shipped) == ["shipped"]
    refused = post(nobody, path, second)
    assert refused.status == 409
    assert b"cannot be chosen any more" in refused.body
    page = nobody.ask("GET", path)
    assert b"Your order has been sent" in page.body
    assert b'name="answer"' not in page.body

    late(shop, "P-14")
    other = shop.link("P-14")
    assert choose(nobody, other, "wait").status == 303
    shop.work(NOW + timedelta(days=120))  # the worker stood still: the answer counts as of when it was given
    assert (shop.choice("P-14")["state"], shop.choice("P-14")["outcome"]) == ("done", "answered")


def test_a_hostile_order_shows_as_text(shop: Shop) -> None:
    line = {"line": "<b>1", "sku": "LATE", "quantity": 1, "unit_price": "5.00"}
    late(shop, "<i>E&1", EVIL, [line])
    path, nobody = shop.link("<i>E&1"), shop.nobody
    page = nobody.ask("GET", path)
    text = page.body.decode()
    assert page.status == 200
    for mark in ("<img", "<script", "<i>E", "<b>1", "\u202e"):
        assert mark not in text.replace(EVIL, "")
    assert "49" not in re.sub(r'value="[^"]*"|style.css\S*', "", text), "no template runs in a name"
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert choose(nobody, path, "cancel").status == 303
    assert nobody.ask("GET", f"{path}/snippet").body.count(b"<img") == 0


@pytest.mark.parametrize(
    ("asked", "accept", "lang"),
    [
        ("?lang=fr", "de", "fr"),
        ("", "es-MX;q=0.9, xx", "es"),
        ("", "tlh", "de"),
        ("?lang=tlh", "", "de"),
        ("?lang=en", "", "en"),
    ],
)
def test_it_speaks_as_it_is_asked_to_or_as_its_customer_does(shop: Shop, asked: str, accept: str, lang: str) -> None:
    order = f"L-{abs(hash((asked, accept)))}"
    line = {"line": "1", "sku": "LAMP", "quantity": 1}
    shop.give(NOW, {"do": "place_order", "order": order, "customer": "eve", "lines": [line]})
    nobody = shop.nobody
    page = nobody.ask("GET", shop.link(order) + asked, **({"Accept_Language": accept} if accept else {}))
    assert f'<html lang="{lang}' in page.body.decode()


def test_a_link_that_only_reads_lets_nobody_choose(shop: Shop) -> None:
    late(shop, "P-15")
    full, path, nobody = shop.link("P-15"), shop.link("P-15", purpose="read"), shop.nobody
    page = nobody.ask("GET", path)
    assert page.status == 200
    assert b'name="answer"' not in page.body
    second = fields(nobody.ask("GET", full))
    assert post(nobody, path, {**second, "answer": "cancel"}).status == 403


def test_programs_get_the_same(shop: Shop) -> None:
    late(shop, "P-16")
    path, nobody = shop.link("P-16"), shop.nobody
    found = nobody.ask("GET", f"{path}.json?lang=de")
    assert found.headers["access-control-allow-origin"] == "*"
    said = found.json
    assert (said["order"], said["answer_by"]) == ("P-16", "2026-12-31")
    assert [one["answer"] for one in said["choices"]] == ["wait", "cancel"]
    assert (said["lines"][0]["first_promise"], said["lines"][0]["promise"]) == ("2026-12-02", "2027-01-12") or said[
        "lines"
    ]
    assert said["says"][0].startswith("Ihre Bestellung")
    piece = nobody.ask("GET", f"{path}/snippet")
    assert piece.status == 200
    assert b"<script" not in piece.body
    assert b"style" not in piece.body
    assert path.encode() in piece.body


def test_links_end_with_the_address_and_the_person(shop: Shop) -> None:
    nobody = shop.nobody
    for order, gone in (
        ("M-1", {"do": "put_customer", "customer": "mia", "email": "new@example.com"}),
        ("M-2", {"do": "erase_person", "customer": "mia"}),
    ):
        shop.give(NOW, {"do": "put_customer", "customer": "mia", "email": f"{order}@example.com"})
        line = {"line": "1", "sku": "LAMP", "quantity": 1}
        shop.give(NOW, {"do": "place_order", "order": order, "customer": "mia", "lines": [line]})
        path = shop.link(order)
        shop.give(NOW, {"do": "ship", "shipment": order, "order": order, "lines": [{"line": "1", "quantity": 1}]})
        assert nobody.ask("GET", path).status == 200
        assert shop.give(NOW, gone) == ["changed"]
        assert nobody.ask("GET", path).status == 404


def test_too_many_tries_are_told_to_wait(shop: Shop) -> None:
    late(shop, "P-17")
    path, nobody = shop.link("P-17"), shop.nobody
    before = shop.digest()
    statuses: list[int] = []
    while 429 not in statuses and len(statuses) < 1_000:  # a slow machine asks less often
        full = nobody.ask("GET", path)
        statuses.append(full.status)
    assert set(statuses) == {200, 429}
    assert len(statuses) > 120
    assert int(full.headers["retry-after"]) >= 1
    assert b"asked for too often" in full.body
    assert shop.digest() == before


def test_the_token_stands_nowhere_but_with_whoever_has_it(shop: Shop) -> None:
    late(shop, "P-18")
    path, nobody = shop.link("P-18"), shop.nobody
    token = path.rpartition("/")[2]
    assert choose(nobody, path, "cancel").status == 303
    db = open_database(shop.url)
    with db.read() as tx:
        for table in metadata.sorted_tables:
            assert token not in repr(tx.fetch(select(table))), table.name
    db.close()
    admin = shop.admin
    said = admin.ask("GET", "/v1/orders/P-18/status-links").json
    assert [one["purpose"] for one in said["links"]] == ["answer"]
    assert token not in str(said)
    assert any(one["actor"] == "status page" for one in admin.ask("GET", "/v1/audit?limit=9").json["items"])
    for method, place in (("DELETE", path), ("GET", f"{path}/x"), ("PUT", f"{path}.json")):
        assert token.encode() not in nobody.ask(method, place).body
