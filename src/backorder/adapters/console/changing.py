"""What can be done to an order on its page, and what others did to it meanwhile, in words."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from backorder.adapters.console import plain as words
from backorder.kernel.events import KINDS
from backorder.queries.outbox import EventView

# What a form was for, once it was done.
DONE = {
    "cancel_line": "The units are cancelled.",
    "cancel_order": "What has not left is cancelled.",
    "change_line": "The line is changed.",
    "promise_line": "The line has the date that you gave.",
    "hold_order": "The order is on hold.",
    "release_order": "The hold is lifted.",
    "change_order": "The order is changed.",
}
HOLDS = {"payment": "Payment", "fraud": "Fraud check", "credit": "Credit", "customer": "The customer asked"}
WHO = {"customer": "The customer", "merchant": "The shop"}
SHIPS = {"when_ready": "As units are ready", "complete": "All at once"}
# Events that change nothing of what somebody who acts on an order looks at.
_ASIDE = {"notice_sent", "notice_recorded", "notice_suppressed", "notice_bounced", "refund_due", "refund_overdue",
          "refund_recorded"}  # fmt: skip


class Change(NamedTuple):
    """Something that happened to the order since the page was made."""

    at: str
    said: str


def changes(events: Sequence[EventView], today: date) -> list[Change]:
    """What happened meanwhile, oldest first."""
    return [
        Change(f"{words.moment(one.at, today)} UTC", KINDS.get(one.kind, one.kind))
        for one in events
        if one.kind not in _ASIDE
    ]
