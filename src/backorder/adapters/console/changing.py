"""What can be done to an order on its page, and what others did to it meanwhile, in words."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from backorder.adapters.console import words
from backorder.kernel.phrases import Said, Value, phrase
from backorder.queries.backlog import BacklogLine
from backorder.queries.holds import HoldView
from backorder.queries.outbox import EventView

# What a form was for, once it was done.
DONE = {
    "cancel_line": phrase("The units are cancelled."),
    "cancel_order": phrase("What has not left is cancelled."),
    "change_line": phrase("The line is changed."),
    "promise_line": phrase("The line has the date that you gave."),
    "hold_order": phrase("The order is on hold."),
    "release_order": phrase("The hold is lifted."),
    "change_order": phrase("The order is changed."),
    "readdress": phrase("The order goes there from now on."),
    "put_customer": phrase("The customer is reached like this from now on."),
}
CONTACT = {
    "name": phrase("Name"),
    "email": phrase("E-mail"),
    "language": phrase("Language"),
}
HOLDS = {
    "payment": phrase("Payment"),
    "fraud": phrase("Fraud check"),
    "credit": phrase("Credit"),
    "customer": phrase("The customer asked"),
}
WHO = {"customer": phrase("The customer"), "merchant": phrase("The shop")}
SHIPS = {"when_ready": phrase("As units are ready"), "complete": phrase("All at once")}
# What happened to an order, by the kind of the event.
_HAPPENED = {
    "order_changed": phrase("An order has another address, ship option, priority or sites."),
    "lines_added": phrase("Lines were added to an order."),
    "line_changed": phrase("A line has another quantity or other days."),
    "line_cancelled": phrase("Units of a line are not wanted any more."),
    "line_promised": phrase("A person gave a line its date, or took it back."),
    "line_pinned": phrase("A person holds units of a line on a supply."),
    "line_unpinned": phrase("Units of a line are held on a supply no longer, or fewer are."),
    "promise_moved": phrase("A promise changed."),
    "line_ready": phrase("The last waiting unit of a line came in: all of it can be picked."),
    "order_held": phrase("A hold was put on an order."),
    "order_released": phrase("A hold was lifted."),
    "lines_picked": phrase("Units were picked."),
    "lines_unpicked": phrase("Picked units were put back."),
    "order_shipped": phrase("Units left."),
    "shipment_reversed": phrase("A shipment turned out not to have left."),
    "order_delivered": phrase("A shipment reached the customer."),
    "notice_answered": phrase("A customer answered."),
    "order_lapsed": phrase("Units were cancelled by law: nobody agreed to wait, or the last day passed."),
}
# Events that change nothing of what somebody who acts on an order looks at.
ASIDE = {"notice_sent", "notice_recorded", "notice_suppressed", "notice_bounced", "refund_due", "refund_overdue",
          "refund_recorded"}  # fmt: skip


_NOW = {"line_changed": phrase("Now: {units}."), "line_cancelled": phrase("Cancelled: {units}.")}
_GIVEN, _MOVED = phrase("The day: {day}."), phrase("Line {line}: {before} → {after}.")
_BY_ITSELF = phrase("Backorder by itself")
_WHO = phrase("{who} changed this order meanwhile. Nothing of yours was done.")
_YOU = phrase("You changed this order yourself meanwhile, in another window. Nothing was done here.")
_SOMEBODY = phrase("Somebody or something else changed this order meanwhile. Nothing was done.")
_LINES, _ORDERS = {"change_line", "cancel_line"}, {"hold_order", "change_order", "cancel_order"}


class Change(NamedTuple):
    """Something that happened to the order since the page was made: by whom, and what is different, where known."""

    at: Value
    who: Value | None
    said: Value
    more: Said | None


class Meanwhile(NamedTuple):
    """What others did since a page was made, oldest first, in a sentence and one by one."""

    head: Said
    changes: list[Change]


class _Data(msgspec.Struct):
    """What the data of an event may say of what is different."""

    line: str = ""
    quantity: int | None = None
    day: date | None = None
    before: date | None = msgspec.field(name="from", default=None)
    to: date | None = None


def counts(events: Sequence[EventView]) -> list[EventView]:
    """The events that change something of what somebody who acts on an order looks at."""
    return [one for one in events if one.kind not in ASIDE]


def meanwhile(events: Sequence[EventView], actors: Mapping[datetime, str], me: str, today: date) -> Meanwhile:
    """What happened, who did it as far as that is known, and what is different by it."""
    found = []
    for one in events:
        who = actors.get(one.at)
        name: Value | None = Said(_BY_ITSELF) if who == "worker" else who
        said = Said(_HAPPENED[one.kind]) if one.kind in _HAPPENED else words.code(one.kind)
        found.append(Change(words.moment(one.at, today), name, said, _different(one, today)))
    names = {actors.get(one.at) for one in events}
    if names == {me}:
        return Meanwhile(Said(_YOU), found)
    known = None if len(names) != 1 else found[0].who
    return Meanwhile(Said(_SOMEBODY) if known is None else Said(_WHO, {"who": known}), found)


def _different(event: EventView, today: date) -> Said | None:
    data = msgspec.json.decode(event.data, type=_Data)
    if event.kind == "promise_moved":
        days = {"before": words.day(data.before, today), "after": words.day(data.to, today)}
        return Said(_MOVED, {"line": data.line, **days})
    if event.kind == "line_promised" and data.day is not None:
        return Said(_GIVEN, {"day": words.day(data.day, today)})
    if event.kind in _NOW and data.quantity is not None:
        return Said(_NOW[event.kind], {"units": words.units(data.quantity)})
    return None


def still(typed: Mapping[str, str], chosen: BacklogLine | None, units: int, holds: Sequence[HoldView]) -> bool:
    """Whether the form that was filled in is on the page as the order is now: whether it can be sent again."""
    word = typed.get("do", "")
    if word in _LINES or word == "promise_line":
        if chosen is None or chosen.line.line != typed.get("line"):
            return False
        line = chosen.line
        return line.waiting > 0 if word == "promise_line" else line.waiting + line.allocated > line.picked
    if word == "release_order":
        return typed.get("kind") in {hold.kind for hold in holds}
    return word in _ORDERS and units > 0
