"""The sender of letters: what the outbox has for customers goes to the mail server; what comes of it is recorded."""

import logging
import smtplib
import ssl
from collections.abc import Callable, Iterable, Sequence
from email.headerregistry import Address

from backorder.adapters.mail.links import drawing
from backorder.adapters.mail.message import Envelope, NoAddress, Spoilt, composed, read_address
from backorder.adapters.mail.posts import ALWAYS, ON_ORDERS, Post, noticed, posts
from backorder.adapters.mail.server import Line, Server, unsent
from backorder.commands import run
from backorder.commands.notices import RecordNotice
from backorder.kernel.errors import NotSent, Unavailable
from backorder.kernel.retries import SECOND
from backorder.queries.mail import has_arrived
from backorder.storage.db import Database, Tx
from backorder.storage.outbox import Message

log = logging.getLogger("backorder.mail")

AT_ONCE = 20  # letters over one line
SENDING = 15 * SECOND  # after which no further one is begun: what is claimed has to end within its lease
TRIES_MAX = 7  # within a day: then a person has to tell the customer, while the law still leaves them time


class Mail:
    """A sender of letters by e-mail. `clock` is in microseconds; `sender` is the address that they come from.

    `returns` is the address that letters come back to which do not arrive; without it that is `sender`.
    `pages` is where customers reach the service: letters have a link to their order's page where it is said.
    `letters` are those on orders, of ON_ORDERS, that go besides notices and word that an item is back.
    Notices that are told by other means, and those that nobody may be written to any more, are none of its affair.
    """

    name = "mail"
    at_once = AT_ONCE
    ailing = slow = False  # nobody else waits for the thread that it has

    def __init__(
        self,
        db: Database,
        clock: Callable[[], int],
        server: Server,
        sender: Address,
        letters: Iterable[str] = (),
        trust: ssl.SSLContext | None = None,
        *,
        pages: str = "",
        returns: Address | None = None,
    ) -> None:
        self._db, self._clock, self._server, self._trust = db, clock, server, trust
        self._sender, self._returns = sender, returns or sender
        self._draw = drawing(db, clock, pages, self.name)
        self._kinds = {*ALWAYS, *(ON_ORDERS[name] for name in letters)}

    def wants(self, kind: str, _subject: str) -> bool:
        """Whether an event of this kind may be for it."""
        return kind in self._kinds

    def note(self, tx: Tx, now: int) -> None:
        """There is nothing to write down but what became of the messages."""

    def send(self, messages: Sequence[Message]) -> list[NotSent | None]:
        """Send letters over one line, in order. Those that it does not come to have no answer."""
        began, answers, stuck = self._clock(), list[NotSent | None](), set[str]()
        try:
            found, shop = posts(self._db, messages, self._draw)
        except Exception as error:
            if len(messages) > 1 or isinstance(error, Unavailable):
                raise  # each comes alone then: those that cannot be made fail, and no others
            return [self._recorded(messages[0], _broken(error))]
        with Line(self._server, self._trust) as line:
            for message, post in zip(messages, found, strict=True):
                if self._clock() > began + SENDING:
                    break
                if message.subject in stuck:
                    answers.append(NotSent("one before it did not go"))
                    continue
                mailed = post if post is not None and post.to is not None else None
                answers.append(None if mailed is None else self._deliver(line, message, mailed, shop))
                if answers[-1] is not None:
                    stuck.add(message.subject)
        return answers

    def _deliver(self, line: Line, message: Message, post: Post, shop: str) -> NotSent | None:
        try:
            sender = Address(shop, self._sender.username, self._sender.domain)
            to = read_address(post.to or "", post.name)
            envelope = Envelope(sender, to, message.event, post.at, message.subject)
            line.send(self._returns.addr_spec, to.addr_spec, composed(post.letter, envelope))
        except (NoAddress, Spoilt) as error:
            return self._recorded(message, NotSent(str(error), for_good=True))
        except (OSError, smtplib.SMTPException) as error:
            return self._recorded(message, unsent(error))
        except Exception as error:  # of this letter alone: those before it have gone, and must not go again
            return self._recorded(message, _broken(error))
        return None

    def _recorded(self, message: Message, answer: NotSent) -> NotSent:
        """What is to become of a letter that did not go: tried again, or its customer was not told."""
        notice = noticed(message)
        if notice is None or not (answer.for_good or message.attempts + 1 >= TRIES_MAX):
            return answer
        order, n = notice
        with self._db.read() as tx:
            reached = has_arrived(tx, order, n)
        if not reached:  # by whatever means somebody reached them meanwhile
            bounced = RecordNotice(order=order, notice=n, became="bounced", reason=str(answer))
            run(self._db, self._clock(), [bounced], actor=self.name)
        return NotSent(str(answer), for_good=True, away=answer.away)


def _broken(error: Exception) -> NotSent:
    """Our own fault, which may be mended before the letter is given up."""
    log.error("letter", exc_info=error)
    return NotSent(f"the letter could not be made: {type(error).__name__}")
