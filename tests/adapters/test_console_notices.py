"""The console's queue of notices and refunds: found, read, answered by phone, seen to, refused where it has to be."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from conftest import new_database
from owed import COMMUNICATION
from service import Reply, Service, running
from state import apply

from backorder.queries import check
from backorder.queries.notices import of_order
from backorder.queries.refunds import of_order as refunds_of
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}<script>"
FORM = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}


class Desk:
    """A shop in New York whose supply slipped an hour ago: A's customer was told, B's has no address."""

    def __init__(self, url: str, service: Service) -> None:
        self.url, self.service = url, service

    def ask(self, method: str, path: str, body: bytes | None = None, role: str = "admin", **headers: str) -> Reply:
        with closing(self.service.client(role)) as client:
            return client.ask(method, path, body, **headers)

    def page(self, path: str = "/console/notices", role: str = "admin") -> str:
        reply = self.ask("GET", path, role=role)
        assert reply.status == 200, reply
        return unescape(reply.body.decode())

    def give(self, word: str, order: str, number: int = 1, role: str = "admin", **fields: str) -> Reply:
        said = {"do": word, "order": order, "number": str(number), "view": "all", **fields}
        return self.ask("POST", "/console/notices", urlencode(said).encode(), role, **FORM)

    def states(self, order: str) -> list[str]:
        db = open_database(self.url)
        found = [one.state for one in of_order(db, order)]
        db.close()
        return found


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with new_database(request.param, tmp_path_factory.mktemp("notices")) as url:
        db = open_database(url)
        line = {"line": "1", "sku": "LAMP", "quantity": 2, "unit_price": "40.00"}
        order = {"do": "place_order", "currency": "USD", "paid": "80.00", "lines": [line]}
        supply = {"do": "announce_supply", "supply": "PO", "sku": "LAMP", "site": "NY", "quantity": 9}
        begun = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP", "name": f"Lamp {EVIL}"},
            {"do": "put_customer", "customer": "ada", "name": f"Ada {EVIL}", "email": "ada@example.com"},
            COMMUNICATION,
            {**supply, "expected_on": "2026-11-27"},
            {**order, "order": "A", "customer": "ada"},
            {**order, "order": "B"},
        ]
        assert {one.outcome.value for one in apply(db, NOW - timedelta(days=9), begun)} <= {"accepted", "changed"}
        slip = {"do": "reschedule_supply", "supply": "PO", "expected_on": "2026-12-15"}
        apply(db, NOW - timedelta(hours=2), [slip])
        apply(db, NOW - timedelta(hours=1), [{"do": "advance", "to": (NOW - timedelta(hours=1)).isoformat()}])
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield Desk(url, service)
        assert check.run(db) == []
        db.close()


def test_the_queue_says_what_waits_by_when_and_what_it_is_about(desk: Desk) -> None:
    page = desk.page()
    assert "2 to see to. The first deadline is Fri\u00a027\u00a0Nov." in page
    assert "to send, no address" in page
    assert "waits for an answer" in page
    asking = desk.page("/console/notices?view=asking")
    assert "&order=A&" in asking
    assert "&order=B&" not in asking
    assert "&order=B&" in desk.page("/console/notices?view=trouble")
    letter = desk.page("/console/notices?what=notice&order=A&number=1")
    assert "now to ship by Tue 15 Dec 2026" in letter
    assert "Counts as yes" in letter


def test_a_notice_that_is_due_is_read_out_as_it_then_goes(desk: Desk) -> None:
    page = desk.page("/console/notices?what=notice&order=B&number=1")
    assert "Not yet: this is how it would read now." in page
    assert "<del>27\u00a0Nov</del> → 15\u00a0Dec" in page
    assert "What the customer answers" not in page, "nobody has told them yet"
    assert page.count("btn is-primary") == 1
    assert desk.give("send_notice", "B", means="phone").status == 303
    db = open_database(desk.url)
    (told,) = of_order(db, "B")
    db.close()
    assert told.text is not None
    assert all(part in page for part in (f">{told.subject}<", *told.text.strip().replace("\n\n", "\n").split("\n")))


def test_who_was_told_by_phone_can_answer_also_where_no_law_asks_and_is_found_by_the_order(desk: Desk) -> None:
    db = open_database(desk.url)
    line = {"line": "1", "sku": "LAMP", "quantity": 1, "unit_price": "40.00"}
    order = {"do": "place_order", "order": "C", "customer": "eva", "currency": "USD", "paid": "40.00", "lines": [line]}
    slip = {"do": "reschedule_supply", "supply": "PO", "expected_on": "2026-12-22"}
    apply(db, NOW, [{"do": "put_customer", "customer": "eva", "country": "DE"}, order, slip])
    db.close()
    assert "Has no effect" in desk.page("/console/notices?order=C")
    done = desk.give("send_notice", "C", means="phone")
    assert desk.states("C") == ["told"]
    assert "&order=C&" not in desk.page("/console/notices?view=due"), "nothing waits for it any more"
    for path in (done.headers["location"], "/console/notices?order=C"):
        assert "Take down the answer" in desk.page(path)
    assert desk.give("answer_notice", "C", answer="cancel", means="phone", by="C").status == 303
    assert "No notice is known of this order." in desk.page("/console/notices?order=none")


def test_several_are_sent_at_once_and_each_says_what_came_of_it(desk: Desk) -> None:
    db = open_database(desk.url)
    line = {"line": "1", "sku": "LAMP", "quantity": 1, "unit_price": "40.00"}
    order = {"do": "place_order", "customer": "ada", "currency": "USD", "paid": "40.00", "lines": [line]}
    slip = {"do": "reschedule_supply", "supply": "PO", "expected_on": "2026-12-22"}
    apply(db, NOW, [{**order, "order": "C"}, {**order, "order": "D"}, slip])
    db.close()
    page = desk.page("/console/notices?view=due")
    assert page.count('name="take"') == 3, "A, C and D; B has no address"
    assert 'value="B/1"' not in page
    form = urlencode({"do": "send_several", "take": ["C/1", "D/1", "B/1"]}, doseq=True).encode()
    assert desk.ask("POST", "/console/notices?view=due", form, "viewer", **FORM).status == 403
    sent = unescape(desk.ask("POST", "/console/notices?view=due", form, **FORM).body.decode())
    assert "Done: 2 of 3" in sent
    assert sent.count("Sent by e-mail.") == 2
    assert (desk.states("C"), desk.states("D"), desk.states("B")) == (["asking"], ["asking"], ["due"])
    none = desk.ask("POST", "/console/notices", b"do=send_several", **FORM)
    assert (none.status, "Tick the notices that you mean first." in none.body.decode()) == (422, True)
    assert desk.ask("POST", "/console/notices", b"do=send_several&take=C%2Fx", **FORM).status == 422


def test_good_news_has_no_red_day_and_tabs_say_how_many_wait(desk: Desk) -> None:
    tabs = desk.page().partition('<nav class="tabs"')[2].partition("</nav>")[0]
    assert re.findall(r'<span class="n">(\d+)<', tabs) == ["2", "1", "1", "1"]
    db = open_database(desk.url)
    apply(db, NOW, [{"do": "reschedule_supply", "supply": "PO", "expected_on": "2026-11-24"}])
    db.close()
    page = desk.page("/console/notices?view=due")
    assert "Notice that it comes sooner" in page
    assert '<span class="bad">' not in page


def test_a_shop_that_tells_its_customers_nothing_says_so(desk: Desk) -> None:
    db = open_database(desk.url)
    apply(db, NOW, [{"do": "put_communication", "rules": None}])
    db.close()
    page = desk.page("/console/notices?view=refund")
    assert "Customers are told nothing: that is turned off." in page
    assert 'href="/console/settings/communication"' in page
    assert "Nothing waits here" not in page


def test_today_tells_together_what_one_cause_asks_for(desk: Desk) -> None:
    line = {"line": "1", "sku": "LAMP", "quantity": 1, "unit_price": "40.00"}
    late = [{"do": "place_order", "order": f"C{n}", "currency": "USD", "lines": [line]} for n in range(4)]
    db = open_database(desk.url)
    apply(db, NOW - timedelta(minutes=50), late)
    apply(db, NOW - timedelta(minutes=40), [{"do": "reschedule_supply", "supply": "PO", "expected_on": "2026-12-18"}])
    apply(db, NOW - timedelta(minutes=5), [{"do": "advance", "to": (NOW - timedelta(minutes=5)).isoformat()}])
    db.close()
    page = desk.page("/console/")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ")
    assert "5 delay notices must go out: supply PO was rescheduled" in text
    assert "Orders B, C0, C1 and 2 more. 6 units not shipped yet. They do not go by themselves" in text
    assert "$240.00 open in 5 orders" in text
    assert ">Review 5</a>" in page
    assert 'href="/console/notices?view=due"' in page
    assert "All 6 notices" not in text, "all are shown"
    assert re.search(r'href="/console/notices" data-key="n">Notices <span class="n">\d+</span>', page)
    assert "$" not in desk.page("/console/", "viewer")


def test_that_it_comes_sooner_is_good_news_and_no_deadline(desk: Desk) -> None:
    db = open_database(desk.url)
    apply(db, NOW - timedelta(minutes=40), [{"do": "reschedule_supply", "supply": "PO", "expected_on": "2026-11-24"}])
    apply(db, NOW - timedelta(minutes=5), [{"do": "advance", "to": (NOW - timedelta(minutes=5)).isoformat()}])
    db.close()
    page = desk.page("/console/")
    good = page[page.index("Good news to tell") :].partition("</tbody>")[0]
    assert "notice that it comes sooner can go out" in good
    assert '<b class="bad">' not in good


def test_an_answer_on_the_phone_is_taken_down_and_takes_effect(desk: Desk) -> None:
    done = desk.give("answer_notice", "A", answer="wait", means="phone", by="Ada herself", note="She called at nine")
    assert done.status == 303
    after = desk.page(done.headers["location"])
    assert "The answer is taken down and has its effect." in after
    assert desk.states("A") == ["answered"]
    assert "&order=A&" not in desk.page("/console/notices?view=asking")


def test_what_is_wrong_is_said_and_nothing_that_was_typed_is_lost(desk: Desk) -> None:
    wrong = desk.give("answer_notice", "A", answer="until", means="phone", by="Ada", note="She is in Rome")
    assert wrong.status == 422
    text = unescape(wrong.body.decode())
    assert "Say until which day they wait." in text
    assert 'value="She is in Rome"' in text
    assert '<option value="until" selected>' in text
    assert desk.give("answer_notice", "A", answer="until", until="soon", means="phone", by="Ada").status == 422
    assert desk.give("suppress_notice", "B").status == 422
    assert desk.give("answer_notice", "none", answer="wait", means="phone", by="Ada").status == 422
    assert desk.give("send_notice", "A", means="phone").status == 422, "it went"
    assert (desk.states("A"), desk.states("B")) == (["asking"], ["due"])
    assert desk.give("answer_notice", "A", answer="until", until="2026-12-20", means="phone", by="Ada").status == 303


def test_who_has_no_address_is_told_by_phone_or_not_at_all(desk: Desk) -> None:
    assert desk.give("send_notice", "B", means="phone", reason="on her mailbox").status == 303
    assert desk.states("B") == ["asking"]
    assert desk.give("record_notice", "B", became="bounced", reason="the wrong number").status == 303
    assert desk.states("B") == ["replaced", "due"]
    assert desk.give("suppress_notice", "B", 2, reason="They are in the shop").status == 303
    assert desk.states("B") == ["replaced", "suppressed"]


def test_who_cancels_is_paid_back_and_that_is_recorded(desk: Desk) -> None:
    assert desk.give("answer_notice", "A", answer="cancel", means="phone", by="Ada").status == 303
    owed = desk.page("/console/notices?view=refund")
    assert "$80.00" in owed
    assert "to pay" in owed
    assert "Wed\u00a02\u00a0Dec" in owed, "seven working days later, Thanksgiving not being one; not the midnight after"
    assert "what=refund&order=A&number=1" in owed
    done = desk.give("record_refund", "A", form="transfer", reference="T-1")
    assert "The refund is recorded." in desk.page(done.headers["location"])
    db = open_database(desk.url)
    (refund,) = refunds_of(db, "A", 0)
    db.close()
    assert (refund.form, refund.reference, refund.by) == ("transfer", "T-1", "admin")


def test_who_may_only_look_has_no_forms_and_no_other_site_fills_one_in(desk: Desk) -> None:
    looks = desk.page("/console/notices?what=notice&order=A&number=1", role="viewer")
    assert "now to ship by Tue 15 Dec 2026" in looks
    assert 'name="do"' not in looks
    said = {"answer": "cancel", "means": "phone", "by": "Ada"}
    assert desk.give("answer_notice", "A", role="viewer", **said).status == 403
    body = urlencode({"do": "answer_notice", "order": "A", "number": "1", **said}).encode()
    for site in ("cross-site", "same-site"):
        refused = desk.ask("POST", "/console/notices", body, **{**FORM, "Sec_Fetch_Site": site})
        assert refused.status == 403
    assert desk.ask("POST", "/console/notices", b"do=erase_person&order=A&number=1", **FORM).status == 422
    assert desk.states("A") == ["asking"]


def test_what_strangers_wrote_is_text(desk: Desk) -> None:
    reply = desk.ask("GET", "/console/notices?what=notice&order=A&number=1")
    assert b"<img" not in reply.body
    assert b"<script>" not in reply.body
    assert EVIL in unescape(reply.body.decode())


def test_names_that_nothing_can_have_are_found_nowhere(desk: Desk) -> None:
    assert desk.give("send_notice", "A\0", means="phone").status == 422
    places = ("notices?order=%00&number=1", "search?q=%00", "lines?sku=%00", "shipments?order=%00",
              "shipments/pick-list?order=%00", "orders/%00", "items/%00", "supplies/%00")  # fmt: skip
    for place in places:
        assert desk.ask("GET", f"/console/{place}").status in {400, 404}, place
