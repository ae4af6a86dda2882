"""What customers are owed over HTTP: the queue in pages, who may see and do what, and every door with its effect."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from conftest import new_database
from owed import COMMUNICATION, PACK
from service import NOW, Client, Service, running
from state import apply

from backorder.commands import accounts
from backorder.queries import check
from backorder.storage.db import open_database

MORNING = "2026-03-25T15:10:00+00:00"  # some minutes after the slip: nothing has gone by itself yet
SHOP: list[tuple[str, list[dict[str, Any]]]] = [
    ("2026-03-02T15:00", [
        {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
        {"do": "put_item", "sku": "CHAIR", "name": "Oak chair"},
        {"do": "put_item", "sku": "STOOL"},
        {"do": "put_customer", "customer": "ada", "email": "ada@example.com", "country": "US"},
        COMMUNICATION,
        {"do": "announce_supply", "supply": "PO", "sku": "CHAIR", "site": "NY", "quantity": 50,
         "expected_on": "2026-04-01"},
        {"do": "count_stock", "sku": "STOOL", "site": "NY", "quantity": 9},
        *({"do": "place_order", "order": order, "customer": "ada" if order != "NOBODYS" else None, "currency": "USD",
           "paid": "100.00", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 2, "unit_price": "50.00"}]}
          for order in ("AGREES", "LEAVES", "MOVES", "NOBODYS", "SILENT", "TAKES", "REFUND/1", "REFUND/2")),
    ]),
    ("2026-03-03T15:00", [{"do": "cancel_line", "order": "REFUND/1", "line": "1", "quantity": 2, "by": "customer"}]),
    ("2026-03-24T15:00", [{"do": "cancel_line", "order": "REFUND/2", "line": "1", "quantity": 2, "by": "customer"}]),
    ("2026-03-25T15:00", [{"do": "reschedule_supply", "supply": "PO", "expected_on": "2026-05-08"}]),
]  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with new_database(request.param, tmp_path_factory.mktemp("owed")) as url:
        db = open_database(url)
        for moment, commands in SHOP:
            for outcome in apply(db, datetime.fromisoformat(f"{moment}+00:00"), commands):
                assert outcome.outcome.value in {"accepted", "changed", "cancelled", "rescheduled"}, outcome
        accounts.put_account(db, NOW, "portal", kind="program", role="admin", customer="ada", by="test")
        portal = accounts.issue_token(db, NOW, "portal", by="test")
        with running(url, BACKORDER_NOW=MORNING) as found:
            found.tokens["portal"] = portal
            yield found
        assert check.run(db) == []
        db.close()


@pytest.fixture
def admin(service: Service) -> Iterator[Client]:
    client = service.client()
    yield client
    client.close()


def test_messages_are_shown_as_customers_would_get_them(service: Service, admin: Client) -> None:
    asked = "/v1/notices/preview?kind=confirmation&kind=short&language=de&order=AGREES"
    told = admin.ask("GET", asked)
    assert told.status == 200
    confirmed, short = told.json
    assert (confirmed["language"], confirmed["wanted"], confirmed["made_up"]) == ("de", "de", False)
    assert (short["language"], short["wanted"], short["pack"]) == ("de", "de", "us-ftc")
    assert "AGREES" in confirmed["html"]
    assert "AGREES" in short["text"]
    assert len(admin.ask("GET", "/v1/notices/preview").json) == 12 * 4
    for words, field in (("kind=sale", "kind"), ("language=xx", "language"), ("kinds=short", "kinds")):
        refused = admin.ask("GET", f"/v1/notices/preview?{words}")
        assert (refused.status, refused.json["field"]) == (400, field)
    assert admin.ask("GET", "/v1/notices/preview?order=none").status == 404
    portal = service.client("portal")
    assert portal.ask("GET", asked).status == 403, "who is bound to a customer sees no one's messages here"
    portal.close()


def test_previews_of_notices_are_what_would_go(admin: Client) -> None:
    """A better day and a cancellation are said in the words that the law's clock sends, in the wanted language."""
    asked = "/v1/notices/preview?kind=better&kind=cancelled&order=AGREES"
    better, gone = admin.ask("GET", f"{asked}&language=en").json
    assert better["text"].startswith("Good news: your order AGREES ships sooner.")
    assert "now to ship by" in better["text"]
    assert "because we cannot deliver it:\n\n- Oak chair" in gone["text"]
    assert "100.00 USD goes back to you by" in gone["text"]
    german = admin.ask("GET", f"{asked}&language=de").json
    assert [one["language"] for one in german] == ["de", "de"]
    assert all("Bestellung AGREES" in one["text"] and not one["lacking"] for one in german)


def test_words_are_tried_before_they_are_kept(admin: Client) -> None:
    asked = "/v1/notices/preview?kind=shipped&language=en&order=AGREES"
    before = admin.ask("GET", asked).json[0]["text"]
    kept = {"wordings": [{"kind": "shipped", "language": "en", "closing": "Bye from {shop}."}]}
    assert admin.ask("PUT", "/v1/communication", kept).status in {200, 201}
    tried = admin.ask("GET", f"{asked}&opening=Hooray%2C%20{{order}}%20left.").json[0]["text"]
    assert "Hooray, AGREES left." in tried
    assert "Bye from" in tried
    assert "Hooray" not in admin.ask("GET", asked).json[0]["text"]
    assert "Bye from" not in admin.ask("GET", f"{asked}&closing=").json[0]["text"]
    gone = {"wordings": [{"kind": "shipped", "language": "en", "closing": ""}]}
    assert admin.ask("PUT", "/v1/communication", gone).status in {200, 201}
    assert admin.ask("GET", asked).json[0]["text"] == before
    for words, field in (
        ("kind=short&opening=Hi", "opening"), ("kind=back&closing={date}", "closing"), ("closing={nothing}", "closing"),
        ("opening=http://x.example", "opening"),
    ):  # fmt: skip
        refused = admin.ask("GET", f"/v1/notices/preview?{words}")
        assert (refused.status, refused.json["field"]) == (400, field), words


DUE = ["AGREES", "LEAVES", "MOVES", "NOBODYS", "SILENT", "TAKES"]
READING = (
    "/v1/notices",
    "/v1/orders/AGREES/notices",
    "/v1/orders/AGREES/notices/1",
    "/v1/orders/AGREES/refunds",
    "/v1/packs",
    "/v1/packs/eu",
    "/v1/communication",
)


def send(client: Client, path: str, body: dict[str, Any], key: str) -> Any:
    return client.ask("POST", path, body, Idempotency_Key=f'"{key}"')


def test_the_queue_comes_in_pages_that_hold_everything_once(admin: Client) -> None:
    whole = admin.ask("GET", "/v1/notices?limit=200").json
    assert whole["next"] is None
    assert [(one["what"], one["order"]) for one in whole["items"]] == [
        ("refund", "REFUND/1"),  # due by 12 March, and overdue
        *(("notice", order) for order in DUE),  # to be told before the end of 1 April
        ("refund", "REFUND/2"),  # due by 2 April
    ]
    for limit in (1, 3):
        walked, after = [], ""
        while True:
            page = admin.ask("GET", f"/v1/notices?limit={limit}{after}").json
            walked += page["items"]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert walked == whole["items"]
    assert whole["items"][1] == {
        "what": "notice",
        "order": "AGREES",
        "number": 1,
        "kind": "long",
        "state": "due",
        "deadline": "2026-04-02T04:00:00Z",
        "trouble": None,
        "amount": None,
        "currency": "USD",
        "customer": "ada",
        "units": 2,
        "at_stake": "100.00",
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("what=refund", ["REFUND/1", "REFUND/2"]),
        ("state=overdue", ["REFUND/1"]),
        ("trouble=true", ["NOBODYS"]),
        ("order=REFUND%2F2", ["REFUND/2"]),
        ("what=notice&order=NONE", []),
    ],
)
def test_a_filter_narrows_the_queue(admin: Client, asked: str, found: list[str]) -> None:
    reply = admin.ask("GET", f"/v1/notices?{asked}")
    assert [one["order"] for one in reply.json["items"]] == found
    assert reply.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("asked", ["what=letter", "state=told", "trouble=maybe", "limit=0", "after=x", "after=WyJhIl0",
                                   "after=WyIxIiwiIiwiQSIsIm5vdGljZSIsIjAiXQ", "sku=CHAIR"])  # fmt: skip
def test_what_cannot_be_asked_of_the_queue_is_refused(admin: Client, asked: str) -> None:
    assert admin.ask("GET", f"/v1/notices?{asked}").status == 400


def test_who_may_not_read_money_does_not_see_what_is_at_stake(service: Service) -> None:
    for role, seen in (("finance", "100.00"), ("service_agent", None), ("viewer", None)):
        client = service.client(role)
        one = client.ask("GET", "/v1/notices?order=SILENT").json["items"][0]
        assert (one["at_stake"], one["units"]) == (seen, 2), role
        client.close()


def test_a_caller_bound_to_a_customer_sees_nothing_of_it(service: Service) -> None:
    portal = service.client("portal")
    assert portal.ask("GET", "/v1/orders/AGREES").status == 200
    for path in READING:
        assert portal.ask("GET", path).status == 403, path
    assert (
        send(portal, "/v1/orders/AGREES/answers", {"answer": "wait", "by": "ada", "means": "link"}, "p").status == 403
    )
    portal.close()


def test_who_may_not_write_notices_is_refused_every_door(service: Service, admin: Client) -> None:
    clerk, finance = service.client("warehouse"), service.client("finance")
    before = admin.ask("GET", "/v1/orders/SILENT/notices").json
    for path, body in (
        ("notices/send", {}),
        ("notices/1/send", {}),
        ("notices/suppress", {"reason": "r", "by": "kim"}),
        ("notices/1/suppress", {"reason": "r", "by": "kim"}),
        ("notices/1/record", {"became": "delivered"}),
        ("answers", {"answer": "cancel", "by": "ada", "means": "phone"}),
    ):
        for client in (clerk, finance):
            reply = send(client, f"/v1/orders/SILENT/{path}", body, path)
            assert (reply.status, reply.json["type"]) == (403, "urn:backorder:problem:forbidden"), path
    assert send(clerk, "/v1/orders/REFUND%2F1/refunds", {"form": "cash"}, "r").status == 403
    assert clerk.ask("PUT", "/v1/communication", {"rules": None}).status == 403
    assert clerk.ask("PUT", "/v1/packs/ours", {"text": PACK}).status == 403
    assert all(clerk.ask("GET", path).status == 200 for path in READING)
    assert admin.ask("GET", "/v1/orders/SILENT/notices").json == before
    clerk.close()
    finance.close()


def test_a_notice_is_sent_read_and_answered(service: Service) -> None:
    agent = service.client("service_agent")
    due = agent.ask("GET", "/v1/orders/AGREES/notices/1").json
    assert (due["state"], due["text"], due["deadline"]) == ("due", None, "2026-04-02T04:00:00Z")
    sent = send(agent, "/v1/orders/AGREES/notices/1/send", {"by": "kim"}, "s1")
    assert (sent.status, sent.json) == (200, {"outcome": "changed", "subject": "AGREES", "quantity": 1})
    assert send(agent, "/v1/orders/AGREES/notices/1/send", {"by": "kim"}, "s1").json == sent.json, "and not sent twice"
    assert send(agent, "/v1/orders/AGREES/notices/1/send", {"by": "kim"}, "s2").status == 409
    assert send(agent, "/v1/orders/AGREES/notices/1/record", {"became": "delivered"}, "s3").status == 200
    asks = agent.ask("GET", "/v1/orders/AGREES/notices").json["items"][0]
    assert (asks["state"], asks["silence"], asks["answer_by"]) == ("asking", "cancel", "2026-05-01")
    assert "now to ship by Fri 8 May 2026" in asks["text"]
    answer = {"answer": "wait", "notice": 1, "by": "ada", "means": "phone"}
    assert send(agent, "/v1/orders/AGREES/answers", answer, "s4").json["outcome"] == "answered"
    assert agent.ask("GET", "/v1/notices?order=AGREES").json["items"] == []
    agent.close()


def test_a_date_is_changed_after_consent(service: Service) -> None:
    agent = service.client("service_agent")
    answer = {"answer": "wait", "until": "2026-05-20", "by": "ada", "means": "phone", "note": "after her holiday"}
    assert send(agent, "/v1/orders/MOVES/answers", answer, "m1").status == 200
    assert agent.ask("GET", "/v1/orders/MOVES").json["lines"][0]["promise"] == "2026-05-20"
    past = send(agent, "/v1/orders/MOVES/answers", answer | {"until": "2026-03-24"}, "m2")
    assert (past.status, past.json["field"]) == (422, "until")
    agent.close()


def test_a_notice_is_told_by_phone_or_suppressed_with_a_reason(service: Service) -> None:
    agent = service.client("service_agent")
    assert send(agent, "/v1/orders/NOBODYS/notices/send", {}, "n1").status == 409, "there is no address"
    assert send(agent, "/v1/orders/NOBODYS/notices/send", {"means": "phone"}, "n2").status == 200
    assert send(agent, "/v1/orders/TAKES/notices/1/suppress", {"by": "kim"}, "n3").status == 422, "why?"
    kept = send(agent, "/v1/orders/TAKES/notices/1/suppress", {"reason": "we called", "by": "kim"}, "n4")
    assert "if it is not, what has not shipped is cancelled" in kept.json["message"]
    told = agent.ask("GET", "/v1/orders/TAKES/notices/1").json
    assert (told["state"], told["by"], told["reason"]) == ("suppressed", "kim", "we called")
    takes = {"answer": "substitute", "lines": ["1"], "sku": "STOOL", "by": "ada", "means": "phone"}
    assert send(agent, "/v1/orders/TAKES/answers", takes, "n5").json["field"] == "consent"
    placed = send(agent, "/v1/orders/TAKES/answers", takes | {"consent": True}, "n6")
    assert placed.json["lines"][0]["sku"] == "STOOL"
    agent.close()


def test_who_leaves_is_paid_back_and_it_is_recorded(service: Service) -> None:
    agent, finance = service.client("service_agent"), service.client("finance")
    leaves = {"answer": "cancel", "by": "ada", "means": "email"}
    assert send(agent, "/v1/orders/LEAVES/answers", leaves, "l1").json["quantity"] == 2
    (due,) = finance.ask("GET", "/v1/orders/LEAVES/refunds").json["items"]
    # Seven working days after Wednesday, 25 March: until the end of Friday, 3 April.
    assert (due["amount"], due["refund_by"], due["state"]) == ("100.00", "2026-04-03", "due")
    part = send(finance, "/v1/orders/LEAVES/refunds/1", {"form": "same_method", "amount": "60.00"}, "l2")
    assert (part.status, part.json["field"]) == (422, "amount")
    assert send(finance, "/v1/orders/LEAVES/refunds/2", {"form": "same_method"}, "l3").status == 404
    assert send(finance, "/v1/orders/LEAVES/refunds/1", {"form": "same_method"}, "l4").status == 200
    assert send(finance, "/v1/orders/REFUND%2F2/refunds", {"form": "cheque", "reference": "7"}, "l5").status == 200
    assert finance.ask("GET", "/v1/notices?what=refund").json["items"][0]["order"] == "REFUND/1"
    (made,) = finance.ask("GET", "/v1/orders/REFUND%2F2/refunds").json["items"]
    assert (made["state"], made["refunded"], made["reference"]) == ("refunded", "100.00", "7")
    agent.close()
    finance.close()


@pytest.mark.parametrize("number", ["0", "x", "01", "1.0", "-1", "1000001", "99999999999", "%D9%A1"])
def test_what_is_no_number_of_a_notice_is_not_there(admin: Client, number: str) -> None:
    assert admin.ask("GET", f"/v1/orders/SILENT/notices/{number}").status == 404
    assert send(admin, f"/v1/orders/SILENT/notices/{number}/send", {}, f"no-{number}").status == 404
    assert send(admin, f"/v1/orders/SILENT/refunds/{number}", {"form": "cash"}, f"no-{number}").status == 404


def test_what_the_address_says_is_not_said_in_the_body(admin: Client) -> None:
    twice = send(admin, "/v1/orders/SILENT/notices/1/send", {"notice": 1}, "b1")
    assert (twice.status, twice.json["field"]) == (400, "notice")


def test_an_order_without_notices_is_another_thing_than_none(admin: Client) -> None:
    assert admin.ask("GET", "/v1/orders/SILENT/refunds").json == {"items": [], "next": None}
    for path in ("notices", "refunds", "notices/1"):
        assert admin.ask("GET", f"/v1/orders/NONE/{path}").status == 404
    assert admin.ask("GET", "/v1/orders/SILENT/notices/2").status == 404


def test_packs_are_put_read_and_withdrawn_and_a_broken_one_is_refused(admin: Client) -> None:
    assert admin.ask("PUT", "/v1/packs/ours", {"text": PACK}).status == 201
    found = admin.ask("GET", "/v1/packs/ours").json
    assert (found["own"], found["places"], found["text"]) == (True, ["CH"], PACK)
    listed = admin.ask("GET", "/v1/packs?limit=200").json["items"]
    assert {one["pack"]: one["digest"] for one in listed}["ours"] == found["digest"]
    broken = admin.ask("PUT", "/v1/packs/ours", {"text": PACK.replace('"ship"', '"fly"')})
    assert (broken.status, broken.json["field"]) == (422, "text")
    assert "limit.basis" in broken.json["detail"]
    assert admin.ask("PUT", "/v1/packs/theirs", {"text": PACK}).json["field"] == "pack"
    assert admin.ask("PUT", "/v1/packs/ours", {"text": None}).status == 200
    assert admin.ask("GET", "/v1/packs/ours").status == 404
    assert admin.ask("GET", "/v1/packs/eu").json["text"].startswith('pack = "eu"')


def test_how_customers_are_told_is_said_and_read(admin: Client) -> None:
    before = admin.ask("GET", "/v1/communication").json
    assert (before["rules"], before["wait_minutes"]) == ([], 30)
    assert admin.ask("PUT", "/v1/communication", {"rules": ["nowhere"]}).json["field"] == "rules[0]"
    assert admin.ask("PUT", "/v1/communication", {"wait_minutes": 45}).status == 200
    assert admin.ask("GET", "/v1/communication").json == before | {"wait_minutes": 45}
