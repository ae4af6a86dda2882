"""Short words to customers by text message or chat, through whatever service the merchant has: beside the letter.

What the law wants told is told by letter, or by a person: a text message says that there is one.
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from backorder.adapters.mail.posts import ALWAYS, NOTICE, ON_ORDERS, Post, posts
from backorder.kernel.errors import NotSent
from backorder.kernel.letters import DETAILS, QUESTIONS
from backorder.kernel.phrases import Said
from backorder.kernel.retries import SECOND
from backorder.languages import Language, language, one_line
from backorder.storage.db import Database, Tx
from backorder.storage.outbox import Message

if TYPE_CHECKING:
    from apprise import Apprise

TO = "{to}"  # the place of a customer's address in a channel's URL
AT_ONCE = 10
SENDING = 15 * SECOND  # after which no further one is begun: what is claimed has to end within its lease
_NAME = re.compile(r"[a-z][a-z0-9]*\Z")
# Numbers, user names and rooms. Nothing that parts a list: one word goes to one person.
_ADDRESS = re.compile(r"[A-Za-z0-9+@#!._:-]{1,190}\Z")


class Channels:
    """A sender of short words to customers who name a channel (`notify`: `sms:+15551234567`).

    `places` are the services' URLs by the channel's name, with `{to}` where the customer's address stands; `letters`
    are those on orders, of ON_ORDERS, of which there is a word too. `clock` is in microseconds.
    """

    name = "channels"
    at_once = AT_ONCE
    ailing = slow = False  # nobody else waits for the thread that it has

    def __init__(
        self, db: Database, clock: Callable[[], int], places: Mapping[str, str], letters: Iterable[str] = ()
    ) -> None:
        self._db, self._clock, self._places = db, clock, dict(places)
        self._kinds = {*ALWAYS, *(ON_ORDERS[name] for name in letters)}
        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would write down who was told

    def wants(self, kind: str, _subject: str) -> bool:
        """Whether an event of this kind may be for it."""
        return kind in self._kinds

    def note(self, tx: Tx, now: int) -> None:
        """There is nothing to write down but what became of the messages."""

    def send(self, messages: Sequence[Message]) -> list[NotSent | None]:
        """Say what there is to say, in order. Messages that it does not come to have no answer."""
        began, answers = self._clock(), list[NotSent | None]()
        found, shop = posts(self._db, messages)
        for message, post in zip(messages, found, strict=True):
            if self._clock() > began + SENDING:
                break
            answers.append(None if post is None else self._say(message, post, shop))
        return answers

    def _say(self, message: Message, post: Post, shop: str) -> NotSent | None:
        channel, _, to = (post.notify or "").partition(":")
        if channel not in self._places:
            return None  # they want none, or one that the shop has not
        if not _ADDRESS.match(to):
            return NotSent(f"the customer's address for {channel} is none", for_good=True)
        service = _opened(self._places[channel].replace(TO, quote(to, safe="")))
        if service is None or not service.notify(body=_short(message, post), title=one_line(shop)):
            return NotSent(f"the service for {channel} did not take it")
        return None


def read_channels(said: str) -> dict[str, str]:
    """Channels from a setting: `NAME=URL`, with spaces between; the URLs are those of Apprise, with `{to}` in them.

    Raises ValueError that says what to write instead.
    """
    found: dict[str, str] = {}
    for part in said.split():
        name, is_, place = part.partition("=")
        if not (is_ and _NAME.match(name)) or name in found:
            raise ValueError("give NAME=URL for each channel, with spaces between, such as sms=twilio://...")
        if place.count(TO) != 1:
            raise ValueError(f"the URL of {name} has to say once where the customer's address stands: {TO}")
        if _opened(place.replace(TO, "15551234567")) is None and _opened(place.replace(TO, "ada")) is None:
            raise ValueError(f"Apprise knows no service by the URL of {name}")
        found[name] = place
    return found


def _opened(place: str) -> "Apprise | None":
    """A service by its URL; None where Apprise knows none by it."""
    from apprise import Apprise

    service = Apprise()
    return service if service.add(place) else None


def _short(message: Message, post: Post) -> str:
    """What a letter is about, and where its reader finds the rest, in the letter's language."""
    speaks: Language = language(post.letter.language)
    said = [one_line(post.letter.subject)]
    if message.kind == NOTICE:
        said.append(speaks.say(Said(DETAILS)))
    if post.contact:
        said.append(speaks.say(Said(QUESTIONS, {"contact": post.contact})))
    return "\n".join(said)
