"""What can be done to an order on its page, and what others did to it meanwhile, in words."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from backorder.adapters.console import words
from backorder.kernel.phrases import Said, Value, phrase
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
_ASIDE = {"notice_sent", "notice_recorded", "notice_suppressed", "notice_bounced", "refund_due", "refund_overdue",
          "refund_recorded"}  # fmt: skip


class Change(NamedTuple):
    """Something that happened to the order since the page was made."""

    at: Value
    said: Value


def changes(events: Sequence[EventView], today: date) -> list[Change]:
    """What happened meanwhile, oldest first."""
    return [
        Change(
            words.moment(one.at, today), Said(_HAPPENED[one.kind]) if one.kind in _HAPPENED else words.code(one.kind)
        )
        for one in events
        if one.kind not in _ASIDE
    ]
