"""What becomes a letter: messages of the outbox, with what the database has on whom and what they are about."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from backorder.adapters import mail
from backorder.adapters.mail import Letter, framed, in_name_of, rendered, values_of
from backorder.adapters.mail.links import Draw, no_links
from backorder.adapters.mail.message import named
from backorder.kernel import letters
from backorder.kernel.calendars import local_day
from backorder.kernel.events import Back
from backorder.kernel.letters import About, Draft, Goods
from backorder.kernel.sentences import language_of
from backorder.kernel.wording import worded_as
from backorder.languages import language
from backorder.queries.communication import CommunicationView, communication
from backorder.queries.mail import Notice, Order, Watch, load_last, load_notices, load_orders, load_watches
from backorder.storage.db import Database
from backorder.storage.outbox import Message

NOTICE, BACK, PLACED, SHIPPED, READY = "notice_sent", "back_in_stock", "order_placed", "order_shipped", "line_ready"
ALWAYS = (NOTICE, BACK)  # kinds of events that are letters wherever letters are sent
ON_ORDERS = {"confirmation": PLACED, "ready": READY, "shipped": SHIPPED}  # letters that go where they are asked for


class Post(NamedTuple):
    """A letter with whom it goes to: by e-mail (None: no address), and `notify`, the channel that they named besides.

    `contact` is where the shop answers questions.
    """

    letter: Letter
    to: str | None
    name: str
    at: int
    notify: str | None
    contact: str


class _Noticed(msgspec.Struct):
    """What the event of a notice says of it."""

    notice: int


class _Left(msgspec.Struct):
    """What the event of a shipment says of it: which one it is."""

    subject: str


def posts(db: Database, messages: Sequence[Message], draw: Draw = no_links) -> tuple[list[Post | None], str]:
    """The letters of messages, None where nobody is to be written to; and the name of the shop.

    `draw` makes the links to the pages of orders that stand in letters.
    """
    of = {message: _key(message) for message in messages}
    on = sorted({_named(message) for message in messages if message.kind in ON_ORDERS.values()})
    with db.read() as tx:
        notices = load_notices(tx, [key for message, key in of.items() if message.kind == NOTICE])
        watches = load_watches(tx, [key for message, key in of.items() if message.kind == BACK])
        orders = load_orders(tx, on)
        last = load_last(tx, READY, sorted({message.subject for message in messages if message.kind == READY}))
    told = [one.order for one in notices.values() if _is_mailed(one)]
    links = draw({*told, *(one.order for one in orders.values() if one.to is not None)})
    said = communication(db)
    found: list[Post | None] = []
    for message, key in of.items():
        if message.kind == NOTICE:
            found.append(_noticed(notices[key], said, links) if key in notices else None)
        elif message.kind == BACK:
            found.append(_back(watches[key], said, message.at) if key in watches else None)
        elif message.kind == READY and last.get(message.subject) != message.event:
            found.append(None)  # a later one tells of all
        else:
            found.append(_on_order(orders.get(_named(message)), said, message, links))
    return found, named(said.shop_name or "")


def noticed(message: Message) -> tuple[str, int] | None:
    """The order and number of the notice that a message is about; None where it is about none."""
    return _key(message) if message.kind == NOTICE else None


def _named(message: Message) -> str:
    """The id of the order that a message is about."""
    return unquote(message.subject.partition("/")[2])


def _key(message: Message) -> tuple[str, int]:
    """The order and number of a notice, or the item and number of a watch; of other messages the order and 0."""
    if message.kind == BACK:
        back = msgspec.json.decode(message.data, type=Back)
        return back.sku, back.watch
    return _named(message), msgspec.json.decode(message.data, type=_Noticed).notice if message.kind == NOTICE else 0


def _is_mailed(one: Notice) -> bool:
    return one.means == "email" and None not in {one.to, one.text, one.sent_at}


def _noticed(one: Notice, said: CommunicationView, links: Mapping[str, str]) -> Post | None:
    """A notice as a letter: what it says stands as it was kept."""
    if not _is_mailed(one):
        return None
    assert one.sent_at is not None
    assert one.text is not None
    speaks = language(language_of(one.version))
    merchant = in_name_of(said, worded_as(one.kind), speaks.code)
    about = About(one.order, local_day(one.sent_at, "UTC"), one.name, links.get(one.order))
    notice = mail.Notice(one.subject or "", one.text, language_of(one.version), about.link)
    letter = framed(notice, merchant, values_of(about, [], speaks))
    return Post(letter, one.to, one.name or "", one.sent_at, one.notify, said.contact or "")


def _back(one: Watch, said: CommunicationView, at: int) -> Post | None:
    """Word that an item is back, in the language of who asked."""
    if one.to is None and one.notify is None:
        return None
    speaks = language(one.language, one.country)
    about = About("", local_day(at, "UTC"), one.name)
    values = values_of(about, [Goods(1, one.item)], speaks)
    letter = rendered(letters.back_in_stock(about, one.item), speaks, in_name_of(said, "back", speaks.code), values)
    return Post(letter, one.to, one.name or "", at, one.notify, said.contact or "")


def _on_order(one: Order | None, said: CommunicationView, message: Message, links: Mapping[str, str]) -> Post | None:
    """A letter on an order as it stands, in its customer's language; None where there is nothing to say, or nobody."""
    if one is None or (one.to is None and one.notify is None):
        return None
    about = About(one.order, local_day(message.at, one.zone or "UTC"), one.name, links.get(one.order))
    kind, made = _DRAFTS[message.kind]
    speaks = language(one.language, one.country)
    for code in (speaks.code, speaks.source().code):  # in English, what the shop says too, where the other lacks any
        drawn = made(one, about, said.spoken(code), message)
        if drawn is None:
            return None
        draft, goods = drawn
        letter = rendered(draft, speaks, in_name_of(said, kind, speaks.code), values_of(about, goods, speaks))
        if not letter.lacking:
            break
    return Post(letter, one.to, one.name or "", message.at, one.notify, said.contact or "")


_Drawn = tuple[Draft, Sequence[Goods]] | None


def _confirmation(one: Order, about: About, said: CommunicationView, _message: Message) -> _Drawn:
    goods = [Goods(line.quantity, line.item, line.day) for line in one.lines if line.quantity]
    return (letters.confirmation(about, goods, said.charging or ""), goods) if goods else None


def _ready(one: Order, about: About, _said: CommunicationView, _message: Message) -> _Drawn:
    """Of an order of which all is ready nothing is told: it ships."""
    ready = [Goods(line.ready, line.item, line.day) for line in one.lines if line.ready]
    rest = [Goods(line.waiting, line.item, line.day) for line in one.lines if line.waiting]
    return (letters.partly_ready(about, ready, rest), ready) if ready and rest else None


def _shipped(one: Order, about: About, _said: CommunicationView, message: Message) -> _Drawn:
    left = one.shipments.get(msgspec.json.decode(message.data, type=_Left).subject)
    if left is None:  # it turned out not to have left
        return None
    goods = [Goods(units, item) for item, units in left.units.items()]
    return letters.shipped(about, goods, left.tracking), goods


_DRAFTS: Mapping[str, tuple[str, Callable[[Order, About, CommunicationView, Message], _Drawn]]] = {
    PLACED: ("confirmation", _confirmation),
    READY: ("ready", _ready),
    SHIPPED: ("shipped", _shipped),
}
