"""The settings in the console: rule packs read, webhooks seen to, accounts and tokens given and taken."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urlencode

import pytest
from console_house import FORM, House, house_with, read
from service import Client

from backorder.kernel.webhooks import key_of

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}<script>"
HOOKS = "/console/settings/webhooks"
USERS = "/console/settings/users"


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_with(request.param, tmp_path_factory, NOW, [{"do": "put_site", "site": "MAIN"}]) as found:
        yield found


def test_packs_are_shown_with_their_text_and_whether_clocks_run(house: House) -> None:
    page = house.page("/console/settings", "viewer")
    names = re.findall(r'\?pack=([^"#]+)#asks', page)
    assert len(names) >= 10, "those that come along"
    assert "The clocks are off" in page
    one = house.page(f"/console/settings?pack={names[0]}", "viewer")
    assert "SHA-256" in one
    assert 'name="text"' not in one, "who may only look puts none"
    house.page("/console/settings?pack=none", status=404)


def test_tabs_are_those_that_one_may_see(house: House) -> None:
    assert HOOKS not in house.page("/console/settings", "viewer")
    assert HOOKS in house.page("/console/settings", "integration")
    assert USERS not in house.page("/console/settings", "integration")
    assert USERS in house.page("/console/settings")
    house.page(HOOKS, "viewer", 403)
    house.page(USERS, "integration", 403)


def test_an_endpoint_is_put_given_a_secret_switched_off_and_on(house: House) -> None:
    assert "No endpoint yet" in house.page(HOOKS)
    new = {"do": "put_webhook", "new": "yes", "webhook": "shop", "url": "https://shop.example.com/in"}
    put = house.give(HOOKS, **new, events="order_*, supply_*")
    assert put.status == 303, put
    assert "has no secret yet" in house.page(put.headers["location"])
    found = house.hook()
    assert found is not None
    assert found.events == ["order_*", "supply_*"]
    drawn = house.give(HOOKS, do="rotate", webhook="shop")
    assert drawn.status == 200
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", read(drawn))
    assert secret is not None
    assert key_of(secret[0]) is not None
    assert "whsec_" not in house.page(f"{HOOKS}?webhook=shop"), "it is shown once"
    for word, state in (("test_webhook", "well"), ("disable_webhook", "disabled"), ("enable_webhook", "well")):
        assert house.give(HOOKS, do=word, webhook="shop").status == 303
        found = house.hook()
        assert found is not None
        assert found.state == state, word
    again = house.give(HOOKS, do="replay_webhook", webhook="shop", event="1", until="2")
    assert again.status == 422
    assert "Nothing in it is for this endpoint, and went before." in read(again)
    assert 'name="until" value="2"' in read(again)


def test_what_is_wrong_with_an_endpoint_is_said_and_what_was_typed_stays(house: House) -> None:
    new = {"do": "put_webhook", "new": "yes", "webhook": "shop"}
    for said, wrong in (
        ({"url": "ftp://example.com/"}, 'id="url-wrong"'),
        ({"url": "https://shop.example.com/", "events": "orders"}, "Orders is no kind of event"),
    ):
        refused = house.give(HOOKS, **new, **said)
        assert refused.status == 422
        assert wrong in read(refused)
        for typed in said.values():
            assert f'value="{typed}"' in read(refused)
    assert house.hook() is None
    assert house.give(HOOKS, do="replay_webhook", webhook="none", event="1").status == 422
    assert "Give the first event" in read(house.give(HOOKS, do="replay_webhook", webhook="none", event="soon"))
    assert house.give(HOOKS, do="rotate", webhook="none").status == 404


def test_an_account_is_made_and_its_token_is_shown_once_and_revoked(house: House) -> None:
    new = {"do": "put_account", "new": "yes", "account": "till", "kind": "program", "role": "warehouse"}
    assert house.give(USERS, **new).status == 303
    issued = house.give(USERS, do="issue_token", account="till", purpose="At the till", days="9", scopes="orders.read")
    assert issued.status == 200
    token = re.search(r"bo_([0-9a-f]+)_[A-Za-z0-9_-]+", read(issued))
    assert token is not None
    with closing(Client(house.service.port, token[0])) as client:
        assert client.ask("GET", "/v1/lines").status == 200
        assert client.ask("GET", "/v1/supplies").status == 403, "it is narrowed"
        page = house.page(f"{USERS}?account=till")
        assert token[0] not in page
        assert "At the till" in page
        assert house.give(USERS, do="revoke_token", account="till", token=token[1]).status == 303
        assert client.ask("GET", "/v1/lines").status == 401
    assert house.give(USERS, do="disable_account", account="till").status == 303
    found = house.account("till")
    assert found is not None
    assert found.disabled_at is not None
    assert house.give(USERS, do="issue_token", account="till").status == 422, "it is disabled"
    assert house.give(USERS, do="put_account", account="till", kind="program", role="buyer", enable="yes").status == 303
    found = house.account("till")
    assert found is not None
    assert (found.role, found.disabled_at) == ("buyer", None)


def test_a_person_comes_in_by_a_link(house: House) -> None:
    new = {"do": "put_account", "new": "yes", "account": EVIL, "kind": "person", "role": "viewer"}
    assert house.give(USERS, **new).status == 303
    made = house.give(USERS, do="link", account=EVIL)
    assert made.status == 200
    assert b"<img" not in made.body
    link = re.search(r"/sign-in/[A-Za-z0-9_-]+", read(made))
    assert link is not None
    assert house.ask("GET", link[0]).status == 200
    page = house.ask("GET", USERS)
    assert b"<img" not in page.body
    assert EVIL in unescape(page.body.decode())


def test_what_is_wrong_with_an_account_is_said(house: House) -> None:
    new = {"do": "put_account", "new": "yes", "account": "kim"}
    refused = house.give(USERS, **new, kind="robot", role="viewer")
    assert refused.status == 422
    assert 'id="kind-wrong"' in read(refused)
    assert 'value="kim"' in read(refused)
    assert house.give(USERS, **new, kind="person", role="king").status == 422
    assert house.give(USERS, do="issue_token", account="none").status == 422
    assert house.give(USERS, do="erase_person", account="kim").status == 422
    assert house.give(USERS, do="put_account", account="", kind="person", role="viewer").status == 422
    assert house.account("kim") is None
    for word in ("put_account", "disable_account", "issue_token", "link", "revoke_token"):
        assert house.give(USERS, do=word, account="a\0b", token="\0", kind="person").status == 422, "no name has that"
    assert house.give(HOOKS, do="rotate", webhook="\0").status == 422
    own = house.give(USERS, do="issue_token", account="admin", scopes="everything")
    assert own.status == 422
    assert "scopes" in read(own).lower()
    for days in ("soon", "0", "99999"):
        assert house.give(USERS, do="issue_token", account="admin", days=days).status == 422


def test_no_other_site_fills_a_form_in_and_nobody_who_may_not(house: House) -> None:
    body = urlencode({"do": "put_account", "account": "kim", "kind": "person", "role": "admin"}).encode()
    for path in (HOOKS, USERS):
        for site in ("cross-site", "same-site"):
            assert house.ask("POST", path, body, **{**FORM, "Sec_Fetch_Site": site}).status == 403
        for role in ("viewer", "planner", "finance"):
            assert house.ask("POST", path, body, role, **FORM).status == 403
    assert house.account("kim") is None
