"""What happened, for those who want to be told: every kind of event, and which commands cause it.

A subject is an address: `orders/ID` is what `/v1/orders/ID` shows. Events carry ids and facts, never a person's data.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from backorder.kernel.calendars import day_date, moment_datetime
from backorder.kernel.columns import Book
from backorder.kernel.outcomes import Outcome, Word


class Event(NamedTuple):
    """Something that happened to a subject at a moment (microseconds); `data` is JSON."""

    at: int
    kind: str
    subject: str
    data: str


KINDS = {
    "order_placed": "An order was taken, with the promise of each line.",
    "order_changed": "An order has another address, ship option, priority or sites.",
    "lines_added": "Lines were added to an order.",
    "line_changed": "A line has another quantity or other days.",
    "line_cancelled": "Units of a line are not wanted any more.",
    "line_promised": "A person gave a line its date, or took it back.",
    "line_pinned": "A person holds units of a line on a supply: so many as the data say, in all.",
    "line_unpinned": "Units of a line are held on a supply no longer, or fewer are: so many as the data say.",
    "promise_moved": "A promise changed: from which day to which (null: none), by which cause.",
    "line_ready": "The last waiting unit of a line came in: all of it can be picked.",
    "order_held": "A hold was put on an order.",
    "order_released": "A hold was lifted.",
    "lines_picked": "Units were picked.",
    "lines_unpicked": "Picked units were put back.",
    "order_shipped": "Units left; `subject` of the data is the shipment.",
    "shipment_reversed": "A shipment turned out not to have left.",
    "order_delivered": "A shipment reached the customer.",
    "supply_announced": "Supply is on its way.",
    "supply_confirmed": "A supplier stands by a day.",
    "supply_rescheduled": "Supply has another day.",
    "supply_received": "Units arrived.",
    "supply_cancelled": "Units will not come.",
    "stock_changed": "Stock was counted or adjusted.",
    "back_in_stock": "An item is there for somebody who wanted to be told; `watch` is the number of their watch.",
    "item_put": "An item is there, or sells differently.",
    "site_put": "A site is there, or works differently.",
    "supplier_put": "A supplier is there, or works differently.",
    "policy_put": "A category or the shop sells differently.",
    "notice_sent": "A notice went to the customer; the text stands in the order's notices.",
    "notice_suppressed": "A person decided that a notice does not go.",
    "notice_recorded": "What became of a notice is known.",
    "notice_bounced": "A notice came back: its customer was not told.",
    "notice_answered": "A customer answered; what follows from it is told by events of its own.",
    "order_lapsed": "Units were cancelled by law: nobody agreed to wait, or the last day passed.",
    "refund_due": "Money has to go back, of this amount and by this day: pay it, and record it.",
    "refund_overdue": "Money that had to go back by now was not recorded as refunded.",
    "refund_recorded": "Money went back.",
    "communication_put": "The shop tells its customers otherwise than before.",
    "pack_put": "A rule pack of the merchant's own is there, or is another one.",
    "reallocation_put": "A reallocation policy is there, or is another one.",
    "plan_made": "A run planned anew what lines stand on; nothing is changed by it yet.",
    "plan_committed": "The plan of a run was put into effect, as far as lines had not changed since.",
    "plan_undone": "A committed plan was taken back, as far as lines had not changed since.",
    "webhook_put": "An endpoint for webhooks is there, or is told otherwise than before.",
    "webhook_enabled": "An endpoint is sent to again.",
    "webhook_disabled": "An endpoint is sent nothing any more: a person said so, or it did; `message` says which.",
    "webhook_tested": "A person asked for a message to try an endpoint, which alone gets it.",
    "database_restored": "The database was brought back from a backup: what was told after it was made may not stand.",
    "person_erased": "A customer's personal data are gone; the subject is the name that took their place.",
}

# By command: the kind of event, the first part of its subject, and the field of the command that names the rest; where
# there is none, the outcome says it. Customers are put without an event: nothing of a person is told.
_BY_COMMAND = {
    "place_order": ("order_placed", "orders", "order"),
    "change_order": ("order_changed", "orders", "order"),
    "add_lines": ("lines_added", "orders", "order"),
    "change_line": ("line_changed", "orders", "order"),
    "cancel_line": ("line_cancelled", "orders", "order"),
    "promise_line": ("line_promised", "orders", "order"),
    "pin": ("line_pinned", "orders", "order"),
    "unpin": ("line_unpinned", "orders", "order"),
    "hold_order": ("order_held", "orders", "order"),
    "release_order": ("order_released", "orders", "order"),
    "pick": ("lines_picked", "orders", "order"),
    "unpick": ("lines_unpicked", "orders", "order"),
    "ship": ("order_shipped", "orders", "order"),
    "reverse_shipment": ("shipment_reversed", "orders", ""),
    "record_delivery": ("order_delivered", "orders", ""),
    "announce_supply": ("supply_announced", "supplies", "supply"),
    "confirm_supply": ("supply_confirmed", "supplies", "supply"),
    "reschedule_supply": ("supply_rescheduled", "supplies", "supply"),
    "receive_supply": ("supply_received", "supplies", "supply"),
    "cancel_supply": ("supply_cancelled", "supplies", "supply"),
    "count_stock": ("stock_changed", "items", "sku"),
    "adjust_stock": ("stock_changed", "items", "sku"),
    "put_item": ("item_put", "items", "sku"),
    "put_site": ("site_put", "sites", "site"),
    "put_supplier": ("supplier_put", "suppliers", "supplier"),
    "put_category": ("policy_put", "categories", "category"),
    "put_shop": ("policy_put", "shop", ""),
    "erase_person": ("person_erased", "customers", ""),
    "suppress_notice": ("notice_suppressed", "orders", "order"),
    "record_notice": ("notice_recorded", "orders", "order"),
    "answer_notice": ("notice_answered", "orders", "order"),
    "put_communication": ("communication_put", "shop", ""),
    "put_pack": ("pack_put", "packs", "pack"),
    "put_policy": ("reallocation_put", "policies", "policy"),
    "put_webhook": ("webhook_put", "webhooks", "webhook"),
    "enable_webhook": ("webhook_enabled", "webhooks", "webhook"),
    "disable_webhook": ("webhook_disabled", "webhooks", "webhook"),
    "test_webhook": ("webhook_tested", "webhooks", "webhook"),
}
# What the passing of time changes tells its own events; what is done about messages is no news for those who get them.
SILENT = {"put_customer", "watch_item", "unwatch_item", "advance", "retry_message", "discard_message", "retry_timer"}
SILENT |= {"replay_webhook"}
SILENT |= {"put_view", "drop_view"}  # how somebody looks at things is nobody else's news
SILENT |= {"send_notice", "record_refund"}  # settling tells of them
SILENT |= {"reallocate", "commit_plan", "undo_plan"}  # the run tells of itself, whoever began it
# What was chosen is told once it takes effect, as an answer; a link is told to whoever made it.
SILENT |= {"put_status_link", "revoke_status_link", "choose_answer", "withdraw_answer"}

_DONE = {Word.ACCEPTED, Word.CHANGED, Word.RECEIVED, Word.RESCHEDULED, Word.SHIPPED, Word.CANCELLED, Word.ANSWERED}


_OF_CASES = {  # what settling tells
    "notice_sent",
    "notice_bounced",
    "order_lapsed",
    "refund_due",
    "refund_overdue",
    "refund_recorded",
}


class Moved(msgspec.Struct):
    """The data of `promise_moved`, in the words of a line's revisions."""

    line: str
    before: date | None = msgspec.field(name="from")
    to: date | None
    cause: str
    basis: str | None
    supply: str | None
    run: str | None = None


class Back(msgspec.Struct):
    """The data of `back_in_stock`: the item, the watch, and the language of who asked. Who it is, the watch says."""

    sku: str
    watch: int
    language: str | None


class Ready(msgspec.Struct):
    """The data of `line_ready`: the units that can be picked."""

    line: str
    sku: str
    quantity: int


def moved(book: Book) -> Iterator[Event]:
    """The revisions of promises that were given before, as events; a line's first promise is told with its order."""
    lines = book.lines
    for revision in book.revisions:
        if revision.n > 1:
            days = _date(revision.from_day), _date(revision.to_day)
            why = revision.basis, revision.supply, revision.run
            data = Moved(lines.line[revision.line], *days, revision.cause, *why)
            subject = address("orders", lines.order[revision.line])
            yield Event(revision.at, "promise_moved", subject, msgspec.json.encode(data).decode())


def ready(book: Book, waited: Sequence[int]) -> Iterator[Event]:
    """The lines of which units waited before, as `waited` says by line, and none waits now while some can be picked."""
    lines = book.lines
    for i, before in enumerate(waited):
        if before and not lines.waiting[i] and lines.allocated[i]:
            data = msgspec.json.encode(Ready(lines.line[i], lines.sku[i], lines.allocated[i])).decode()
            yield Event(book.now, "line_ready", address("orders", lines.order[i]), data)


def _date(day: int | None) -> date | None:
    return None if day is None else day_date(day)


def told(word: str, command: object, outcome: Outcome, at: int) -> Event | None:
    """The event that a command caused, by its word and what it answered; None where nothing changed."""
    if outcome.outcome not in _DONE or word not in _BY_COMMAND:
        return None
    kind, about, field = _BY_COMMAND[word]
    name = outcome.order or getattr(command, field, None)
    if name is None and getattr(command, "document", None) is not None:
        about, name = "documents", getattr(command, "document", None)
    return Event(at, kind, address(about, str(name or outcome.subject or about)), msgspec.json.encode(outcome).decode())


def cloud(n: int, at: int, kind: str, subject: str, data: str) -> dict[str, object]:
    """An event in the form of CloudEvents 1.0 (JSON format), to be encoded."""
    return {
        "specversion": "1.0",
        "id": str(n),
        "source": "backorder",
        "type": f"backorder.{kind}",
        "subject": subject,
        "time": moment_datetime(at),
        "datacontenttype": "application/json",
        "data": msgspec.Raw(data.encode()),
    }


def address(about: str, name: str) -> str:
    """The subject of events about a thing: as in an address, a slash in an id is written `%2F`."""
    return f"{about}/{name.replace('%', '%25').replace('/', '%2F')}"


_OF_RUNS = {"plan_made", "plan_committed", "plan_undone"}
_OF_CHANGES = {"back_in_stock", "promise_moved", "line_ready", "database_restored"}
assert {kind for kind, _, _ in _BY_COMMAND.values()} | _OF_CASES | _OF_RUNS | _OF_CHANGES == set(KINDS)
