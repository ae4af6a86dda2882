"""Two people at once on the pages with forms: what one does, the other sees, and keeps what they typed and ticked.

Needs a Chromium, as `test_status.py` beside it does.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import new_database
from entering import PASSWORD, signed_in
from owed import COMMUNICATION
from playwright.sync_api import expect
from service import running
from state import apply

from backorder.commands import accounts
from backorder.kernel.calendars import moment_number
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
WIDE = {"width": 1280, "height": 700}
SOON = 3_000  # milliseconds: a look each half second, and a loaded machine
CHANGED = "This changed meanwhile."


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A shop with orders that wait for a supply which slipped, others that can leave, and a plan to commit."""
    with new_database("sqlite", tmp_path_factory.mktemp("live")) as url:
        db = open_database(url)
        lamp, stool = ({"line": "1", "sku": sku, "quantity": 2, "unit_price": "40.00"} for sku in ("LAMP", "STOOL"))
        order = {"do": "place_order", "currency": "USD", "paid": "80.00", "customer": "ada"}
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP", "name": "Brass lamp"},
            {"do": "put_item", "sku": "STOOL", "name": "Stool"},
            {"do": "put_customer", "customer": "ada", "name": "Ada Byron", "email": "ada@example.com"},
            COMMUNICATION,
            {"do": "count_stock", "sku": "STOOL", "site": "NY", "quantity": 30},
            {"do": "announce_supply", "supply": "PO", "sku": "LAMP", "site": "NY", "quantity": 90,
             "expected_on": "2026-11-27"},
            {"do": "announce_supply", "supply": "LATER", "sku": "LAMP", "site": "NY", "quantity": 9,
             "expected_on": "2027-01-08"},
            *({**order, "order": f"A-{n:02}", "lines": [lamp]} for n in range(1, 21)),
        ]  # fmt: skip
        done = apply(db, NOW - timedelta(days=9), begun)
        assert {one.outcome.value for one in done} <= {"accepted", "changed"}, done
        late = {"do": "reschedule_supply", "supply": "PO", "expected_on": "2026-12-15"}
        then = NOW - timedelta(hours=1)
        apply(db, then - timedelta(hours=1), [late])
        apply(db, then, [{"do": "advance", "to": then.isoformat()}])
        policy = {"do": "put_policy", "policy": "P", "segments": [{"name": "all", "strategy": "gain"}]}
        ready = [{**order, "order": f"S-{n}", "lines": [stool]} for n in range(1, 6)]
        apply(db, then, [policy, {"do": "reallocate", "run": "R", "policy": "P"}, *ready])
        for name in ("otto", "ingrid"):
            accounts.put_account(db, moment_number(then), name, kind="person", role="admin", password=PASSWORD, by="t")
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield f"http://127.0.0.1:{service.port}"


@pytest.fixture
def mine(base: str, browser: Any) -> Iterator[Any]:
    """My window, which is looked at."""
    page = signed_in(browser, base, "ingrid", "/console/", viewport=WIDE)
    page.troubles = []
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    yield page
    assert page.troubles == []
    page.context.close()


@pytest.fixture
def theirs(base: str, browser: Any) -> Iterator[Any]:
    """Somebody else's window."""
    page = signed_in(browser, base, "otto", "/console/", viewport=WIDE)
    yield page
    page.context.close()


def act(page: Any, summary: str) -> Any:
    """The form of an order's page that is folded under these words, unfolded."""
    page.locator("summary", has_text=summary).click()
    return page.locator("details.act[open] form")


def test_a_pick_elsewhere_changes_the_row_and_no_tick(base: str, mine: Any, theirs: Any) -> None:
    mine.goto(f"{base}/console/shipments")
    theirs.goto(f"{base}/console/shipments")
    mine.get_by_label("Tick S-1").check()
    mine.get_by_label("Tick S-3").check()
    theirs.get_by_label("Tick S-3").check()
    theirs.get_by_label("Tick S-4").check()
    theirs.get_by_role("button", name="Pick", exact=True).click()
    expect(theirs.get_by_role("status")).to_be_visible()
    for name in ("S-3", "S-4"):
        expect(mine.locator("tr", has_text=name)).to_contain_text("picked", timeout=SOON)
    ticked = mine.locator("input[name=take]:checked").evaluate_all("all => all.map(one => one.dataset.tick)")
    assert ticked == ["S-1", "S-3"]
    assert mine.evaluate("document.activeElement.dataset.tick") == "S-3"


def test_what_is_typed_at_an_order_stays_and_all_else_is_as_it_is_now(base: str, mine: Any, theirs: Any) -> None:
    mine.goto(f"{base}/console/orders/A-02")
    form = act(mine, "Cancel units")
    form.get_by_label("Why").fill("They ca")
    hold = act(theirs.goto(f"{base}/console/orders/A-02") and theirs, "Put the order on hold")
    hold.get_by_role("button", name="Hold it").click()
    expect(mine.locator("main")).to_contain_text("On hold.", timeout=SOON)
    expect(mine.get_by_role("region", name="Change it").get_by_role("status")).to_contain_text(CHANGED)
    expect(mine.locator("summary", has_text="Lift the hold")).to_be_visible()
    mine.keyboard.type("lled")
    assert form.get_by_label("Why").input_value() == "They called", "the focus is where it was"
    assert mine.locator("details.act[open]").count() == 1


def test_an_untouched_form_says_what_is_now(base: str, mine: Any, theirs: Any) -> None:
    mine.goto(f"{base}/console/orders/A-03")
    form = act(mine, "Change how many, or when")
    form.get_by_label("Units in all").focus()
    theirs.goto(f"{base}/console/orders/A-03")
    other = act(theirs, "Cancel units")
    other.get_by_label("Units").fill("1")
    other.get_by_role("button", name="Cancel them").click()
    expect(form.get_by_label("Units in all")).to_have_value("1", timeout=SOON)
    expect(form.get_by_label("Units in all")).to_be_focused()
    assert CHANGED not in mine.locator("main").inner_text()


def test_news_of_other_orders_is_no_news_here(base: str, mine: Any, theirs: Any) -> None:
    mine.goto(f"{base}/console/orders/A-04")
    act(mine, "Cancel units").get_by_label("Why").fill("x")
    with mine.expect_response(lambda answer: answer.url.endswith("/console/orders/A-04")):
        theirs.goto(f"{base}/console/orders/A-05")
        act(theirs, "Put the order on hold").get_by_role("button", name="Hold it").click()
    mine.wait_for_timeout(200)
    assert CHANGED not in mine.locator("main").inner_text()


def test_a_receipt_elsewhere_is_seen_on_the_item_and_beside_a_form_half_filled_in(
    base: str, mine: Any, theirs: Any
) -> None:
    item = mine.context.new_page()
    item.goto(f"{base}/console/items/LAMP")
    item.locator("summary").first.click()
    item.evaluate("scrollTo(0, 200)")
    mine.bring_to_front()
    mine.goto(f"{base}/console/supplies/PO")
    mine.get_by_label("Delivery note").fill("Note 7")
    mine.get_by_role("spinbutton", name="Days later").focus()
    theirs.goto(f"{base}/console/supplies/PO")
    theirs.get_by_label("Units that came").fill("6")
    theirs.get_by_role("button", name="Book the receipt").click()
    receive = mine.get_by_role("region", name="Receive it")
    expect(receive.get_by_role("status")).to_contain_text(CHANGED, timeout=SOON)
    expect(receive).to_contain_text("84\u00a0units to come")
    assert mine.get_by_label("Delivery note").input_value() == "Note 7"
    expect(mine.get_by_role("spinbutton", name="Days later")).to_be_focused()
    mine.get_by_role("link", name="Load it as it is now").click()
    expect(mine.get_by_label("Units that came")).to_have_value("84")
    item.bring_to_front()
    expect(item.locator(".tile").first).to_contain_text("On hand6units", timeout=SOON)
    assert item.evaluate("scrollY") == 200
    assert item.locator("details[open]").count() == 1


def test_another_day_leaves_a_half_filled_receipt_alone(base: str, mine: Any, theirs: Any) -> None:
    mine.goto(f"{base}/console/supplies/LATER")
    mine.get_by_label("Delivery note").fill("Note 8")
    theirs.goto(f"{base}/console/supplies/LATER")
    theirs.get_by_label("Expected on").fill("2027-01-11")
    theirs.get_by_role("button", name="Move it to this day").click()
    expect(mine.get_by_label("Expected on")).to_have_value("2027-01-11", timeout=SOON)
    assert CHANGED not in mine.locator("main").inner_text(), "the receipt is no other one"
    assert mine.get_by_label("Delivery note").input_value() == "Note 8"


def test_a_notice_that_somebody_sees_to_leaves_the_queue(base: str, mine: Any, theirs: Any) -> None:
    mine.goto(f"{base}/console/notices?what=notice&order=A-06&number=1")
    mine.get_by_label("Who said so").fill("Mine")
    row = mine.get_by_role("table").get_by_role("link", name="A-07")
    expect(row).to_have_count(1)
    theirs.goto(f"{base}/console/notices?what=notice&order=A-07&number=1")
    theirs.get_by_label("Who said so").fill("Ada")
    theirs.get_by_role("button", name="Take down the answer").click()
    expect(row).to_have_count(0, timeout=SOON)
    assert mine.get_by_label("Who said so").input_value() == "Mine"
    assert CHANGED not in mine.locator("main").inner_text()


def test_a_run_and_the_list_of_runs_say_what_others_planned(base: str, mine: Any, theirs: Any) -> None:
    mine.goto(f"{base}/console/reallocate/runs/R")
    other = mine.get_by_label("With the run")
    expect(other).to_have_count(0)
    theirs.goto(f"{base}/console/reallocate/runs/R")
    theirs.get_by_role("button", name="Simulate P anew").click()
    expect(theirs.get_by_role("status")).to_be_visible()
    expect(other).to_be_visible(timeout=SOON)
    mine.goto(f"{base}/console/reallocate")
    runs = mine.locator("[data-rows] tbody tr")
    expect(runs).to_have_count(2)
    theirs.get_by_role("button", name="Simulate P anew").click()
    expect(runs).to_have_count(3, timeout=SOON)
