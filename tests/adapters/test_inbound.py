"""The door for what shops send: signed as they sign, against a running service, and by the command line."""

import hashlib
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result
from conftest import new_database
from inbound import SHOPIFY, STANDARD, WOO, shopify, shopify_order, standard, woo, woo_order
from service import NOW, Reply, Service, running
from state import apply, state

from backorder.adapters.cli import cli
from backorder.adapters.cli.inbound import _FORMS
from backorder.commands import accounts, inbound
from backorder.kernel.inbound.forms import FORMS
from backorder.queries import check
from backorder.storage.db import Database, open_database
from backorder.storage.inbound import Delivery
from backorder.storage.retention import DELIVERIES_KEPT, forget, is_left

BASE = [
    {"do": "put_site", "site": "MAIN", "zone": "Europe/Berlin", "country": "DE"},
    {"do": "put_item", "sku": "CHAIR"},
    {"do": "announce_supply", "supply": "PO", "sku": "CHAIR", "site": "MAIN", "quantity": 900,
     "expected_on": "2027-06-01"},
]  # fmt: skip
SOURCES = {"oak": ("shopify", SHOPIFY), "woo": ("woocommerce", WOO), "own": ("standard", STANDARD)}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with new_database(request.param, tmp_path_factory.mktemp("inbound")) as url:
        db = open_database(url)
        assert {one.outcome.value for one in apply(db, datetime(2026, 9, 1, tzinfo=UTC), BASE)} == {"accepted"}
        for account, role in (("shop", "integration"), ("weak", "warehouse")):
            accounts.put_account(db, NOW, account, kind="program", role=role, by="test")
        for source, (form, secret) in SOURCES.items():
            inbound.put_source(db, NOW, source, form=form, account="shop", secret=secret, by="test")
        inbound.put_source(db, NOW, "weak", form="shopify", account="weak", secret=SHOPIFY, by="test")
        with running(url, BACKORDER_WORKER="no") as found:
            yield found
        assert check.run(db) == []
        db.close()


@pytest.fixture
def db(service: Service) -> Iterator[Database]:
    found = open_database(service.url)
    yield found
    found.close()


def send(service: Service, source: str, body: bytes, headers: dict[str, str]) -> Reply:
    client = service.client(None)
    try:
        return client.ask("POST", f"/v1/inbound/{source}", body, **headers)
    finally:
        client.close()


def seen(service: Service, path: str) -> Reply:
    client = service.client()
    try:
        return client.ask("GET", path)
    finally:
        client.close()


def last(service: Service, source: str) -> dict[str, object]:
    """What came of the delivery that came last."""
    return seen(service, f"/v1/inbound/{source}").json["deliveries"][0]  # type: ignore[no-any-return]  # JSON


def test_an_order_of_a_shop_is_an_order_and_comes_once(service: Service, db: Database) -> None:
    body = shopify_order("#1")
    taken = send(service, "oak", body, shopify(body))
    assert taken.status == 200
    assert (taken.json["outcome"], taken.json["order"]) == ("done", "#1")
    assert [one["outcome"] for one in taken.json["outcomes"]] == ["accepted", "accepted"]
    order = seen(service, "/v1/orders/%231").json
    assert (order["customer"], order["channel"], order["currency"]) == ("oak-115310627314723954", "oak", "EUR")
    assert [(line["line"], line["quantity"]) for line in order["lines"]] == [("866550311766439020", 2)]
    before = state(db)
    for ident in ("b54557e4", "another"):
        again = send(service, "oak", body, shopify(body, ident=ident))
        assert (again.status, again.json["outcome"]) == (200, "repeated")
    assert state(db) == before
    assert (last(service, "oak")["state"], last(service, "oak")["topic"]) == ("done", "orders/create")
    trail = seen(service, "/v1/audit?limit=200").json["items"]
    assert any(one["actor"] == "shop" and one["what"] == "place_order" and one["subject"] == "#1" for one in trail)


def test_what_the_order_says_later_is_not_a_second_order(service: Service) -> None:
    for fields in ({}, {"total_price": "1.00"}):
        body = shopify_order("#2", **fields)
        assert send(service, "oak", body, shopify(body)).json["outcome"] == "done"
    assert len(seen(service, "/v1/orders/%232").json["lines"]) == 1


def test_a_cancelled_order_is_cancelled_and_stays_so(service: Service) -> None:
    body, over = shopify_order("#3"), shopify_order("#3", cancelled_at="2026-12-02T09:00:00Z")
    assert send(service, "oak", body, shopify(body)).json["outcome"] == "done"
    for topic in ("orders/cancelled", "orders/updated"):
        assert send(service, "oak", over, shopify(over, topic)).json["outcome"] == "done"
    assert seen(service, "/v1/orders/%233").json["lines"][0]["cancelled"] == 2
    late = shopify_order("#3", total_price="2.00")
    assert send(service, "oak", late, shopify(late)).json["outcome"] == "done"
    assert seen(service, "/v1/orders/%233").json["lines"][0]["waiting"] == 0


def test_an_order_that_is_cancelled_before_it_comes_is_not_placed(service: Service) -> None:
    body, over = shopify_order("#4"), shopify_order("#4", cancelled_at="2026-12-02T09:00:00Z")
    early = send(service, "oak", over, shopify(over, "orders/cancelled"))
    assert (early.status, early.json["outcome"]) == (202, "early")
    placed = send(service, "oak", body, shopify(body))
    assert (placed.status, placed.json["outcome"]) == (202, "ignored")
    assert placed.json["why"] == "it was cancelled before it came"
    assert seen(service, "/v1/orders/%234").status == 404


def test_woocommerce(service: Service) -> None:
    body = woo_order("50", "pending")
    assert send(service, "woo", body, woo(body)).json["outcome"] == "ignored"
    body = woo_order("50")
    assert send(service, "woo", body, woo(body, "order.updated")).json["outcome"] == "done"
    assert seen(service, "/v1/orders/50").json["lines"][0]["quantity"] == 3
    body = woo_order("50", "cancelled")
    assert send(service, "woo", body, woo(body, "order.updated")).json["outcome"] == "done"
    assert seen(service, "/v1/orders/50").json["lines"][0]["cancelled"] == 3


def test_woocommerce_s_ping_is_answered_and_does_nothing(service: Service, db: Database) -> None:
    before = state(db)
    client = service.client(None)
    for path in ("woo", "none"):
        pong = client.ask(
            "POST", f"/v1/inbound/{path}", b"webhook_id=17", Content_Type="application/x-www-form-urlencoded"
        )
        assert (pong.status, pong.json["outcome"]) == (200, "pong")
    other = client.ask(
        "POST", "/v1/inbound/woo", b"webhook_id=17&order=1", Content_Type="application/x-www-form-urlencoded"
    )
    assert other.status == 415
    client.close()
    assert state(db) == before


def own(kind: str, ident: str, **data: object) -> tuple[bytes, dict[str, str]]:
    body = json.dumps({"type": kind, "timestamp": "2026-12-01T09:00:00Z", "data": data}).encode()
    return body, standard(body, ident)


def test_a_program_of_the_shop_s_own(service: Service) -> None:
    lines = [{"line": "1", "sku": "CHAIR", "quantity": 1}]
    body, headers = own("place_order", "m-1", order="own-1", lines=lines)
    assert send(service, "own", body, headers).json["outcome"] == "done"
    body, headers = own("add_lines", "m-2", order="own-1", lines=[{"line": "2", "sku": "CHAIR", "quantity": 4}])
    for _ in range(3):
        assert send(service, "own", body, standard(body, "m-2")).json["outcome"] in {"done", "repeated"}
    assert len(seen(service, "/v1/orders/own-1").json["lines"]) == 2
    body, headers = own("change_line", "m-2", order="own-1", line="1", quantity=9)
    assert send(service, "own", body, headers).json["outcome"] == "repeated", "the id came before"
    body, headers = own("put_account", "m-3", account="eve")
    ignored = send(service, "own", body, headers)
    assert (ignored.status, ignored.json["outcome"]) == (202, "ignored")
    assert "put_account is not taken" in ignored.json["why"]
    assert (last(service, "own")["state"], last(service, "own")["given"]) == ("ignored", "m-3")


def test_what_a_command_refuses_is_taken_and_seen_to_by_people(service: Service) -> None:
    body = shopify_order("#5", sku="NEW")
    refused = send(service, "oak", body, shopify(body))
    assert (refused.status, refused.json["outcome"]) == (200, "refused"), "the shop has nothing to send again"
    assert "NEW" in refused.json["why"]
    assert (last(service, "oak")["state"], last(service, "oak")["order"]) == ("refused", "#5")
    admin = service.client()
    assert admin.ask("PUT", "/v1/items/NEW", {}).status == 201
    admin.ask("POST", "/v1/stock/count", {"sku": "NEW", "site": "MAIN", "quantity": 9}, Idempotency_Key='"n"')
    admin.close()
    assert send(service, "oak", body, shopify(body)).json["outcome"] == "done", "sent again it is tried again"


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_not_proven_is_not_read_and_does_nothing(service: Service, db: Database, source: str) -> None:
    bodies = {"oak": shopify_order("#9"), "woo": woo_order("9")}
    body = bodies.get(source, own("put_customer", "m-9", customer="eve")[0])
    sign = {"oak": shopify, "woo": woo, "own": standard}[source]
    good, before = sign(body), state(db)
    other = STANDARD[:-4] + "AAA=" if source == "own" else "another secret of somebody"
    tries = [
        (body, {}),
        (body, sign(body, secret=other)),
        (body + b" ", good),
        (b"not JSON at all", good),
        (body, {name: value for name, value in good.items() if "Signature" not in name and "Hmac" not in name}),
    ]
    if source == "own":
        tries += [(body, standard(body, "m-9", datetime.now(UTC) + timedelta(minutes=step))) for step in (-6, 6)]
    for said, headers in tries:
        refused = send(service, source, said, headers)
        assert (refused.status, refused.json["type"]) == (401, "urn:backorder:problem:unproven")
        assert other not in refused.body.decode()
    assert state(db) == before, "nothing of it is kept, not even that it came"


def test_the_secret_of_one_source_opens_no_other(service: Service) -> None:
    body = shopify_order("#10")
    assert send(service, "woo", body, woo(body, secret=SHOPIFY)).status == 401
    assert send(service, "woo", body, shopify(body)).status == 401
    assert send(service, "none", body, shopify(body)).status == 404


def test_what_is_proven_and_cannot_be_read_is_refused_by_its_field(service: Service) -> None:
    for body, status, field in (
        (shopify_order("#11", currency="EURO"), 422, "currency"),
        (shopify_order("#11", line_items=[{"id": 1, "sku": "CHAIR", "quantity": 0}]), 422, "lines[0].quantity"),
        (b"{", 400, None),
        (b'{"name": "#1", "name": "#2"}', 400, None),
        (b"[]", 422, "body"),
        (b"\xff", 400, None),
    ):
        refused = send(service, "oak", body, shopify(body))
        assert (refused.status, refused.json.get("field")) == (status, field), refused.body
        assert last(service, "oak")["state"] == "invalid"
    body = shopify_order("#11")
    client = service.client(None)
    for kind in ("text/plain", "application/xml", ""):
        assert client.ask("POST", "/v1/inbound/oak", body, Content_Type=kind, **shopify(body)).status == 415
    client.close()
    head = "POST /v1/inbound/oak HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", service.port), 30) as line:  # what is declared is enough to refuse it
        line.sendall(f"{head}Content-Length: 1100000\r\n\r\n".encode())
        assert line.recv(65_536).startswith(b"HTTP/1.1 413")


HOSTILE = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "Bcc: a@b", "' OR 1=1 --", "{order}",
           "=?utf-8?q?x?=", "\u202eevil"]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_words(service: Service, text: str) -> None:
    name = f"#h-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    who = {"id": 7, "first_name": text, "last_name": "\n\r" + text, "email": text}
    body = shopify_order(name, customer=who, customer_locale=None)
    assert send(service, "oak", body, shopify(body, ident="x")).json["outcome"] == "done"
    found = seen(service, "/v1/customers/oak-7").json
    assert found["name"] == f"{text} {text}"
    topic = shopify(body, "orders/" + text.encode("ascii", "replace").decode())
    assert send(service, "oak", body, topic).json["outcome"] == "ignored"


def test_a_source_may_do_what_its_account_may(service: Service) -> None:
    body = shopify_order("#12")
    refused = send(service, "weak", body, shopify(body))
    assert refused.status == 403
    assert "customers.write" in refused.json["detail"]
    admin = service.client()
    assert admin.ask("POST", "/v1/accounts/weak/disable", {}).status == 200
    admin.close()
    assert "disabled" in send(service, "weak", body, shopify(body)).json["detail"]


def test_sources_are_put_given_other_secrets_and_taken_away(service: Service) -> None:
    admin = service.client()
    put = admin.ask("PUT", "/v1/inbound/new", {"form": "standard", "account": "shop"})
    assert (put.status, put.json["has_secret"]) == (201, False)
    body, _ = own("put_customer", "n-1", customer="ada")
    assert send(service, "new", body, standard(body)).status == 401, "without a secret nothing is proven"
    first = admin.ask("POST", "/v1/inbound/new/rotate").json["secret"]
    second = admin.ask("POST", "/v1/inbound/new/rotate").json["secret"]
    for n, secret in enumerate((first, second)):  # the one before proves for a day
        assert send(service, "new", body, standard(body, f"n-{n}", secret=secret)).json["outcome"] == "done"
    third = admin.ask("POST", "/v1/inbound/new/rotate").json["secret"]
    assert send(service, "new", body, standard(body, "n-3", secret=first)).status == 401
    said = admin.ask("GET", "/v1/inbound/new").body + admin.ask("GET", "/v1/inbound").body
    said += admin.ask("GET", "/v1/audit?limit=200").body + admin.ask("GET", "/v1/events?limit=200").body
    for secret in (first, second, third, SHOPIFY, WOO):
        assert secret.encode() not in said
    assert b"rotate_source" in said
    assert admin.ask("POST", "/v1/inbound/oak/rotate").json["field"] == "source", "Shopify gives its own"
    for wrong, field in (
        ({"form": "magento", "account": "shop"}, "form"),
        ({"form": "shopify", "account": "nobody"}, "account"),
        ({"form": "shopify", "account": "shop", "secret": "short"}, "secret"),
        ({"form": "standard", "account": "shop", "secret": SHOPIFY}, "secret"),
    ):
        refused = admin.ask("PUT", "/v1/inbound/other", wrong)
        assert (refused.status, refused.json["field"]) == (422, field)
    assert admin.ask("PUT", "/v1/inbound/new", {"form": "shopify", "account": "shop"}).json["field"] == "form"
    assert admin.ask("PUT", "/v1/inbound/a%20b", {"form": "shopify", "account": "shop"}).json["field"] == "source"
    assert admin.ask("DELETE", "/v1/inbound/new").status == 204
    assert admin.ask("DELETE", "/v1/inbound/new").status == 404
    assert send(service, "new", body, standard(body, "n-4", secret=third)).status == 404
    admin.close()
    for role in ("integration", "planner", "viewer"):
        other = service.client(role)
        assert other.ask("PUT", "/v1/inbound/new", {"form": "standard", "account": "shop"}).status == 403
        assert other.ask("DELETE", "/v1/inbound/oak").status == 403
        other.close()


def test_nobody_lets_a_shop_do_more_than_they_may_themselves(db: Database) -> None:
    accounts.put_account(db, NOW, "boss", kind="program", role="admin", by="test")
    mine = frozenset({"accounts.write"})
    with pytest.raises(inbound.Beyond):
        inbound.put_source(db, NOW, "high", form="standard", account="boss", by="eve", mine=mine)
    with pytest.raises(inbound.Beyond):
        inbound.rotate_source(db, NOW, "own", by="eve", mine=mine)
    with pytest.raises(inbound.Beyond):
        inbound.delete_source(db, NOW, "own", by="eve", mine=mine)


def test_what_came_is_forgotten_after_a_month(db: Database) -> None:
    for n, at in enumerate((NOW, NOW + DELIVERIES_KEPT)):
        inbound.record(db, Delivery("old", f"d-{n}", at, "t", "", "done", None, None))
    now = NOW + DELIVERIES_KEPT + 1
    with db.write() as tx:
        assert is_left(tx, now, 0)
        forget(tx, now, 0)
    assert inbound.had(db, "old", "d-0", None)[0] is None
    assert inbound.had(db, "old", "d-1", None)[0] is not None


def run(*words: str, url: str, said: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["inbound", *words, "--database", url], obj=lambda: NOW, input=said)


def test_the_command_line(url: str) -> None:
    db = open_database(url)
    apply(db, datetime(2026, 9, 1, tzinfo=UTC), BASE)
    accounts.put_account(db, NOW, "shop", kind="program", role="integration", by="test")
    accounts.put_account(db, NOW, "ada", kind="person", role="viewer", by="test")
    assert list(FORMS) == _FORMS
    assert "No shop sends" in run("list", url=url).output
    drawn = run("put", "own", "standard", "--account", "shop", url=url).output.splitlines()
    assert drawn[0] == "own may send as shop."
    assert FORMS["standard"].key(drawn[1]) is not None
    assert run("put", "oak", "shopify", "--account", "shop", "--secret", url=url, said=f"{SHOPIFY}\n").exit_code == 0
    found = inbound.find_source(db, "oak")
    assert found is not None
    assert inbound.proving(found, NOW) == [SHOPIFY]
    inbound.record(db, Delivery("oak", "d", NOW, "orders/create", "b54", "refused", "#1", "unknown_item: CHAIR"))
    assert "unknown_item: CHAIR" in run("show", "oak", url=url).output
    assert json.loads(run("show", "oak", "--json", url=url).output)["deliveries"][0]["state"] == "refused"
    assert "shopify" in run("list", url=url).output
    assert run("rotate", "own", url=url).output.startswith("whsec_")
    for words, code, said in (
        (("rotate", "oak"), 2, "source: shopify gives the secret"),
        (("rotate", "none"), 3, "no source none"),
        (("show", "none"), 3, "no source none"),
        (("put", "x", "shopify", "--account", "ada"), 2, "account: name the account of a program"),
        (("put", "a b", "shopify", "--account", "shop"), 2, "letters, digits"),
    ):
        refused = run(*words, url=url)
        assert refused.exit_code == code
        assert said in refused.output
    assert run("delete", "own", url=url).exit_code == 0
    assert run("delete", "own", url=url).exit_code == 3
    assert check.run(db) == []
    db.close()
