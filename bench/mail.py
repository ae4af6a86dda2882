"""Letters: how fast they are made, and what becomes of them where three in ten are not taken at first."""

import hashlib
import socket
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from email.headerregistry import Address
from email.parser import BytesHeaderParser

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from backorder.adapters.mail.message import Envelope as Sealed
from backorder.adapters.mail.message import composed, read_address
from backorder.adapters.mail.posts import posts
from backorder.adapters.mail.sender import Mail
from backorder.adapters.mail.server import read_server
from backorder.commands._settling import settle_all
from backorder.kernel.retries import SECOND
from backorder.queries.outbox import list_messages
from backorder.storage import outbox
from backorder.storage.db import Database, open_database
from backorder.storage.outbox import Message
from backorder.worker import LEASE, Worker
from bench.figure import Figure
from bench.owed import DAY, HOUR, fill, let_slip, turn_on
from bench.shops import Places, places

MANY, FEW = 3_000, 300  # orders of which letters are made, and to whom they go
SLIPS = 3  # letters on each order
LATER_DAYS = (28, 35, 42)  # days to which a supply slips each time: no two end on one working day
BETWEEN = 31 * SECOND  # rounds of the worker: a server that does not take letters is left alone for half a minute


def measure(scale: float) -> Iterator[Figure]:
    """Both databases."""
    with places() as where:
        for kind in ("postgresql", "sqlite"):
            yield _made(where, kind, max(20, int(MANY * scale)))
            yield _sent(where, kind, max(10, int(FEW * scale)))


def _told(place: str, count: int, slips: int) -> tuple[Database, int]:
    """A shop whose customers were told of so many slips; and the moment after the last."""
    now = time.time_ns() // 1_000
    fill(place, 1, count, now)
    db = open_database(place)
    turn_on(db, now)
    for n in range(slips):
        let_slip(db, now + n * DAY, 0, LATER_DAYS[n])
        settle_all(db, now + n * DAY + HOUR)
    return db, now + slips * DAY


def _made(where: Places, kind: str, count: int) -> Figure:
    """Letters made and ready to be sent, from the messages of the outbox on, read from the database in their parts."""
    db, now = _told(where.new(kind), count, 1)
    mail = Mail(db, lambda: now, read_server("smtp://localhost:1"), read_address("orders@shop.example"))
    made, took = 0, 0.0
    for part in _claimed(db, mail, now):
        began = time.process_time()
        found, shop = posts(db, part)
        for message, post in zip(part, found, strict=True):
            assert post is not None
            to = read_address(post.to or "")
            sealed = Sealed(Address(shop, "orders", "shop.example"), to, message.event, post.at, "")
            made += bool(composed(post.letter, sealed))
        took += time.process_time() - began
    db.close()
    assert made == count
    rate = made / took
    return Figure(f"letters made, {kind}", f"{rate:,.0f} a second of a core", ">= 300", rate >= 300)


def _claimed(db: Database, mail: Mail, now: int) -> Iterator[Sequence[Message]]:
    """The messages that there are for letters, as many at once as are sent over one line."""
    with db.write() as tx:
        outbox.add_feed(tx, mail.name, 0, now)
    while True:
        with db.write() as tx:
            if not outbox.spread_to(tx, {mail.name: mail.wants}, now, 1_000):
                break
    while True:
        with db.write() as tx:
            part = outbox.claim_messages(tx, mail.name, now, now + LEASE, mail.at_once)
        if not part:
            return
        yield part


class _Moody:
    """A mail server that does not take three letters in ten, by chance but always the same."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.tries = self.refused = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # its name
        self.tries += 1
        if hashlib.blake2b(str(self.tries).encode()).digest()[0] < 0.3 * 256:
            self.refused += 1
            return "451 not now"
        self.got.append(envelope.original_content or b"")
        return "250 OK"


def _sent(where: Places, kind: str, count: int) -> Figure:
    """Letters over a line, several on each order, to a server that does not take three in ten at first."""
    place = where.new(kind)
    db, now = _told(place, count, 0)
    moody = _Moody()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(moody, hostname="127.0.0.1", port=port)
    server.start()
    clock, address = [now], read_address("orders@shop.example")
    mail = Mail(db, lambda: clock[0], read_server(f"smtp://127.0.0.1:{port}"), address)
    worker = Worker(db, lambda: clock[0], duties={}, standing=[mail])
    worker.prepare(now)
    for n in range(SLIPS):
        let_slip(db, now + n * DAY, 0, LATER_DAYS[n])
        settle_all(db, now + n * DAY + HOUR)
    clock[0] = now + SLIPS * DAY
    _look(worker, clock[0])
    while list_messages(db, sender="mail", state="waiting", limit=1):
        clock[0] += BETWEEN
        _look(worker, clock[0])
    server.stop()
    people = len(list_messages(db, sender="mail", state="dead", limit=10_000))
    db.close()
    wrong, repeats = _out_of_order(moody.got)
    lost = SLIPS * count - people - (len(moody.got) - repeats)
    said = f"{lost} lost, {wrong} out of order, {repeats} twice, {people} left to people"
    name = f"{SLIPS * count:,} letters, {moody.refused:,} refused at first, {kind}"
    return Figure(name, said, "0 lost, 0 out of order, 0 twice", not (lost or wrong or repeats))


def _look(worker: Worker, now: int) -> None:
    """A round of the worker, until the mail server has answered."""
    worker.run_once(now)
    worker.finish()


def _out_of_order(letters: Sequence[bytes]) -> tuple[int, int]:
    """How many letters came after a later one on the same order; and how many came before."""
    parser = BytesHeaderParser()
    last: dict[str, int] = defaultdict(int)
    seen, wrong, repeats = set[str](), 0, 0
    for letter in letters:
        read = parser.parsebytes(letter)
        ident, to = str(read["Message-ID"]), str(read["To"])
        event = int(ident[1:].partition(".")[0])
        wrong += event < last[to]
        repeats += ident in seen
        last[to] = event
        seen.add(ident)
    return wrong, repeats
