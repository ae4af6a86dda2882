"""Letters that come back by mail: what a server reports later counts as what it refuses at once; nothing else does."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from conftest import new_database
from hypothesis import given, settings
from hypothesis import strategies as st
from mailserver import Mailbox
from owed import advance, do
from posted import Post

from backorder.adapters.mail.message import read_address
from backorder.adapters.mail.returned import MAIL_MAX, returned
from backorder.adapters.mail.sender import Mail
from backorder.adapters.mail.server import read_server
from backorder.app import command_line
from backorder.queries import check
from backorder.queries.evidence import of_order as evidence
from backorder.queries.notices import of_order, queue
from backorder.storage.db import Database, open_database
from backorder.worker import Worker

REPORT = """From: MAILER-DAEMON@mx.example.com
To: returns@shop.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"

This is a MIME-encapsulated message.

--=_report
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--=_report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
Arrival-Date: Wed, 25 Mar 2026 16:00:05 +0000

Final-Recipient: rfc822; ada@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 no such SECRET here

--=_report
Content-Type: {kind}

"""


@pytest.fixture
def post(db: Database, box: Mailbox) -> Iterator[Post]:
    """A shop whose customer was sent a notice, which the mail server took."""
    found = Post(db, box)
    found.slip("2026-03-25", "2026-05-01")
    found.until_quiet()
    assert found.states() == ["sent"]
    yield found
    assert check.run(db) == []


def report(letter: bytes, action: str = "failed", status: str = "5.1.1", *, whole: bool = True) -> bytes:
    """What a mail server writes when it gives up, as RFC 3464 has it."""
    kind = "message/rfc822" if whole else "text/rfc822-headers"
    back = letter if whole else letter.partition(b"\r\n\r\n")[0] + b"\r\n"
    text = REPORT.format(action=action, status=status, kind=kind).replace("\n", "\r\n").encode()
    return text + back + b"\r\n--=_report--\r\n"


@pytest.mark.parametrize("whole", [True, False])
def test_a_notice_that_comes_back_later_told_nobody(post: Post, whole: bool) -> None:
    mail = report(post.box.got[0].data, whole=whole)
    found = returned(post.db, post.now, mail)
    assert found == (("A", 1), "a mail server reported 5.1.1")
    assert [(one.order, one.state, one.trouble) for one in queue(post.db)] == [("A", "due", "bounced")]
    proven = evidence(post.db, "A")
    assert proven is not None
    (entry,) = [entry for entry in proven.entries if entry.kind == "bounced"]
    assert entry.note == "a mail server reported 5.1.1", "and nothing of what the server wrote"
    returned(post.db, post.now, mail)
    assert len([one for one in of_order(post.db, "A") if one.state in {"due", "bounced"}]) == 1, "it counts once"
    advance(post.db, "2026-04-02T12:00")
    assert [one.kind for one in queue(post.db) if one.what == "refund"] == ["missed"], "the law's clock heard of it"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("late only", "no report that a letter did not arrive"),
        ("arrived", "no report that a letter did not arrive"),
        ("an answer", "no report that a letter did not arrive"),
        ("the letter itself", "no report that a letter did not arrive"),
        ("another's letter", "no notice that was mailed from here"),
        ("a forged mark", "no notice that was mailed from here"),
        ("another number", "no notice that was mailed from here"),
        ("a number that is none", "no notice that was mailed from here"),
    ],
)
def test_what_is_no_report_on_a_notice_records_nothing(post: Post, name: str, why: str) -> None:
    letter = post.box.got[0].data
    ident = post.box.got[0].read["Message-ID"]
    event, _, rest = ident.strip("<>").partition(".")

    def named(other: str) -> bytes:
        return report(letter.replace(ident.encode(), other.encode()))

    mail = {
        "late only": report(letter, "delayed", "4.4.1"),
        "arrived": report(letter, "delivered", "2.0.0"),
        "an answer": b"From: ada@example.com\r\nSubject: Re: Order A\r\nIn-Reply-To: "
        + ident.encode()
        + b"\r\n\r\nNo.",
        "the letter itself": letter,
        "another's letter": named("<hello@example.com>"),
        "a forged mark": named(f"<{event}.{'0' * 24}@shop.example>"),
        "another number": named(f"<{int(event) - 1}.{rest}>"),
        "a number that is none": named(f"<{'9' * 40}.{rest}>"),
    }[name]
    before = of_order(post.db, "A")
    found = returned(post.db, post.now, mail)
    assert found.notice is None
    assert why in found.why
    assert of_order(post.db, "A") == before


def test_who_was_reached_meanwhile_stays_told(post: Post) -> None:
    by_phone = {"order": "A", "notice": 1, "became": "delivered", "reason": "by phone"}
    assert do(post.db, "2026-03-25T16:30", "record_notice", **by_phone) == "changed"
    assert returned(post.db, post.now, report(post.box.got[0].data)).notice is None
    assert [one.state for one in of_order(post.db, "A")] == ["asking"]


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database of which no notice ever went."""
    with new_database("sqlite", tmp_path_factory.mktemp("returned")) as url:
        db = open_database(url)
        yield db
        db.close()


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_whatever_comes_by_mail_hurts_nothing(nothing: Database, sent: bytes) -> None:
    with_report = (
        b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n"
    )
    failed = b"\nAction: failed\n\n--x\nContent-Type: message/rfc822\n\nMessage-ID: "
    for mail in (sent, with_report + sent, with_report + failed + sent):
        assert returned(nothing, 0, mail).notice is None


def test_a_mail_server_hands_over_what_comes_back(post: Post, url: str) -> None:
    """Letters go with the address for returns on their envelope, and its mail goes to the command line."""
    returns = read_address("returns@shop.example")
    address = read_address("orders@shop.example")
    mail = Mail(post.db, lambda: post.now, read_server(post.box.url), address, returns=returns)
    post.worker = Worker(post.db, lambda: post.now, duties={}, standing=[mail])
    post.slip("2026-03-26", "2026-05-08")
    post.until_quiet()
    got = post.box.got[-1]
    assert (got.sender, got.read["From"]) == ("returns@shop.example", "The Shop <orders@shop.example>")
    runner = CliRunner()
    command = ["notices", "returned", "--database", url]
    done = runner.invoke(command_line(), command, obj=lambda: post.now, input=report(got.data))
    assert (done.exit_code, done.output) == (
        0,
        "Notice 2 of order A came back, a mail server reported 5.1.1: nobody was told.\n",
    )
    refused = runner.invoke(command_line(), command, obj=lambda: post.now, input=b"Subject: hello\r\n\r\n" * 9)
    assert refused.exit_code == 65
    assert "no report that a letter did not arrive" in refused.output
    away = ["notices", "returned", "--database", "postgresql://nobody@127.0.0.1:1/none"]
    later = runner.invoke(command_line(), away, obj=lambda: post.now, input=report(got.data))
    assert later.exit_code == 75, "the mail server keeps it, and tries again"


def test_a_mail_is_read_up_to_its_limit_alone(post: Post) -> None:
    mail = report(post.box.got[0].data)
    assert returned(post.db, post.now, mail.replace(b"I'm sorry", b"x" * MAIL_MAX)).notice is None
