"""What a command can answer: one stable word per outcome, with its meaning.

The API, the documentation and the tests read the words from here. An expected outcome is a value,
never an exception.
"""

from datetime import date
from enum import Enum

import msgspec


class Word(str, Enum):
    """A stable word that says how a command ended; `meaning` says it in a sentence."""

    meaning: str

    def __new__(cls, word: str, meaning: str) -> "Word":
        """A member from its word and its meaning."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning = meaning
        return member

    ACCEPTED = "accepted", "Done: the thing was created, or the order line was taken with its promise."
    EXISTS = "exists", "The same thing was already there with the same content; nothing changed."
    CHANGED = "changed", "Something that was there now has other values."
    RECEIVED = "received", "The receipt was booked and its units were handed out in live order."
    RESCHEDULED = "rescheduled", "The supply has a new day and the promises that stood on it were re-read."
    SHIPPED = "shipped", "The units left the site."
    CANCELLED = "cancelled", "The units will not come, or are not wanted any more."
    ANSWERED = "answered", "A question was answered, or the answer to one was taken down and has its effect."
    UNKNOWN_ITEM = "unknown_item", "No item has this SKU: put it first."
    UNKNOWN_ORDER = "unknown_order", "No order has this id."
    UNKNOWN_LINE = "unknown_line", "The order has no line with this id."
    UNKNOWN_SUPPLY = "unknown_supply", "No supply has this id."
    UNKNOWN_SITE = "unknown_site", "No site has this code: put it first."
    UNKNOWN_CUSTOMER = "unknown_customer", "No customer has this id: put it first."
    UNKNOWN_SUPPLIER = "unknown_supplier", "No supplier has this id: put it first."
    UNKNOWN_SHIPMENT = "unknown_shipment", "No shipment has this id."
    UNKNOWN_MESSAGE = "unknown_message", "No message of this event is in the outbox for this sender."
    UNKNOWN_NOTICE = "unknown_notice", "The order has no notice with this number."
    UNKNOWN_REFUND = "unknown_refund", "The order has no refund with this number."
    UNKNOWN_PACK = "unknown_pack", "The merchant has no rule pack of this name."
    UNKNOWN_POLICY = "unknown_policy", "No reallocation policy has this name: put it first."
    UNKNOWN_RUN = "unknown_run", "No run of a reallocation has this id."
    UNKNOWN_LINK = "unknown_link", "The order has no link to its status page with this number."
    UNKNOWN_TIMER = "unknown_timer", "There is no timer of this kind for this subject."
    UNKNOWN_WEBHOOK = "unknown_webhook", "There is no endpoint for webhooks of this name."
    UNKNOWN_VIEW = "unknown_view", "No view of the backlog has this id."
    OUT_OF_STOCK = "out_of_stock", "The item is sold from stock alone and has less than was asked for."
    BACKORDER_LIMIT = (
        "backorder_limit",
        "More would wait than is allowed: unclaimed inbound supply, a cap, or the longest wait.",
    )
    NO_DATE = "no_date", "Nothing is on its way and there is no lead time, so no date has a basis."
    TOO_LATE = "too_late", "A date comes after `accept_by`, or an answer or a shipment after the last day that held."
    TOO_MANY = "too_many", "More units than there are to receive, cancel, pick or ship."
    NOT_ALLOWED = "not_allowed", "The state of the thing forbids it; the message says why."
    ID_REUSED = "id_reused", "The same id came before with other content; nothing was done."
    HELD = "held", "The order is on hold: release it first."
    CURRENCY_MIXED = "currency_mixed", "Amounts in different currencies are never added: use the one there already is."
    ALREADY_SHIPPED = "already_shipped", "The units have left; they can no longer be cancelled."
    INVALID = "invalid", "The command could not be read; `field` names where and `message` what to do."


class Part(msgspec.Struct, frozen=True, gc=False):
    """Units of a line that could ship together: a forecast, not a promise of its own.

    `basis` is `stock`, `inbound` or `lead_time`; `supply` is the supply they stand on, if any.
    """

    quantity: int
    ships_on: date
    basis: str
    supply: str | None = None


class LineAnswer(msgspec.Struct, omit_defaults=True):
    """What one order line got, or would have got."""

    line: str
    sku: str
    outcome: Word
    state: str | None = None
    quantity: int | None = None
    promise: date | None = None
    basis: str | None = None
    parts: list[Part] = []
    available: int | None = None
    message: str | None = None


class Outcome(msgspec.Struct, omit_defaults=True):
    """The answer to one command: a word, the echo of its `id` and subject, and what the caller needs.

    `order` is the one that a shipment is of; `counts` say what a reallocation comes to.
    """

    outcome: Word
    id: str | None = None
    subject: str | None = None
    order: str | None = None
    lines: list[LineAnswer] = []
    quantity: int | None = None
    day: date | None = None
    field: str | None = None
    message: str | None = None
    counts: dict[str, int] = {}


def refused(word: Word, subject: str | None = None, message: str | None = None, **more: object) -> Outcome:
    """An outcome that says no, with the message that tells what to do."""
    return Outcome(word, subject=subject, message=message or word.meaning, **more)  # type: ignore[arg-type]  # fields are checked by the callers' tests
