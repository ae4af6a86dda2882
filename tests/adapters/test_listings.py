"""What is listed and looked up over HTTP: filters, pages, who may read which field, and ids in addresses."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from conftest import new_database
from owed import COMMUNICATION
from service import Client, Service, running

from backorder.adapters.cli import cli
from backorder.adapters.http.table import READS
from backorder.kernel.access import ROLES

# Ids that an address has to be careful with: slashes, what looks like a route, marks of its own, letters of all kinds.
ODD = (
    "2026/17",
    "a/lines/1",
    "/",
    "//",
    "x/",
    "50%",
    "%2F",
    "?a=b",
    "#1",
    "a b",
    "a+b",
    "..%2f",
    "ß/é",
    "日本/1",
    "'\"\\",
)
COMPOSED, APART = "Caf\u00e9", "Cafe\u0301"  # the same word, its last letter as one character and as two


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with new_database(request.param, tmp_path_factory.mktemp("listings")) as url, running(url) as found:
        admin = found.client()
        batch: list[dict[str, Any]] = [
            COMMUNICATION,
            {"do": "put_site", "site": "MAIN", "country": "GB", "region": "north", "transit_days": {"GB": 2}},
            {"do": "put_site", "site": "EAST", "country": "PL"},
            {"do": "put_supplier", "supplier": "ACME", "lead_time_days": 5},
            {"do": "put_supplier", "supplier": "BULK"},
            {"do": "put_category", "category": "SEATS", "max_wait_days": 90},
            {"do": "put_item", "sku": "CHAIR", "category": "SEATS", "supplier": "ACME", "cost": "7.50", "price": "20",
             "currency": "EUR"},
            {"do": "put_item", "sku": "LAMP"},
            {"do": "put_customer", "customer": "ada", "kind": "business", "tier": "gold", "name": "Ada L",
             "email": "ada@example.com", "notify": "sms:+15557654321", "tags": ["likes tea"]},
            {"do": "put_customer", "customer": "bob", "tier": "gold"},
            {"do": "announce_supply", "supply": "PO-1", "sku": "CHAIR", "site": "MAIN", "quantity": 9,
             "expected_on": "2030-05-06", "document": "DOC", "supplier": "ACME", "cost": "7", "currency": "EUR"},
            {"do": "announce_supply", "supply": "PO-2", "sku": "LAMP", "site": "EAST", "quantity": 9,
             "expected_on": "2030-05-06", "supplier": "BULK"},
            *({"do": "count_stock", "sku": sku, "site": site, "quantity": 5} for sku in ("CHAIR", "LAMP")
              for site in ("EAST", "MAIN")),
        ]  # fmt: skip
        for order, customer, day, channel in (
            ("A", "ada", "02", "web"),
            ("B", "bob", "03", "shop"),
            ("C", None, "04", "web"),
        ):
            lines = [{"line": "1", "sku": "CHAIR", "quantity": 3, "unit_price": "20"}]
            batch.append({"do": "place_order", "order": order, "customer": customer, "channel": channel, "lines": lines,
                          "currency": "EUR", "placed_at": f"2026-03-{day}T12:00:00Z"})  # fmt: skip
        segments = [{"name": "all", "strategy": "redistribute"}]
        batch += [{"do": "put_policy", "policy": name, "segments": segments} for name in ("calm", "vips")]
        batch += [{"do": "reallocate", "policy": "vips", "run": run} for run in ("R-1", "R-2")]
        batch += [
            {"do": "hold_order", "order": "C", "kind": "payment"},
            {"do": "ship", "shipment": "S-A", "order": "A", "lines": [{"line": "1", "quantity": 2}], "carrier": "post"},
            {"do": "ship", "shipment": "S-B", "order": "B", "lines": [{"line": "1", "quantity": 1}]},
            {"do": "record_delivery", "shipment": "S-A"},
            {"do": "promise_line", "order": "A", "line": "1", "day": "2030-06-03", "by": "kim"},
        ]
        outcomes = admin.ask("POST", "/v1/commands", batch).json
        assert {said["outcome"] for said in outcomes} <= {"accepted", "changed", "shipped"}, outcomes
        admin.close()
        yield found


@pytest.fixture
def admin(service: Service) -> Iterator[Client]:
    client = service.client()
    yield client
    client.close()


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("sites", ["EAST", "MAIN"]),
        ("sites?country=GB", ["MAIN"]),
        ("sites?region=south", []),
        ("suppliers", ["ACME", "BULK"]),
        ("categories", ["SEATS"]),
        ("customers", ["ada", "bob"]),
        ("customers?kind=business", ["ada"]),
        ("customers?tier=gold&kind=consumer", ["bob"]),
        ("shipments", ["S-A", "S-B"]),
        ("shipments?order=B", ["S-B"]),
        ("shipments?customer=ada", ["S-A"]),
        ("shipments?since=2200-01-01T00:00:00Z", []),
        ("shipments?since=2020-01-01T00:00:00Z&until=2200-01-01T00:00:00Z", ["S-A", "S-B"]),
        ("stock", ["CHAIR", "CHAIR", "LAMP", "LAMP"]),
        ("stock?sku=LAMP", ["LAMP", "LAMP"]),
        ("stock?site=EAST&sku=CHAIR", ["CHAIR"]),
        ("items?category=SEATS", ["CHAIR"]),
        ("items?supplier=BULK", []),
        ("orders?channel=web", ["A", "C"]),
        ("orders?held=true", ["C"]),
        ("orders?since=2026-03-03T00:00:00Z&until=2026-03-04T12:00:00Z", ["B"]),
        ("orders?since=2026-03-03T12:00:00Z", ["B", "C"]),
        ("orders?late=true", []),
        ("lines?site=EAST", ["A", "B"]),  # sites serve in the order of their codes: five units there, five in MAIN
        ("lines?site=MAIN", ["B", "C"]),
        ("supplies?site=EAST&open=true", ["PO-2"]),
        ("supplies?supplier=ACME", ["PO-1"]),
        ("supplies?document=DOC", ["PO-1"]),
        ("audit?actor=admin&what=hold_order", ["C"]),
        ("audit?subject=A&what=ship", ["A"]),
        ("audit?since=2200-01-01T00:00:00Z", []),
        ("audit?until=2000-01-01T00:00:00Z", []),
    ],
)
def test_a_filter_narrows_to_what_it_names(admin: Client, question: str, found: list[str]) -> None:
    reply = admin.ask("GET", f"/v1/{question}")
    assert reply.status == 200, reply.body
    key = 6 if question.startswith("audit") else 0
    assert [list(entry.values())[key] for entry in reply.json["items"]] == found
    assert reply.headers["cache-control"] == "private, no-store"


def test_moments_that_no_table_holds_are_refused(admin: Client) -> None:
    for said in ("2026-03-03T00:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "yesterday"):
        assert admin.ask("GET", f"/v1/orders?since={said}").status == 400, said


def test_one_thing_is_told_as_in_its_list(admin: Client) -> None:
    for what, ident in (("sites", "MAIN"), ("suppliers", "ACME"), ("categories", "SEATS"), ("customers", "ada"),
                        ("shipments", "S-A")):  # fmt: skip
        one = admin.ask("GET", f"/v1/{what}/{ident}").json
        assert one in admin.ask("GET", f"/v1/{what}").json["items"]
        assert admin.ask("GET", f"/v1/{what}/NONE").status == 404
    assert admin.ask("GET", "/v1/sites/MAIN").json["transit_days"] == {"GB": 2}
    shipment = admin.ask("GET", "/v1/shipments/S-A").json
    assert shipment["delivered_at"] is not None
    assert shipment["lines"] == [{"line": "1", "sku": "CHAIR", "site": shipment["lines"][0]["site"], "quantity": 2}]
    stock = admin.ask("GET", "/v1/stock?sku=CHAIR").json["items"]
    units = admin.ask("GET", "/v1/items/CHAIR").json
    assert sum(entry["on_hand"] for entry in stock) == units["on_hand"] == 7
    assert sum(entry["allocated"] for entry in stock) == units["allocated"] == 6
    assert all(entry["free"] == entry["on_hand"] - entry["allocated"] for entry in stock)


def test_pages_hold_everything_once_whatever_is_listed(admin: Client) -> None:
    for what in ("sites", "suppliers", "customers", "shipments", "stock", "lines", "items"):
        whole = admin.ask("GET", f"/v1/{what}?limit=200").json["items"]
        walked, after = [], ""
        while True:
            page = admin.ask("GET", f"/v1/{what}?limit=1{after}").json
            walked += page["items"]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert walked == whole
        assert len(whole) > 1


# What says of when it is, is no JSON, is not there, or has no end; it is alike for all.
MOVING = re.compile("availability|storefront|feeds|watches|stream")
# Who may read what: field by field, what each role misses of what the admin reads.
MASKS = {"name": "customers.read", "email": "customers.read", "notify": "customers.read", "tags": "customers.read",
         "cost": "money.read",
         "costs": "money.read", "at_stake": "money.read", "value_on_time": "money.read"}  # fmt: skip


def test_roles_read_the_same_but_for_the_fields_that_ask_for_more(service: Service, admin: Client) -> None:
    known = {"order": "A", "line": "1", "sku": "CHAIR", "supply": "PO-1", "document": "DOC", "shipment": "S-A",
             "customer": "ada", "site": "MAIN", "supplier": "ACME", "category": "SEATS",
             "account": "admin", "notice": "1", "pack": "eu", "policy": "vips", "run": "R-1",
             "webhook": "shop", "source": "shop"}  # fmt: skip
    assert admin.ask("PUT", "/v1/webhooks/shop", {"url": "https://shop.example.com/"}).status in {200, 201}
    assert admin.ask("PUT", "/v1/inbound/shop", {"form": "standard", "account": "integration"}).status in {200, 201}
    missed = set()
    for role, permissions in ROLES.items():
        client = service.client(role)
        for route in READS:
            if route.method != "GET" or route.permission not in permissions or MOVING.search(route.path):
                continue
            path = route.path.replace(":str", "").format(**known)
            whole, theirs = (asker.ask("GET", path).json for asker in (admin, client))
            for field in _different(whole, theirs):
                assert MASKS[field] not in permissions, (role, path, field)
                missed.add((path, field))
        client.close()
    assert missed == {("/v1/customers", "name"), ("/v1/customers", "email"), ("/v1/customers", "notify"),
                      ("/v1/customers", "tags"), ("/v1/customers/ada", "notify"),
                      ("/v1/customers/ada", "name"), ("/v1/customers/ada", "email"), ("/v1/customers/ada", "tags"),
                      ("/v1/orders/A/evidence", "name"), ("/v1/orders/A/evidence", "email"),
                      ("/v1/items/CHAIR", "cost"), ("/v1/documents/DOC", "costs"),
                      ("/v1/notices", "at_stake"),
                      ("/v1/runs", "value_on_time"), ("/v1/runs/R-1", "value_on_time")}  # fmt: skip


def _different(whole: Any, theirs: Any) -> Iterator[str]:
    """The names of fields whose values differ; what is missed is null or empty."""
    if isinstance(whole, list):
        assert len(whole) == len(theirs)
        for one, other in zip(whole, theirs, strict=True):
            yield from _different(one, other)
    elif isinstance(whole, dict) and whole.keys() == theirs.keys():
        for name, said in whole.items():
            if isinstance(said, dict | list) and theirs[name]:
                yield from _different(said, theirs[name])
            elif said != theirs[name]:
                assert not theirs[name]
                yield name


@pytest.mark.parametrize("ident", ODD)
def test_every_id_is_reached_by_its_address(admin: Client, ident: str) -> None:
    placed = {"order": ident, "lines": [{"line": ident, "sku": "LAMP", "quantity": 1}]}
    assert admin.ask("POST", "/v1/orders", placed).json["outcome"] in {"accepted", "exists"}
    there = quote(ident, safe="")
    for address in {there, there.replace("%2F", "%2f")}:
        assert admin.ask("GET", f"/v1/orders/{address}").json["order"] == ident
        assert admin.ask("GET", f"/v1/orders/{address}/lines/{address}").json["line"] == ident
        assert admin.ask("GET", f"/v1/orders/{address}/lines/{address}/explanation").json["line"]["line"] == ident
    key = {"Idempotency_Key": f'"{there}"'}
    held = admin.ask("POST", f"/v1/orders/{there}/hold", {"kind": "fraud"}, **key)
    assert (held.status, held.json["subject"]) == (200, ident)
    missing = admin.ask("GET", f"/v1/suppliers/{there}")
    assert missing.status == 404
    assert missing.json["instance"].startswith("/v1/suppliers/")


def test_stock_is_a_supply_whose_id_has_slashes(admin: Client) -> None:
    assert admin.ask("GET", "/v1/supplies/stock%2FMAIN%2FCHAIR").json["site"] == "MAIN"
    assert admin.ask("GET", "/v1/supplies/stock/MAIN/CHAIR").status == 404, "a slash parts the address"
    assert admin.ask("GET", "/v1/orders/%FF").status == 404
    assert admin.ask("GET", "/v1/orders/a%2F%FF").status == 404
    assert admin.ask("GET", "/v1/orders/a%00b").status == 404
    assert admin.ask("GET", "//v1//orders//A/").json["order"] == "A"


def test_a_word_written_in_two_ways_is_one_id_at_every_door(service: Service, admin: Client) -> None:
    line = {"line": APART, "sku": "LAMP", "quantity": 1}
    assert admin.ask("POST", "/v1/orders", {"order": APART, "lines": [line]}).json["subject"] == COMPOSED
    again = [{"do": "place_order", "order": COMPOSED, "lines": [line | {"line": COMPOSED}]}]
    assert admin.ask("POST", "/v1/commands", again).json[0]["outcome"] == "exists"
    raw = json.dumps(again, ensure_ascii=True).replace("\\u00e9", "e\\u0301").encode()  # hidden behind an escape
    assert admin.ask("POST", "/v1/commands", raw).json[0]["outcome"] == "exists"
    assert admin.ask("PUT", f"/v1/items/{quote(APART)}", {}).json["subject"] == COMPOSED
    for way in (COMPOSED, APART):
        assert admin.ask("GET", f"/v1/orders/{quote(way)}").json["order"] == COMPOSED
        assert len(admin.ask("GET", f"/v1/lines?order={quote(way)}").json["items"]) == 1
        assert admin.ask("POST", "/v1/quotes", [{"sku": way, "quantity": 1}]).json[0]["subject"] == COMPOSED
        assert admin.ask("POST", "/v1/availability", {"skus": [way]}).json[0]["sku"] == COMPOSED
        shown = CliRunner().invoke(cli, ["show", "order", way, "--json", "--database", service.url], obj=lambda: 0)
        assert json.loads(shown.stdout)["order"] == COMPOSED


def test_the_command_line_lists_and_shows_the_same(service: Service, admin: Client) -> None:
    def run(*words: str) -> Any:
        result = CliRunner().invoke(cli, [*words, "--database", service.url], obj=lambda: 1_900_000_000_000_000)
        assert result.exit_code == 0, result.output
        return result.stdout

    for what in ("sites", "suppliers", "customers", "categories", "shipments", "stock"):
        listed = json.loads(run("list", what, "--json", "--limit", "200"))
        assert listed == admin.ask("GET", f"/v1/{what}?limit=200").json["items"]
        assert str(next(iter(listed[0].values()))) in run("list", what)
        if what != "stock":
            one = {"categories": "category"}.get(what, what[:-1])
            assert json.loads(run("show", one, next(iter(listed[0].values())), "--json")) == listed[0]
    assert "2 units" not in run("show", "shipment", "S-A")
    assert "post" in run("show", "shipment", "S-A")
    assert json.loads(run("list", "orders", "--since", "2026-03-04", "--channel", "web", "--json"))[0]["order"] == "C"


@pytest.mark.parametrize("word", ["\0", "a\0b", "\x1f", "\ud800"], ids=ascii)
def test_what_no_id_can_be_is_refused_at_every_door(admin: Client, word: str) -> None:
    """As a fault of whoever asks, on both databases, and not as one of ours."""
    for method, path, body in (
        ("POST", "/v1/quotes", [{"sku": word, "quantity": 1}]),
        ("POST", "/v1/quotes", [{"sku": "CHAIR", "quantity": 1, "customer": word}]),
        ("POST", "/v1/quotes", [{"sku": "CHAIR", "quantity": 1, "sites": [word]}]),
        ("POST", "/v1/quotes", [{"sku": "CHAIR", "quantity": 1, "ship_to": {"region": word}}]),
        ("POST", "/v1/availability", {"skus": [word]}),
        ("PUT", "/v1/accounts/x", {"kind": "program", "role": "viewer", "customer": word}),
        ("GET", f"/v1/orders?customer={quote(word, errors='surrogatepass')}", None),
        ("GET", f"/v1/stock?sku={quote(word, errors='surrogatepass')}", None),
        ("GET", f"/v1/audit?actor={quote(word, errors='surrogatepass')}", None),
        ("GET", f"/v1/availability?sku={quote(word, errors='surrogatepass')}", None),
        ("GET", f"/v1/orders/{quote(word, errors='surrogatepass')}", None),
        ("PUT", f"/v1/sites/{quote(word, errors='surrogatepass')}", {}),
    ):
        reply = admin.ask(method, path, body)
        assert reply.status < 500, (path, reply.body)
        if path == "/v1/quotes":
            assert reply.status == 400
