"""Short words by text message and chat: through Apprise to a real service, beside the letter and never in its place."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from click.testing import CliRunner
from mailserver import Mailbox
from owed import COMMUNICATION, advance, do
from receivers import Receiver, status

from backorder.adapters.channels import Channels, read_channels
from backorder.adapters.mail.message import read_address
from backorder.adapters.mail.sender import Mail
from backorder.adapters.mail.server import read_server
from backorder.app import command_line
from backorder.kernel.calendars import moment_number
from backorder.queries import check
from backorder.queries.notices import of_order, queue
from backorder.queries.outbox import list_messages
from backorder.queries.people import everything
from backorder.settings import Wrong
from backorder.storage.db import Database
from backorder.storage.people import texts
from backorder.worker import Worker

DAY = "2026-03-02T15:00"
NUMBER = "sms:+15557654321"


class Shop:
    """A shop with a mail server and a service for text messages; its customer waits for two chairs."""

    def __init__(self, db: Database, box: Mailbox, phones: Receiver, notify: str | None = NUMBER, **person) -> None:
        self.db, self.box, self.phones, self.now = db, box, phones, 0
        places = read_channels(
            f"sms=json://127.0.0.1:{phones.port}/{{to}} chat=json://127.0.0.1:{phones.port}/c/{{to}}"
        )
        mail = Mail(db, lambda: self.now, read_server(box.url), read_address("orders@shop.example"), ["shipped"])
        channels = Channels(db, lambda: self.now, places, ["shipped"])
        self.worker = Worker(db, lambda: self.now, duties={}, standing=[mail, channels])
        self.at(DAY)
        self.worker.prepare(self.now)
        do(db, DAY, "put_site", site="NY", zone="America/New_York", country="US")
        do(db, DAY, "put_item", sku="CHAIR", name="Oak chair")
        person = {"name": "Ada", "email": "ada@example.com", "country": "US"} | person
        do(db, DAY, "put_customer", customer="ada", notify=notify, **person)
        do(db, DAY, "put_communication", shop_name="The Shop", **{k: v for k, v in COMMUNICATION.items() if k != "do"})
        do(db, DAY, "announce_supply", supply="PO", sku="CHAIR", site="NY", quantity=9, expected_on="2026-04-01")
        line = {"line": "1", "sku": "CHAIR", "quantity": 2, "unit_price": "50.00"}
        do(db, DAY, "place_order", order="A", customer="ada", currency="USD", paid="100.00", lines=[line])

    def at(self, moment: str) -> None:
        """Let the worker's clock show a moment."""
        self.now = moment_number(datetime.fromisoformat(f"{moment}+00:00"))

    def slip(self) -> None:
        """Let the supply slip; an hour later the customer has to be told, and the worker has its rounds."""
        do(self.db, "2026-03-25T15:00", "reschedule_supply", supply="PO", expected_on="2026-05-01")
        advance(self.db, "2026-03-25T16:00")
        self.at("2026-03-25T16:00:05")
        self.look()

    def look(self) -> None:
        """A round of the worker, until everybody has answered."""
        self.worker.run_once(self.now)
        self.worker.finish()

    def states(self) -> list[str]:
        """What became of the messages to the services."""
        return [one.state for one in list_messages(self.db, sender="channels")]


@pytest.fixture
def phones() -> Iterator[Receiver]:
    found = Receiver(status(200))
    yield found
    found.close()


def test_a_short_word_goes_beside_the_letter(db: Database, box: Mailbox, phones: Receiver) -> None:
    shop = Shop(db, box, phones)
    shop.slip()
    (letter,), (word,) = box.got, phones.got
    assert word.line == "POST /+15557654321 HTTP/1.1"
    assert word.said["title"] == "The Shop"
    assert word.said["message"].split("\n") == [
        letter.read["Subject"], "Our e-mail to you has the details.", f"Questions: {COMMUNICATION['contact']}"
    ]  # fmt: skip
    assert shop.states() == ["sent"]
    assert [one.means for one in of_order(db, "A")] == ["email"]
    assert check.run(db) == []


def test_what_left_is_said_in_the_customers_language(db: Database, box: Mailbox, phones: Receiver) -> None:
    shop = Shop(db, box, phones, "chat:@ada:example.org", language="de")
    do(db, "2026-04-01T15:00", "receive_supply", supply="PO", receipt="R", quantity=9)
    goods = [{"line": "1", "quantity": 2}]
    assert do(db, "2026-04-01T16:00", "ship", order="A", shipment="S", lines=goods) == "shipped"
    shop.at("2026-04-01T16:00:05")
    shop.look()
    (letter,), (word,) = box.got, phones.got
    assert word.line == "POST /c/@ada:example.org HTTP/1.1"
    assert word.said["message"].split("\n") == [letter.read["Subject"], f"Fragen: {COMMUNICATION['contact']}"]
    assert "unterwegs" in word.said["message"]


def test_a_word_never_takes_the_place_of_a_notice(db: Database, box: Mailbox, phones: Receiver) -> None:
    shop = Shop(db, box, phones, email=None)
    shop.slip()
    assert (box.got, phones.got) == ([], [])
    assert [one.trouble for one in queue(db)] == ["no_address"]


@pytest.mark.parametrize("notify", [None, "post:1 Main Street", "sms"])
def test_who_names_no_channel_of_the_shops_has_the_letter_alone(
    db: Database, box: Mailbox, phones: Receiver, notify: str | None
) -> None:
    shop = Shop(db, box, phones, notify)
    shop.slip()
    assert (len(box.got), phones.got) == (1, [])
    assert set(shop.states()) <= {"sent", "dead"}


@pytest.mark.parametrize(
    "notify", ["sms:+1555,+1666", "sms:a b", "sms:../../x", "sms:x?y=1", "sms:{to}", "sms:ü", "sms:"]
)
def test_an_address_that_is_none_is_told_to_nobody(db: Database, box: Mailbox, phones: Receiver, notify: str) -> None:
    shop = Shop(db, box, phones, notify)
    shop.slip()
    assert (len(box.got), phones.got) == (1, [])
    assert shop.states() == ["dead"]


def test_a_service_that_refuses_is_asked_again(db: Database, box: Mailbox, phones: Receiver) -> None:
    phones.answer = status(500)
    shop = Shop(db, box, phones)
    shop.slip()
    assert shop.states() == ["waiting"]
    assert len(box.got) == 1
    phones.answer = status(200)
    shop.at("2026-03-25T16:01:00")
    shop.look()
    assert shop.states() == ["sent"]
    assert len(phones.got) == 2


def test_who_is_erased_leaves_no_number_behind(db: Database, box: Mailbox, phones: Receiver) -> None:
    shop = Shop(db, box, phones)
    shop.slip()
    do(db, "2026-03-26T10:00", "cancel_line", order="A", line="1", quantity=2, by="customer")
    assert "+15557654321" in str(everything(db, "ada"))
    do(db, "2026-03-27T10:00", "erase_person", customer="ada")
    with db.read() as tx:
        assert texts(tx, "15557654321") == []


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("sms", "give NAME=URL for each channel"),
        ("sms=json://h/{to} sms=json://h/{to}", "give NAME=URL for each channel"),
        ("sms=json://h/x", "has to say once where the customer's address stands: {to}"),
        ("sms=foo://h/{to}", "Apprise knows no service by the URL of sms"),
    ],
)
def test_settings_that_cannot_be_meant_are_named(said: str, says: str, sqlite_url: str) -> None:
    told = {"BACKORDER_CHANNELS": said}
    result = CliRunner(env=told).invoke(command_line(), ["work", "--database", sqlite_url], obj=lambda: 0)
    assert isinstance(result.exception, Wrong)
    assert says in str(result.exception)


def test_settings_are_shown_without_tokens() -> None:
    told = {"BACKORDER_CHANNELS": "sms=twilio://SID:hunter2@15551234567/{to}"}
    assert "hunter2" not in CliRunner(env=told).invoke(command_line(), ["settings"], obj=lambda: 0).output
