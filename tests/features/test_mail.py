"""Letters through a real mail server: what arrives, what is refused, and that nothing is lost or told twice."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mailserver import Got, Mailbox
from owed import COMMUNICATION, advance, do
from posted import Post
from service import stop

from backorder.adapters.mail import Letter
from backorder.adapters.mail import posts as posts_module
from backorder.adapters.mail import sender as sender_module
from backorder.adapters.mail import server as server_module
from backorder.adapters.mail.message import Envelope, NoAddress, Spoilt, composed, read_address
from backorder.adapters.mail.sender import TRIES_MAX, Mail
from backorder.adapters.mail.server import Server, read_server
from backorder.app import command_line
from backorder.kernel.retries import HOUR
from backorder.queries import check
from backorder.queries.evidence import of_order as evidence
from backorder.queries.notices import of_order, queue
from backorder.queries.outbox import list_messages
from backorder.settings import Wrong
from backorder.storage import outbox
from backorder.storage.db import Database
from backorder.worker import LEASE, Worker

EVIL = "Ada Bcc: all@example.com =?utf-8?q?=0D=0ABcc=3A_x?= <img src=x onerror=alert(1)> =1+1 {customer}"
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
           "Content-Language"]  # fmt: skip


@pytest.fixture
def post(db: Database, box: Mailbox) -> Iterator[Post]:
    yield Post(db, box)
    assert check.run(db) == []


def test_a_notice_arrives_as_it_is_kept_with_the_headers_of_a_letter(post: Post) -> None:
    post.slip("2026-03-25", "2026-05-01")
    post.until_quiet()
    (got,) = post.box.got
    kept = of_order(post.db, "A")[0]
    assert (got.sender, got.to) == ("orders@shop.example", "ada@example.com")
    read = got.read
    assert read.keys() == HEADERS
    assert read["From"] == "The Shop <orders@shop.example>"
    assert read["To"] == "Ada <ada@example.com>"
    assert read["Subject"] == kept.subject == "Order A: later than promised, Fri 1 May 2026"
    assert read["Date"].datetime == kept.sent_at == datetime(2026, 3, 25, 16, tzinfo=UTC)
    assert read["Message-ID"].endswith("@shop.example>")
    assert (read["Auto-Submitted"], read["Content-Language"]) == ("auto-generated", "en")
    assert read.get_content_type() == "multipart/alternative"
    assert kept.text is not None
    assert got.part("plain").startswith(kept.text)
    for line in filter(None, kept.text.splitlines()):
        assert line.removeprefix("- ") in got.part("html")
    assert post.states() == ["sent"]


def test_a_notice_goes_in_the_customer_s_language_and_its_digest_proves_it(post: Post) -> None:
    """The mail server gets German, byte for byte what is kept; in the shop's German, not in its English words."""
    day = "2026-03-02T16:00"
    closings = [
        {"kind": "delay", "language": "de", "closing": "Ihre {shop}"},
        {"kind": "delay", "language": "en", "closing": "Yours, {shop}"},
    ]
    assert do(post.db, day, "put_customer", customer="ada", language="de-AT", country="AT") == "changed"
    said = {name: value for name, value in COMMUNICATION.items() if name != "do"}
    assert do(post.db, day, "put_communication", shop_name="The Shop", wordings=closings, **said) == "changed"
    post.slip("2026-03-25", "2026-05-01")
    post.until_quiet()
    (got,) = post.box.got
    kept = of_order(post.db, "A")[0]
    assert got.read["Content-Language"] == "de-AT"
    assert got.read["Subject"] == kept.subject == "Bestellung A: später als zugesagt, Freitag, 1. Mai 2026"
    assert kept.text is not None
    assert got.part("plain").startswith(kept.text)
    assert "2 x Oak chair: zugesagt für Mittwoch, 1. April 2026, Versand jetzt bis Freitag, 1. Mai 2026." in kept.text
    assert '<html lang="de-AT">' in got.part("html")
    assert "Ihre The Shop" in got.part("plain")
    assert "Yours" not in got.part("plain")
    proven = evidence(post.db, "A")
    assert proven is not None
    assert [(one.version, one.digest_matches) for one in proven.notices] == [("de-AT-1", True)]


def test_what_strangers_wrote_is_text_in_the_letter_and_no_header_of_it(db: Database, box: Mailbox) -> None:
    post = Post(db, box)
    day = "2026-03-02T16:00"
    assert do(db, day, "put_customer", customer="ada", name=EVIL, email="ada@example.com", country="US") == "changed"
    assert do(db, day, "put_item", sku="CHAIR", name=EVIL) == "changed"
    said = {name: EVIL if name == "contact" else value for name, value in COMMUNICATION.items() if name != "do"}
    assert do(db, day, "put_communication", shop_name=EVIL.replace("{customer}", ""), **said) == "changed"
    post.slip("2026-03-25", "2026-05-01")
    post.until_quiet()
    (got,) = box.got
    read = got.read
    assert read.keys() == HEADERS
    assert [address.addr_spec for address in read["To"].addresses] == ["ada@example.com"]
    assert [address.addr_spec for address in read["From"].addresses] == ["orders@shop.example"]
    assert read["To"].addresses[0].display_name.startswith("Ada Bcc all example com"), "a part of the name, and no more"
    assert b"\nBcc" not in got.data.replace(b"\r", b"\n")
    assert "<img" in got.part("plain")
    assert "<img" not in got.part("html")
    assert "&lt;img src=x onerror=alert(1)&gt;" in got.part("html")
    assert "{customer}" in got.part("plain"), "what a stranger wrote names no place"


@pytest.mark.parametrize("name", ["=?utf-8?q?x=0D=0ABcc=3A_evil=40x?=", "a" * 80 + '", x@y.example, "'])
def test_a_letter_whose_headers_are_not_what_was_written_does_not_go(name: str) -> None:
    """A name that nobody looked at (see `named`), of which the library makes a header or an address."""
    letter = Letter("subject", "text\n", "<p>text</p>", "en")
    for sender, to in ((Address("", "a", "b.example"), Address(name, "c", "d.example")),
                       (Address(name, "a", "b.example"), Address("", "c", "d.example"))):  # fmt: skip
        with pytest.raises(Spoilt):
            composed(letter, Envelope(sender, to, 1, 0, "x"))


def test_a_letter_that_cannot_be_made_stops_no_other_and_leaves_its_customer_to_a_person(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own fault: those before it do not go twice, and the law's clock hears that nobody was told."""
    line = {"line": "1", "sku": "CHAIR", "quantity": 1, "unit_price": "50.00"}
    for order in ("B", "C"):
        placed = {"order": order, "customer": "ada", "currency": "USD", "paid": "50.00", "lines": [line]}
        assert do(post.db, "2026-03-02T16:00", "place_order", **placed) == "accepted"
    made = sender_module.composed

    def breaks(letter: Letter, envelope: Envelope) -> bytes:
        if envelope.about == "orders/B":
            raise ZeroDivisionError("a template")
        return made(letter, envelope)

    monkeypatch.setattr(sender_module, "composed", breaks)
    post.slip("2026-03-25", "2026-04-20")
    post.until_quiet()
    assert sorted(got.read["Subject"][:7] for got in post.box.got) == ["Order A", "Order C"]
    (dead,) = list_messages(post.db, sender="mail", state="dead")
    assert (dead.subject, dead.error) == ("orders/B", "the letter could not be made: ZeroDivisionError")
    assert [(one.order, one.state, one.trouble) for one in queue(post.db) if one.trouble] == [("B", "due", "bounced")]


def test_a_notice_that_cannot_be_read_for_its_letter_is_a_persons_affair(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(posts_module, "framed", breaks)
    post.slip("2026-03-25", "2026-04-20")
    post.until_quiet()
    assert post.states() == ["dead"]
    assert [(one.order, one.state, one.trouble) for one in queue(post.db)] == [("A", "due", "bounced")]


def test_a_line_that_breaks_in_a_name_or_a_subject_begins_no_header() -> None:
    broken = "Ada\r\nBcc: all@example.com\n\nHello\x00\u2028"
    letter = Letter(broken, "text\n", "<p>text</p>", "en")
    data = composed(
        letter, Envelope(read_address("a@b.example", broken), read_address("c@d.example", broken), 1, 0, "x")
    )
    read = Got("", "", data).read
    assert read.keys() == HEADERS
    assert read["Subject"] == "Ada Bcc: all@example.com Hello"
    assert [str(address) for address in read["To"].addresses] == ["Ada Bcc all example com Hello <c@d.example>"]


@settings(deadline=None)  # one letter may wait for the machine
@given(st.text(max_size=200), st.text(max_size=400))
@example('x@y.example, "' * 12, "=?utf-8?q?=0D=0ABcc=3A_x?=")
def test_no_name_and_no_subject_changes_who_gets_a_letter(name: str, subject: str) -> None:
    sender, to = (read_address(address, name) for address in ("a@b.example", "c@d.example"))
    letter = Letter(subject, "text\n", "<p>text</p>", "en")
    data = composed(letter, Envelope(sender, to, 1, 0, "x"))
    read = Got("", "", data).read
    assert read.keys() == HEADERS
    assert [address.addr_spec for name in ("From", "To") for address in read[name].addresses] == [
        "a@b.example",
        "c@d.example",
    ]
    assert all(len(line) <= 998 for line in data.split(b"\r\n")), "RFC 5322, 2.1.1"
    assert data == composed(letter, Envelope(sender, to, 1, 0, "x"))


@pytest.mark.parametrize("code", [550, 554])
def test_a_letter_that_is_refused_for_good_has_told_nobody(post: Post, code: int) -> None:
    if code == 550:
        post.box.to_address = lambda _: "550 Ada is gone to 0800-SECRET"
    else:
        post.box.to_letter = lambda _: "554 no SECRET here"
    post.slip("2026-03-25", "2026-04-20")
    post.until_quiet()
    (message,) = list_messages(post.db, sender="mail")
    assert (message.state, message.attempts) == ("dead", 1)
    assert str(code) in (message.error or "")
    assert "SECRET" not in (message.error or ""), "what a server writes may be anybody's data"
    assert [(one.order, one.state, one.trouble) for one in queue(post.db)] == [("A", "due", "bounced")]
    advance(post.db, "2026-04-02T12:00")
    assert [one.kind for one in queue(post.db) if one.what == "refund"] == ["missed"]


def test_a_letter_that_is_put_off_goes_later_and_once(post: Post) -> None:
    post.box.to_letter = lambda n: "451 not now" if n == 1 else None
    post.slip("2026-03-25", "2026-05-01")
    post.round()
    assert (post.box.tries, post.box.got, post.states()) == (1, [], ["waiting"])
    post.until_quiet()
    assert (post.box.tries, len(post.box.got), post.states()) == (2, 1, ["sent"])


def test_letters_on_one_order_arrive_in_their_order_whatever_fails(post: Post) -> None:
    post.box.to_letter = lambda n: "451 not now" if n in {1, 3} else None
    post.slip("2026-03-25", "2026-04-20")
    post.slip("2026-03-26", "2026-04-27")
    post.slip("2026-03-27", "2026-04-28")
    post.until_quiet()
    days = [got.read["Subject"].partition(", ")[2] for got in post.box.got]
    assert days == ["Mon 20 Apr 2026", "Mon 27 Apr 2026", "Tue 28 Apr 2026"]
    assert len({got.read["Message-ID"] for got in post.box.got}) == 3


def test_a_repeat_after_a_line_that_broke_is_the_same_letter(post: Post) -> None:
    """The server took it and hung up before it said so: nobody can know, so it goes again, and can be told as one."""
    post.box.to_letter = lambda n: "hang up" if n == 1 else None
    post.slip("2026-03-25", "2026-05-01")
    post.until_quiet()
    first, second = post.box.got
    assert first.data == second.data
    assert post.states() == ["sent"]


def test_a_repeat_after_a_crash_is_the_same_letter(post: Post) -> None:
    """The letter went, and whoever sent it died before writing that down."""
    post.slip("2026-03-25", "2026-05-01")
    post.box.to_letter = lambda _: "451 not yet"
    post.round()
    post.box.to_letter = lambda _: None
    post.now += HOUR
    with post.db.write() as tx:
        claimed = outbox.claim_messages(tx, "mail", post.now, post.now + LEASE, 10)
    assert post.sender.send(claimed) == [None]
    post.round()
    assert len(post.box.got) == 1, "it is claimed"
    post.now += LEASE
    post.until_quiet()
    first, second = post.box.got
    assert first.data == second.data


def test_a_server_that_takes_nothing_for_days_leaves_every_customer_to_a_person(post: Post) -> None:
    post.box.close()
    post.slip("2026-03-25", "2026-04-20")
    began = post.now
    post.until_quiet()
    (message,) = list_messages(post.db, sender="mail")
    assert (message.state, message.attempts) == ("dead", TRIES_MAX)
    assert 12 * HOUR < post.now - began < 24 * HOUR, "soon enough for somebody to be told before the last day"
    assert [(one.order, one.state, one.trouble) for one in queue(post.db)] == [("A", "due", "bounced")]
    assert do(post.db, "2026-03-27T15:00", "send_notice", order="A", means="phone", by="kim") == "changed"
    post.box.open()
    post.until_quiet()
    assert post.box.got == [], "they were told"


def test_who_has_no_address_and_who_was_told_by_phone_is_not_written_to(post: Post) -> None:
    line = {"line": "1", "sku": "CHAIR", "quantity": 1}
    do(post.db, "2026-03-02T16:00", "place_order", order="B", lines=[line])
    post.slip("2026-03-25", "2026-05-01")
    assert [(one.order, one.trouble) for one in queue(post.db) if one.trouble] == [("B", "no_address")]
    assert do(post.db, "2026-03-25T16:00", "send_notice", order="B", means="phone", by="kim") == "changed"
    post.until_quiet()
    assert [got.to for got in post.box.got] == ["ada@example.com"]
    assert post.states() == ["sent", "sent"]


def test_an_address_that_cannot_be_one_is_a_persons_affair(post: Post) -> None:
    do(post.db, "2026-03-02T16:00", "put_customer", customer="ada", email="ada(at)home@exämple", country="US")
    post.slip("2026-03-25", "2026-05-01")
    post.until_quiet()
    assert post.box.tries == 0
    assert [(one.order, one.trouble) for one in queue(post.db)] == [("A", "bounced")]


def test_who_was_erased_is_written_to_no_more(post: Post) -> None:
    post.slip("2026-03-25", "2026-05-01")
    advance(post.db, "2026-05-30T12:00")
    assert do(post.db, "2026-05-30T12:00", "erase_person", customer="ada") == "changed"
    post.until_quiet()
    assert post.box.got == []


def test_an_item_that_is_back_is_told_in_the_language_of_who_asked(post: Post) -> None:
    at = "2026-03-03T15:00"
    do(post.db, at, "put_item", sku="STOOL", name="Hocker")
    assert do(post.db, at, "watch_item", sku="STOOL", email="Bob@Exämple.com", language="de") == "accepted"
    do(post.db, at, "count_stock", sku="STOOL", site="NY", quantity=4)
    worker = Worker(post.db, lambda: post.now, standing=[post.sender])
    post.at("2026-03-03T16:00")
    worker.prepare(post.now)
    for _ in range(3):
        worker.run_once(post.now)
        worker.finish()
    (got,) = post.box.got
    assert got.to == "bob@xn--exmple-cua.com"
    assert got.read["Content-Language"] == "de"
    assert got.read["Subject"] == "Hocker ist wieder auf Lager"
    assert "Hocker" in got.part("html")


def test_letters_on_orders_go_where_they_are_asked_for(db: Database, box: Mailbox) -> None:
    post = Post(db, box, "confirmation", "ready", "shipped")
    at = "2026-03-03T15:00"
    do(db, at, "put_customer", customer="eva", email="eva@example.com", language="de", country="DE")
    do(db, at, "put_item", sku="STOOL", name="Hocker")
    lines = [{"line": "1", "sku": "CHAIR", "quantity": 2}, {"line": "2", "sku": "STOOL", "quantity": 3}]
    do(db, at, "announce_supply", supply="ST", sku="STOOL", site="NY", quantity=9, expected_on="2026-04-20")
    assert do(db, at, "place_order", order="E", customer="eva", lines=lines) == "accepted"
    do(db, "2026-04-01T14:00", "receive_supply", supply="PO", receipt="R", quantity=9)
    goods = [{"line": "1", "quantity": 2}]
    do(db, "2026-04-01T15:00", "ship", order="E", shipment="S", lines=goods, carrier="post", tracking="T-1")
    post.at("2026-04-01T15:00")
    post.until_quiet()
    told = [(got.to, got.read["Subject"]) for got in box.got]
    assert told == [
        ("ada@example.com", "Your order A"),
        ("eva@example.com", "Ihre Bestellung E"),
        ("eva@example.com", "Ihre Bestellung E ist unterwegs"),
    ], "of A all was ready and nothing waited; of E a part had left before the letter on it went"
    confirmed, left = box.got[1], box.got[2]
    assert "2 x Oak chair" in confirmed.part("plain")
    assert "20. April" in confirmed.part("plain")
    assert "2 x Oak chair" in left.part("plain")
    assert "T-1" in left.part("plain")
    assert "Hocker" not in left.part("plain")


def test_a_part_that_is_ready_is_told_once_while_the_rest_waits(db: Database, box: Mailbox) -> None:
    post = Post(db, box, "ready")
    at = "2026-03-03T15:00"
    for sku in ("STOOL", "TABLE"):
        do(db, at, "put_item", sku=sku)
        do(db, at, "announce_supply", supply=sku, sku=sku, site="NY", quantity=9, expected_on="2026-04-20")
    lines = [{"line": sku, "sku": sku, "quantity": 1} for sku in ("CHAIR", "STOOL", "TABLE")]
    assert do(db, at, "place_order", order="E", customer="ada", lines=lines) == "accepted"
    for supply in ("PO", "STOOL"):
        do(db, "2026-03-04T14:00", "receive_supply", supply=supply, receipt=f"R-{supply}", quantity=9)
    post.at("2026-03-04T15:00")
    post.until_quiet()
    (got,) = box.got
    assert got.read["Subject"] == "Part of your order E is ready"
    ready, rest = got.part("plain").split("The rest is still to come:")
    assert "1 x Oak chair\n- 1 x STOOL" in ready
    assert "TABLE" in rest
    do(db, "2026-03-05T14:00", "receive_supply", supply="TABLE", receipt="R-TABLE", quantity=9)
    post.at("2026-03-05T15:00")
    post.until_quiet()
    assert len(box.got) == 1, "all is ready: it ships"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it does not leave this machine
def test_a_server_that_does_not_let_us_in_gets_everything_later(db: Database) -> None:
    with Mailbox(password="right") as box:
        post = Post(db, box)
        post.slip("2026-03-25", "2026-05-01")
        box.password = "another"
        post.round()
        (message,) = list_messages(db, sender="mail")
        assert (message.state, box.got) == ("waiting", [])
        assert (message.error or "").startswith("the mail server "), "it answers 535, or hangs up at the third try"
        box.password = "right"
        post.until_quiet()
        assert [got.to for got in box.got] == ["ada@example.com"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A key and the certificate of localhost, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    key, signed = folder / "key.pem", folder / "signed.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(signed)]
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    return key, signed


@pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made by openssl")
def test_letters_go_encrypted_and_to_a_server_that_proves_its_name_alone(
    db: Database, certificate: tuple[Path, Path]
) -> None:
    key, signed = certificate
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(signed, key)
    with Mailbox(password="right", trust=theirs) as box:
        post = Post(db, box)
        post.slip("2026-03-25", "2026-05-01")
        where = read_server(f"smtp://shop:right@localhost:{box.port}")
        for trust, states in ((None, ["waiting"]), (ssl.create_default_context(cafile=str(signed)), ["sent"])):
            sender = Mail(db, lambda: post.now, where, read_address("orders@shop.example"), trust=trust)
            post.worker = Worker(db, lambda: post.now, duties={}, standing=[sender])
            post.round(3_600)
            assert post.states() == states
            assert box.logins == len(box.got) == (states == ["sent"]), "no password to whom nobody knows"


def test_a_password_is_not_said_in_the_open(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "is_here", False)
    where = read_server(f"smtp://shop:right@127.0.0.1:{post.box.port}")
    sender = Mail(post.db, lambda: post.now, where, read_address("orders@shop.example"))
    post.worker = Worker(post.db, lambda: post.now, duties={}, standing=[sender])
    post.slip("2026-03-25", "2026-05-01")
    post.round()
    (message,) = list_messages(post.db, sender="mail")
    assert message.error == "the mail server does not encrypt, so it is not told the password"
    assert (post.box.tries, post.box.logins) == (0, 0)


def test_a_server_that_drips_is_cut_off(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "CUT", 0.5)

    def drip() -> None:
        line = held.accept()[0]
        with line, suppress(OSError):
            while True:
                line.sendall(b"2")
                time.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as held:
        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        where = read_server(f"smtp://127.0.0.1:{held.getsockname()[1]}")
        sender = Mail(post.db, lambda: post.now, where, read_address("orders@shop.example"))
        post.worker = Worker(post.db, lambda: post.now, duties={}, standing=[sender])
        post.slip("2026-03-25", "2026-05-01")
        post.round()
        thread.join(10)
        assert not thread.is_alive(), "the line was cut"
    assert post.states() == ["waiting"]


def test_whom_somebody_reached_meanwhile_is_not_said_to_be_untold(post: Post) -> None:
    post.box.to_address = lambda _: "550 no"
    post.slip("2026-03-25", "2026-05-01")
    by_phone = {"order": "A", "notice": 1, "became": "delivered", "reason": "by phone"}
    assert do(post.db, "2026-03-25T16:00", "record_notice", **by_phone) == "changed"
    post.until_quiet()
    assert post.states() == ["dead"]
    assert [one.state for one in of_order(post.db, "A")] == ["asking"]
    assert [one.trouble for one in queue(post.db)] == [None]


def test_the_worker_of_an_operator_sends_what_is_due(db: Database, url: str, box: Mailbox) -> None:
    post = Post(db, box)
    post.slip("2026-03-25", "2026-05-01")
    said = {"BACKORDER_MAIL": box.url, "BACKORDER_MAIL_FROM": "orders@shop.example", "BACKORDER_LOG": "none",
            "BACKORDER_NOW": "2026-03-25T16:00:05+00:00"}  # fmt: skip
    command = [sys.executable, "-m", "backorder", "work", "--database", url]
    with subprocess.Popen(command, env=os.environ | said, stdout=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 60
            while not box.got and time.monotonic() < until:
                time.sleep(0.05)
        finally:
            stop(process)
    assert box.got[0].read["Subject"] == "Order A: later than promised, Fri 1 May 2026"


@pytest.mark.parametrize(
    ("mail", "sender", "says"),
    [
        ("mail.example.com", "a@example.com", "BACKORDER_MAIL cannot be meant: give smtp://HOST"),
        ("smtp://ada@mail.example.com", "a@example.com", "a name needs a password"),
        ("smtp://mail.example.com:port", "a@example.com", "BACKORDER_MAIL cannot be meant: give smtp://HOST"),
        ("smtp://mail.example.com", "", "say in BACKORDER_MAIL_FROM which address letters come from"),
        ("smtp://mail.example.com", "the shop", "BACKORDER_MAIL_FROM is 'the shop'"),
        ("smtp://mail.example.com", "a@example.com", "BACKORDER_MAIL_LETTERS says invoice: use confirmation, ready"),
    ],
)
def test_settings_that_cannot_be_meant_are_named(mail: str, sender: str, says: str, sqlite_url: str) -> None:
    said = {"BACKORDER_MAIL": mail, "BACKORDER_MAIL_FROM": sender, "BACKORDER_MAIL_LETTERS": "invoice"}
    result = CliRunner(env=said).invoke(command_line(), ["work", "--database", sqlite_url], obj=lambda: 0)
    assert isinstance(result.exception, Wrong)
    assert says in str(result.exception)


def test_settings_are_shown_without_the_password() -> None:
    said = {"BACKORDER_MAIL": "smtp://shop:hunter2@mail.example.com"}
    shown = CliRunner(env=said).invoke(command_line(), ["settings"], obj=lambda: 0).output
    assert "smtp://shop:***@mail.example.com" in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize("said", ["", "ada", "@example.com", "ada@", "a b@example.com", "ada@example", "ada@-x.com",
                                  "ada@example.com\r\nBcc: x@y.com", "ädä@example.com", '"a"@example.com',
                                  f"{'a' * 65}@example.com", f"ada@{'a' * 250}.com", "ada@ex..com"])  # fmt: skip
def test_what_is_no_address_is_said_to_be_none(said: str) -> None:
    with pytest.raises(NoAddress):
        read_address(said)
