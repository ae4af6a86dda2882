"""The sender of letters: what the outbox has for customers goes to the mail server; what comes of it is recorded."""

import smtplib
import ssl
from collections.abc import Callable, Sequence
from email.headerregistry import Address
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from backorder.adapters.mail import Letter, framed, in_name_of, rendered, values_of
from backorder.adapters.mail.message import Envelope, NoAddress, composed, named, read_address
from backorder.adapters.mail.server import Line, Server, unsent
from backorder.commands import run
from backorder.commands.notices import RecordNotice
from backorder.kernel import letters
from backorder.kernel.calendars import local_day
from backorder.kernel.errors import NotSent
from backorder.kernel.events import Back
from backorder.kernel.letters import About, Goods
from backorder.kernel.retries import SECOND
from backorder.kernel.wording import worded_as
from backorder.languages import SOURCE, language
from backorder.queries.communication import CommunicationView, communication
from backorder.queries.mail import Notice, Watch, load_notices, load_watches
from backorder.storage.db import Database
from backorder.storage.outbox import Message

AT_ONCE = 20  # letters over one line
SENDING = 15 * SECOND  # after which no further one is begun: what is claimed has to end within its lease
TRIES_MAX = 7  # within a day: then a person has to tell the customer, while the law still leaves them time
NOTICE, BACK = "notice_sent", "back_in_stock"


class _Noticed(msgspec.Struct):
    """What the event of a notice says of it."""

    notice: int
    means: str | None = None


class Post(NamedTuple):
    """A letter with whom it goes to. `notice` is the order and number where it is a notice of an order."""

    letter: Letter
    to: str
    name: str
    at: int
    notice: tuple[str, int] | None


class Mail:
    """A sender of letters by e-mail. `clock` is in microseconds; `sender` is the address that they come from.

    Notices that are told by other means, and those that nobody may be written to any more, are none of its affair.
    """

    name = "mail"
    at_once = AT_ONCE

    def __init__(
        self,
        db: Database,
        clock: Callable[[], int],
        server: Server,
        sender: Address,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._db, self._clock, self._server, self._trust = db, clock, server, trust
        self._sender = sender

    def wants(self, kind: str, _subject: str) -> bool:
        """Whether an event of this kind may be for it."""
        return kind in {NOTICE, BACK}

    def send(self, messages: Sequence[Message]) -> list[NotSent | None]:
        """Send letters over one line, in order. Those that it does not come to have no answer."""
        began, answers, stuck = self._clock(), list[NotSent | None](), set[str]()
        found, shop = posts(self._db, messages)
        with Line(self._server, self._trust) as line:
            for message, post in zip(messages, found, strict=True):
                if self._clock() > began + SENDING:
                    break
                if message.subject in stuck:
                    answers.append(NotSent("one before it did not go"))
                    continue
                answers.append(None if post is None else self._deliver(line, message, post, shop))
                if answers[-1] is not None:
                    stuck.add(message.subject)
        return answers

    def _deliver(self, line: Line, message: Message, post: Post, shop: str) -> NotSent | None:
        try:
            sender = Address(shop, self._sender.username, self._sender.domain)
            to = read_address(post.to, post.name)
            envelope = Envelope(sender, to, message.event, post.at, message.subject)
            line.send(sender.addr_spec, to.addr_spec, composed(post.letter, envelope))
        except NoAddress as error:
            return self._recorded(message, post, NotSent(str(error), for_good=True))
        except (OSError, smtplib.SMTPException) as error:
            return self._recorded(message, post, unsent(error))
        return None

    def _recorded(self, message: Message, post: Post, answer: NotSent) -> NotSent:
        """What is to become of a letter that did not go: tried again, or its customer was not told."""
        if post.notice is None or not (answer.for_good or message.attempts + 1 >= TRIES_MAX):
            return answer
        order, n = post.notice
        bounced = RecordNotice(order=order, notice=n, became="bounced", reason=str(answer))
        run(self._db, self._clock(), [bounced], actor=self.name)
        return NotSent(str(answer), for_good=True, away=answer.away)


def posts(db: Database, messages: Sequence[Message]) -> tuple[list[Post | None], str]:
    """The letters of messages, None where nobody is to be written to; and the name of the shop."""
    keys = [_key(message) for message in messages]
    of = dict(zip(messages, keys, strict=True))
    with db.read() as tx:
        notices = load_notices(tx, [key for message, key in of.items() if message.kind == NOTICE])
        watches = load_watches(tx, [key for message, key in of.items() if message.kind == BACK])
    said = communication(db)
    found: list[Post | None] = []
    for message, key in of.items():
        if message.kind == NOTICE:
            found.append(_noticed(notices[key], said) if key in notices else None)
        else:
            found.append(_back(watches[key], said, message.at) if key in watches else None)
    return found, named(said.shop_name or "")


def _key(message: Message) -> tuple[str, int]:
    """The order and number of a notice, or the item and number of a watch."""
    if message.kind == BACK:
        back = msgspec.json.decode(message.data, type=Back)
        return back.sku, back.watch
    return unquote(message.subject.partition("/")[2]), msgspec.json.decode(message.data, type=_Noticed).notice


def _noticed(one: Notice, said: CommunicationView) -> Post | None:
    """A notice as a letter: what it says stands as it was kept."""
    if one.means != "email" or one.to is None or one.text is None or one.sent_at is None:
        return None
    merchant = in_name_of(said, worded_as(one.kind), SOURCE)
    values = values_of(About(one.order, local_day(one.sent_at, "UTC"), one.name), [], language(SOURCE))
    letter = framed(one.subject or "", one.text, merchant, values)
    return Post(letter, one.to, one.name or "", one.sent_at, (one.order, one.n))


def _back(one: Watch, said: CommunicationView, at: int) -> Post | None:
    """Word that an item is back, in the language of who asked."""
    if one.to is None:
        return None
    speaks = language(one.language, one.country)
    about = About("", local_day(at, "UTC"), one.name)
    values = values_of(about, [Goods(1, one.item)], speaks)
    letter = rendered(letters.back_in_stock(about, one.item), speaks, in_name_of(said, "back", speaks.code), values)
    return Post(letter, one.to, one.name or "", at, None)
