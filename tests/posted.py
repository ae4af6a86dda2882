"""A shop whose customers are written to: its orders, its worker, and the mail server that takes its letters."""

from datetime import datetime

from mailserver import Mailbox
from owed import COMMUNICATION, advance, do

from backorder.adapters.mail.message import read_address
from backorder.adapters.mail.sender import Mail
from backorder.adapters.mail.server import read_server
from backorder.kernel.calendars import moment_number
from backorder.kernel.retries import SECOND
from backorder.queries.outbox import list_messages
from backorder.storage.db import Database
from backorder.worker import Worker


class Post:
    """A shop in New York with an order that is promised for the first of April, its worker and its mail server."""

    def __init__(self, db: Database, box: Mailbox, *letters: str, pages: str = "") -> None:
        self.db, self.box, self.now = db, box, 0
        address = read_address("orders@shop.example")
        self.sender = Mail(db, lambda: self.now, read_server(box.url), address, letters, pages=pages)
        self.worker = Worker(db, lambda: self.now, duties={}, standing=[self.sender])
        self.at("2026-03-02T15:00")
        self.worker.prepare(self.now)
        day = "2026-03-02T15:00"
        do(db, day, "put_site", site="NY", zone="America/New_York", country="US")
        do(db, day, "put_item", sku="CHAIR", name="Oak chair")
        do(db, day, "put_customer", customer="ada", name="Ada", email="ada@example.com", country="US")
        do(db, day, "put_communication", shop_name="The Shop", **{k: v for k, v in COMMUNICATION.items() if k != "do"})
        do(db, day, "announce_supply", supply="PO", sku="CHAIR", site="NY", quantity=9, expected_on="2026-04-01")
        line = {"line": "1", "sku": "CHAIR", "quantity": 2, "unit_price": "50.00"}
        assert do(db, day, "place_order", order="A", customer="ada", currency="USD", paid="100.00", lines=[line]) == (
            "accepted"
        )

    def at(self, moment: str) -> None:
        """Let the worker's clock show a moment."""
        self.now = moment_number(datetime.fromisoformat(f"{moment}+00:00"))

    def slip(self, moment: str, day: str) -> None:
        """Let the supply slip to a day; an hour later the customer has to be told."""
        do(self.db, f"{moment}T15:00", "reschedule_supply", supply="PO", expected_on=day)
        advance(self.db, f"{moment}T16:00")
        self.at(f"{moment}T16:00")

    def round(self, seconds: int = 1) -> None:
        """A round of the worker, some time later."""
        self.now += seconds * SECOND
        self.look()

    def look(self) -> None:
        """A round of the worker now, until the mail server has answered."""
        self.worker.run_once(self.now)
        self.worker.finish()

    def until_quiet(self) -> None:
        """Rounds, the clock going on to whatever is due next, until nothing waits to be sent."""
        self.round()
        while waiting := list_messages(self.db, sender="mail", state="waiting"):
            due = min(one.due_at for one in waiting if one.due_at is not None)
            self.now = max(self.now + 31 * SECOND, moment_number(due))
            self.look()

    def states(self) -> list[str]:
        """What became of the messages to the mail server."""
        return [one.state for one in list_messages(self.db, sender="mail")]
