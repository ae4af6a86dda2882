"""What customers are owed at the command line: a morning at the queue, and what is said where something does not go."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from owed import COMMUNICATION, PACK
from state import apply

from backorder.adapters.cli import cli
from backorder.kernel.calendars import moment_number
from backorder.storage.db import open_database

ORDERED, SLIPPED, MORNING = "2026-03-02T15:00", "2026-03-25T15:00", "2026-03-25T16:00"
SHOP: list[dict[str, Any]] = [
    {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
    {"do": "put_item", "sku": "CHAIR", "name": "Oak chair"},
    {"do": "put_item", "sku": "STOOL", "name": "Oak stool"},
    {"do": "put_customer", "customer": "ada", "email": "ada@example.com", "country": "US"},
    COMMUNICATION,
    {"do": "announce_supply", "supply": "PO", "sku": "CHAIR", "site": "NY", "quantity": 50,
     "expected_on": "2026-04-01"},
    {"do": "count_stock", "sku": "STOOL", "site": "NY", "quantity": 9},
    *({"do": "place_order", "order": order, "customer": "ada" if order != "NOBODYS" else None, "currency": "USD",
       "paid": "100.00", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 2, "unit_price": "50.00"}]}
      for order in ("A 1", "B", "NOBODYS", "an-order-whose-id-is-rather-long-and-has-to-go-on")),
]  # fmt: skip


def run(*words: str, url: str, moment: str = MORNING) -> Result:
    now = moment_number(datetime.fromisoformat(f"{moment}+00:00"))
    result = CliRunner().invoke(cli, [*words, "--database", url], obj=lambda: now, catch_exceptions=False)
    narrow = all(len(line) <= 100 for line in result.stdout.splitlines())
    assert narrow or {"--json", "--html"} & set(words), result.stdout
    return result


def said(*words: str, url: str, moment: str = MORNING) -> str:
    """What a command prints that does what it is told."""
    result = run(*words, url=url, moment=moment)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def shop(url: str) -> str:
    """Four orders on chairs that were due on 1 April and slip to 8 May: each customer has to be told by 1 April."""
    db = open_database(url)
    for moment, commands in (
        (ORDERED, SHOP),
        (SLIPPED, [{"do": "reschedule_supply", "supply": "PO", "expected_on": "2026-05-08"}]),
    ):
        for outcome in apply(db, datetime.fromisoformat(f"{moment}+00:00"), commands):
            assert outcome.outcome.value in {"accepted", "changed", "rescheduled"}, outcome
    db.close()
    return url


def queue(url: str, *words: str) -> list[str]:
    return [one["order"] for one in json.loads(said("notices", "queue", *words, "--json", url=url))]


def test_the_queue_reads_well_and_its_pages_follow_one_another(shop: str) -> None:
    whole = said("notices", "queue", url=shop)
    assert [word in whole for word in ("due, no address", "2026-04-02 04:00", "100.00 USD", "ada")] == [True] * 4
    first = run("notices", "queue", "--limit", "1", url=shop)
    after = "--after 2026-04-02T04:00:00+00:00 notice 'A 1' 1"
    assert f"{after} shows the next" in first.stderr
    words = ["--after", "2026-04-02T04:00:00+00:00", "notice", "A 1", "1"]
    assert queue(shop) == ["A 1", *queue(shop, *words)]
    assert queue(shop, "--trouble") == ["NOBODYS"]
    assert queue(shop, "--order", "B", "--what", "notice", "--state", "due") == ["B"]
    assert said("notices", "queue", "--state", "bounced", url=shop) == "Nothing waits.\n"


@pytest.mark.parametrize("words", ["x notice A 1", "- letter A 1", "- notice A x", "2026-04-02 notice A 1"])
def test_a_page_behind_what_never_was_printed_is_refused(shop: str, words: str) -> None:
    result = run("notices", "queue", "--after", *words.split(), url=shop)
    assert (result.exit_code, "--after takes what was printed" in result.stderr) == (2, True)


def test_a_notice_is_sent_shown_and_answered_on_the_phone(shop: str) -> None:
    due = said("notices", "show", "B", url=shop)
    assert "Notice 1: long, due" in due
    assert "by itself, 2026-03-25 15:30 UTC; has to go before 2026-04-02 04:00 UTC" in due
    assert said("notices", "send", "B", "--by", "kim", url=shop) == "Notice 1 of order B is sent, by email.\n"
    shown = said("notices", "show", "B", "1", url=shop)
    assert "now to ship by Fri 8 May 2026" in shown
    assert "by 2026-05-01; silence means that it is cancelled" in shown
    assert shown == said("show", "notice", "B", "1", url=shop)
    assert json.loads(said("show", "notice", "B", "1", "--json", url=shop))["by"] == "kim"
    assert said("notices", "record", "B", "1", "delivered", url=shop) == "Notice 1 of order B was delivered.\n"
    answer = said("notices", "answer", "B", "wait", "--by", "ada", "--notice", "1", url=shop)
    assert answer.startswith("Order B waits until the day that its customer was told")
    assert said("notices", "answer", "B", "wait", "--by", "ada", url=shop).startswith("It was so already.")
    assert "B" not in queue(shop)


def test_a_date_is_changed_after_consent(shop: str) -> None:
    words = ("notices", "answer", "B", "wait", "--until", "2026-05-20", "--by", "ada", "--note", "on the phone")
    assert said(*words, url=shop) == "Order B waits until 2026-05-20, as the customer agreed.\n"
    assert json.loads(said("show", "order", "B", "--json", url=shop))["lines"][0]["promise"] == "2026-05-20"


def test_a_day_before_the_promise_is_agreed_to_with_a_word_on_the_promise(shop: str) -> None:
    told = said("notices", "answer", "B", "wait", "--until", "2026-04-20", "--by", "ada", url=shop)
    assert "it is promised for 2026-05-08, which is later" in told
    assert json.loads(said("show", "order", "B", "--json", url=shop))["lines"][0]["promise"] == "2026-05-08"
    assert queue(shop, "--order", "B", "--state", "due") == ["B"]


def test_who_has_no_address_is_told_by_phone_and_takes_something_else(shop: str) -> None:
    alone = run("notices", "send", "NOBODYS", url=shop)
    assert (alone.exit_code, "say by which other" in alone.stderr) == (1, True)
    assert said("notices", "send", "NOBODYS", "--means", "phone", url=shop).endswith("is sent, by phone.\n")
    words = ("notices", "answer", "NOBODYS", "substitute", "--by", "Gus", "--sku", "STOOL", "--line", "1")
    asked = run(*words, url=shop)
    assert (asked.exit_code, "express consent" in asked.stderr) == (2, True)
    assert said(*words, "--consent", url=shop) == "Line 1-STOOL: 2 of STOOL, promised for 2026-03-25.\n"


def test_who_leaves_is_paid_back(shop: str) -> None:
    left = said("notices", "answer", "B", "cancel", "--by", "ada", url=shop)
    assert left.startswith("2 units of order B are cancelled.")
    assert "100.00 USD" in said("refunds", "list", url=shop)
    assert "2026-04-03" in said("refunds", "list", "B", url=shop)  # seven working days after 25 March
    late = said("refunds", "list", "--json", "--as-of", "2026-04-04", url=shop)
    assert json.loads(late)[0]["state"] == "overdue"
    part = run("refunds", "record", "B", "--form", "same_method", "--amount", "60.00", url=shop)
    assert (part.exit_code, "a part of it is no refund" in part.stderr) == (2, True)
    words = ("refunds", "record", "B", "--form", "same_method", "--reference", "T-1")
    assert said(*words, url=shop) == "Refund 1 of order B is recorded.\n"
    assert said(*words, url=shop) == "It was so already.\n"
    assert "100.00 USD 2026-03-25, same_method, T-1" in said("refunds", "list", "B", url=shop)
    assert said("refunds", "list", url=shop) == "Nothing waits.\n"
    assert said("refunds", "list", "A 1", url=shop) == "Nothing has to go back.\n"


def test_what_is_not_told_has_its_reason_and_a_warning(shop: str) -> None:
    assert run("notices", "suppress", "B", url=shop).exit_code == 2
    kept = said("notices", "suppress", "B", "--reason", "we called", "--by", "kim", url=shop)
    assert kept.startswith("Notice 1 of order B is not sent.")
    assert "what has not shipped is cancelled" in kept.replace("\n", " ")
    assert "we called" in said("notices", "show", "B", url=shop)


def test_a_notice_that_came_back_is_to_be_told_again(shop: str) -> None:
    said("notices", "send", "B", url=shop)
    came = said("notices", "record", "B", "1", "bounced", url=shop)
    assert came == "Notice 1 of order B came back: nobody was told.\n"
    assert "due, bounced" in said("notices", "queue", "--order", "B", url=shop)


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("notices", "show", "NONE"), 3, "There is no order NONE."),
        (("notices", "show", "B", "7"), 3, "Order B has no notice 7."),
        (("show", "notice", "B", "7"), 3, "There is no notice B 7."),
        (("show", "notice", "B"), 2, "name a notice by its order and number"),
        (("show", "notice", "B", "x"), 2, "name a notice by its order and number"),
        (("refunds", "list", "NONE"), 3, "There is no order NONE."),
        (("refunds", "record", "B", "--form", "cash"), 3, "nothing has to go back on the order"),
        (("notices", "send", "NONE"), 3, "NONE: No order has this id."),
        (("notices", "send", "B", "--notice", "7"), 3, "no notice with this number"),
        (("notices", "record", "B", "1", "delivered"), 1, "the notice was not sent yet"),
        (("notices", "answer", "B", "wait", "--by", "ada", "--until", "2026-03-24"), 2, "the day has passed"),
        (("notices", "answer", "B", "call", "--by", "ada", "--until", "2026-05-01"), 1, "no law that holds for it"),
        (("packs", "show", "nowhere"), 3, "There is no rule pack nowhere."),
        (("packs", "withdraw", "eu"), 3, "eu: The merchant has no rule pack of this name."),
        (("communication", "set"), 2, "say what is to be different"),
        (("communication", "set", "--on", "--off"), 2, "turn it on or off"),
        (("communication", "set", "--rule", "nowhere"), 2, "nowhere is no rule pack"),
    ],
)
def test_what_does_not_go_says_why_and_exits_so(shop: str, words: tuple[str, ...], code: int, why: str) -> None:
    result = run(*words, url=shop)
    assert (result.exit_code, result.stdout) == (code, "")
    assert why in result.stderr


def test_packs_are_listed_checked_put_and_withdrawn(shop: str, tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(PACK, encoding="utf-8")
    before = said("packs", "list", "--json", url=shop)
    checked = CliRunner().invoke(cli, ["packs", "check", str(file)])
    assert checked.stdout == "ours can be used: Ours. It holds for consumer buyers, where goods go to CH.\n"
    assert said("packs", "list", "--json", url=shop) == before, "and nothing was written"
    assert said("packs", "put", str(file), url=shop).startswith("ours holds for orders")
    assert said("packs", "put", str(file), url=shop) == "It was so already.\n"
    assert "ours" in said("packs", "list", url=shop)
    assert said("packs", "show", "ours", url=shop) == PACK
    assert said("packs", "withdraw", "ours", url=shop) == "ours is withdrawn.\n"
    assert said("packs", "list", "--json", url=shop) == before


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (PACK.replace('"ship"', '"fly"').encode(), "limit.basis: Invalid enum value 'fly'"),
        (PACK.replace("buyers", "byers").encode(), "byers"),
        (b"pack = ", "toml"),
        (b"\xff", "is not valid UTF-8"),
        (
            (PACK + 'renewed = { silence = "cancel", says = ["right_to_cancel"] }\n').encode(),
            "renewed: there is no first",
        ),
    ],
)
def test_a_pack_that_could_not_be_used_is_refused_with_the_reason(
    sqlite_url: str, tmp_path: Path, text: bytes, why: str
) -> None:
    file = tmp_path / "ours.toml"
    file.write_bytes(text)
    for words in (("packs", "check", str(file)), ("packs", "put", str(file), "--database", sqlite_url)):
        result = CliRunner().invoke(cli, words, obj=lambda: 0)
        assert (result.exit_code, result.stdout) == (2, "")
        assert why.lower() in result.stderr.lower()
    assert "ours" not in said("packs", "list", url=sqlite_url)


def test_communication_is_said_shown_and_turned_off(url: str) -> None:
    assert said("communication", "show", url=url).startswith("It is turned off")
    halves = run("communication", "set", "--on", url=url)
    assert (halves.exit_code, "answers: say where customers answer" in halves.stderr) == (2, True)
    words = ("--answers", "0800 123", "--contact", "help@example.com", "--charging", "We charge when it ships.")
    told = said("communication", "set", "--rule", "b2b", *words, url=url)
    assert told == "Done. Customers are told from now on.\n"
    assert said("communication", "set", "--wait-minutes", "5", url=url) == "Done.\n"
    assert said("communication", "set", "--wait-minutes", "5", url=url) == "It was so already.\n"
    found = json.loads(said("communication", "show", "--json", url=url))
    assert (found["rules"], found["wait_minutes"], found["contact"]) == (["b2b"], 5, "help@example.com")
    assert "and b2b" in said("communication", "show", url=url)
    assert said("communication", "set", "--off", url=url) == "Done. No clock runs any more.\n"
    assert said("communication", "show", url=url).startswith("It is turned off")


def test_messages_are_shown_before_anybody_gets_them(shop: str) -> None:
    said("communication", "set", "--shop-name", "Tansy & Oak", url=shop)
    said("communication", "word", "shipped", "en", "--closing", "Yours, {shop}", url=shop)
    text = said("notices", "preview", "shipped", "--order", "A 1", "--language", "en", url=shop)
    assert "- 2 x Oak chair" in text
    assert "Yours, Tansy & Oak\n" in text
    assert "<p>Yours, Tansy &amp; Oak</p>" in said(
        "notices", "preview", "shipped", "--language", "en", "--html", url=shop
    )
    shown = json.loads(said("notices", "preview", "--language", "fr", "--json", url=shop))
    assert {one["kind"] for one in shown if one["language"] == "en"} == {
        "short", "long", "indefinite", "renewed", "delay", "still"
    }  # fmt: skip
    assert "in en: what the law asks for is in English" in said("notices", "preview", "short", url=shop)
    tried = "notices", "preview", "shipped", "--language", "en", "--opening", "Hooray!", "--closing", "Yours, {shop}"
    assert "Hooray!" in said(*tried, url=shop)
    assert "--opening: this message begins" in run("notices", "preview", "short", "--opening", "Hi", url=shop).output
    assert run("notices", "preview", "--order", "none", url=shop).exit_code == 3
    for words in (("sale",), ("--language", "xx")):
        refused = run("notices", "preview", *words, url=shop)
        assert refused.exit_code == 2
        assert "use " in refused.stderr
    refused = run("communication", "word", "shipped", "en", "--closing", "{nobody}", url=shop)
    assert refused.exit_code == 2
    assert "wordings[0].closing: {nobody} is no place: use {customer}" in refused.stderr
