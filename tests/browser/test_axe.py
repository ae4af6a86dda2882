"""Every page of the console, and the customer's, looked at by axe-core: nothing that shuts somebody out is on them.

Needs a Chromium, as `test_status.py` beside it does. axe-core comes with the lock, inside a package for tests.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import new_database
from owed import COMMUNICATION
from service import running
from state import apply

from backorder.adapters.http import console
from backorder.commands import accounts, inbound
from backorder.kernel.calendars import moment_number
from backorder.storage import imports
from backorder.storage.db import open_database
from backorder.storage.inbound import Delivery

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
PASSWORD = "a rather long pass phrase"
GRAVE = {"serious", "critical"}
# What a part of an address can be here. A route with a part that is not named here fails below: name it.
PARTS = {"order": "A", "supply": "PO", "sku": "LAMP", "run": "R", "kind": "items", "file": "F"}
# Answers that are no pages.
FILES = {
    "/console/lines.csv",
    "/console/supplies.csv",
    "/console/items.csv",
    "/console/settings/letter",
    "/console/static/{name:str}",
    "/console/imports/examples/{kind:str}",
    "/console/imports/runs/{run:str}/refused.csv",
}
# Pages as they are in other states than the first.
STATES = (
    "/console/?",
    "/console/lines?view=risk&sort=ordered&down=yes&sku=LAMP",
    "/console/lines?sku=none",
    "/console/lines?view=all&columns=state.item.planned.order",
    "/console/audit?actor=t&since=yesterday",
    "/console/audit?actor=nobody",
    "/console/notices?what=notice&order=A&number=1",
    "/console/notices?what=notice&order=B&number=1",
    "/console/notices?what=refund&order=C&number=1",
    "/console/orders/C",
    "/console/orders/none",
    "/console/supplies/PO?slip=7",
    "/console/supplies?view=overdue&sku=LAMP",
    "/console/items?view=all&sort=free&category=none",
    "/console/items/STOOL",
    "/console/search?q=A",
    "/console/search?q=nothing-like-it",
    "/console/settings?pack=us-ftc",
    "/console/settings?new=yes",
    "/console/settings/shops?source=oak",
    "/console/settings/selling?new=yes",
    "/console/settings/communication?kind=shipped&order=none",
    "/console/settings/wordings?kind=shipped&order=none",
    "/console/shipments?order=D",
    "/console/shipments/pick-list?order=D",
)


class Place(NamedTuple):
    base: str
    link: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A shop with something on each page: a slip, letters, an answer, a refund, goods that can leave or did."""
    with new_database("sqlite", tmp_path_factory.mktemp("axe")) as url:
        db = open_database(url)
        line = {"line": "1", "sku": "LAMP", "quantity": 2, "unit_price": "40.00"}
        order = {"do": "place_order", "currency": "USD", "paid": "80.00", "lines": [line]}
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP", "name": "Brass lamp"},
            {"do": "put_item", "sku": "STOOL", "name": "Stool"},
            {"do": "put_customer", "customer": "ada", "name": "Ada Byron", "email": "ada@example.com"},
            COMMUNICATION,
            {"do": "count_stock", "sku": "STOOL", "site": "NY", "quantity": 5},
            {"do": "announce_supply", "supply": "PO", "sku": "LAMP", "site": "NY", "quantity": 9,
             "expected_on": "2026-11-27"},
            *({**order, "order": name, "customer": "ada"} for name in ("A", "C")),
            {**order, "order": "B"},
            {"do": "place_order", "order": "D", "lines": [{"line": "1", "sku": "STOOL", "quantity": 3}]},
            {"do": "pick", "order": "D", "lines": [{"line": "1", "quantity": 1}]},
            {"do": "ship", "order": "D", "shipment": "S-1", "lines": [{"line": "1", "quantity": 1}]},
        ]  # fmt: skip
        done = apply(db, NOW - timedelta(days=9), begun)
        assert {one.outcome.value for one in done} <= {"accepted", "changed", "shipped"}, done
        late = {"do": "reschedule_supply", "supply": "PO", "expected_on": "2026-12-15"}
        then = NOW - timedelta(hours=1)
        apply(db, NOW - timedelta(hours=2), [late, {"do": "hold_order", "order": "B", "reason": "payment"}])
        apply(db, then, [{"do": "advance", "to": then.isoformat()}])
        cancel = {"do": "answer_notice", "order": "C", "answer": "cancel", "by": "ada", "means": "phone"}
        policy = {"do": "put_policy", "policy": "P", "segments": [{"name": "all", "strategy": "gain"}]}
        apply(db, NOW - timedelta(minutes=9), [cancel, policy, {"do": "reallocate", "run": "R", "policy": "P"}])
        accounts.put_account(db, moment_number(then), "ingrid", kind="person", role="admin", password=PASSWORD, by="t")
        accounts.put_account(db, moment_number(then), "shop", kind="program", role="integration", by="t")
        inbound.put_source(db, moment_number(then), "oak", form="woocommerce", account="shop", by="t")
        for n, state in enumerate(("done", "refused", "early", "ignored", "invalid")):
            inbound.record(db, Delivery("oak", str(n), moment_number(then), "order.created", "9f0", state, "A", "why"))
        with db.write() as tx:
            imports.save_import(tx, "R", "items", "a.csv", "1", "ingrid", 20, moment_number(NOW))
            imports.save_progress(tx, "R", imports.Progress(9, 7, 1), moment_number(NOW))
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            client = service.client()
            link = client.ask("POST", "/v1/orders/A/status-links", {}).json["path"]
            client.close()
            yield Place(f"http://127.0.0.1:{service.port}", str(link))


def addresses() -> list[str]:
    """Every page that there is a route for, then the other states of some."""
    found = []
    for route in console.ROUTES:
        if route.method == "GET" and route.path not in FILES:
            parts = dict(re.findall(r"\{(\w+)(:\w+)\}", route.path))
            assert parts.keys() <= PARTS.keys(), f"say in PARTS what there is to look at in {route.path}"
            found.append(re.sub(r"\{(\w+):\w+\}", lambda part: PARTS[part[1]], route.path))
    return [*found, *STATES]


def grave(page: Any) -> list[str]:
    """What on a page shuts somebody out, and where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url}: {one['id']} ({one['impact']}): {one['help']}: {node['html'][:200]}"
        for one in found
        for node in one["nodes"]
        if one["impact"] in GRAVE
    ]


@pytest.mark.parametrize(("wide", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_page_shuts_anybody_out(place: Place, browser: Any, wide: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": wide, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{place.base}/console/sign-in")
    found = grave(page)
    page.get_by_label("Name").fill("ingrid")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", level=1, name="Friday 20 November").wait_for()
    for path in addresses():
        page.goto(place.base + path)
        found += grave(page)
    page.goto(f"{place.base}/console/")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    found += grave(page)
    page.goto(place.base + place.link)
    found += grave(page)
    page.get_by_role("radio").last.check()
    page.get_by_role("button").first.click()
    found += grave(page)
    page.goto(f"{place.base}/s/no-such-link")
    found += grave(page)
    assert found == []


def test_it_would_be_seen(browser: Any) -> None:
    page = browser.new_page()
    page.set_content("<html lang=en><title>A page</title><main><h1>A page</h1><img src=data:,></main></html>")
    assert [one.split(": ")[1] for one in grave(page)] == ["image-alt (critical)"]
