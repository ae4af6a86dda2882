"""The words of a document: days and moments as people write them, and what the words of the tables mean."""

import re
from collections.abc import Sequence
from datetime import date, datetime

MEANS = {
    "email": "by e-mail",
    "phone": "by phone",
    "letter": "by letter",
    "chat": "by chat",
    "in_person": "in person",
    "link": "by a link",
}
KINDS = {
    "short": "first notice, a short delay",
    "long": "first notice, a long delay",
    "indefinite": "first notice, a delay without a day",
    "renewed": "a later notice of delay",
    "delay": "word of a delay, by the shop's own will",
    "better": "word that it ships sooner",
    "still": "word that the day stands",
    "cancelled": "word of a cancellation",
}
NOTICE_STATES = {
    "due": "to be sent",
    "asking": "sent, an answer is awaited",
    "bounced": "sent, came back",
    "told": "sent",
    "answered": "sent, answered",
    "lapsed": "sent, no answer came",
    "replaced": "sent, another took its place",
    "suppressed": "not sent: a person decided so",
    "withdrawn": "not sent: there was nothing to tell any more",
}
STATES = {
    "open": "in time",
    "asked": "told of a delay, an answer is awaited",
    "waiting": "waits for a later day that was agreed to",
    "renewed": "told of a further delay, an answer is awaited",
    "waiting_indefinite": "agreed to wait without a day",
    "late": "late",
    "shipped": "ended: it shipped",
    "refund_due": "ended: money has to go back",
    "refunded": "ended: money went back",
}
REFUND_CAUSES = {
    "silence": "no answer came",
    "missed": "the day that held passed",
    "buyer": "the customer asked to",
    "seller": "the merchant could not deliver",
}
BASES = {
    "stock": "goods in stock",
    "inbound": "supply to come",
    "lead_time": "the usual time to get the goods",
    "person": "a person's word",
    "imported": "taken over from another system",
}
CAUSES = {
    "placed": "the order was placed",
    "announced": "supply was announced",
    "confirmed": "the supplier confirmed",
    "rescheduled": "the supplier gave another day",
    "overdue": "what was due had not come, or had not left",
    "received": "supply came",
    "short": "less came than ordered",
    "cancelled_supply": "supply was cancelled",
    "counted": "stock was counted",
    "adjusted": "stock was adjusted",
    "stock_loss": "stock was lost",
    "line_cancelled": "units were cancelled",
    "lead_time": "goods take longer to get",
    "policy": "the shop's policy changed",
    "calendar": "working days changed",
    "line_changed": "the line was changed",
    "line_added": "a line was added",
    "order_changed": "the order was changed",
    "held": "the order was held",
    "released": "the order was released",
    "reversed": "a shipment had not left",
    "person": "a person gave the day",
    "imported": "taken over from another system",
    "pinned": "units were kept on one supply",
    "unpinned": "units were no longer kept on one supply",
}
FORMS = {
    "same_method": "by the way it was paid",
    "credit_memo": "by a credit memo",
    "statement": "by a statement that nothing is charged",
    "cash": "in cash",
    "cheque": "by cheque",
    "transfer": "by transfer",
}
_SILENCES = {"consent": "agreement to wait", "cancel": "cancellation", "none": "nothing"}

# What is not seen, or turns the writing round: in a document it could hide what stands there.
_UNSEEN = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)


def day(value: date | None, none: str = "-") -> str:
    """A day as people write it: Fri 1 May 2026, with spaces that do not break."""
    return none if value is None else f"{value:%a} {value.day} {value:%b %Y}".replace(" ", "\u00a0")


def moment(value: datetime) -> str:
    """A moment to the second, with its offset: Fri 1 May 2026 09:00:00 -07:00."""
    offset = value.strftime("%z")
    return f"{day(value.date())} {value:%H:%M:%S}\u00a0{offset[:3]}:{offset[3:5]}"


def money(amount: str | None, currency: str | None) -> str:
    """An amount with its currency."""
    return "an amount that a person has to say" if amount is None else f"{amount}\u00a0{currency or ''}".strip()


def many(count: int, noun: str) -> str:
    """How many of something: 1 unit, 2 units, no units."""
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def named(lines: Sequence[str], every: int) -> str:
    """Lines by their names, where there are `every` in all."""
    return "all" if len(lines) == every > 1 else ", ".join(lines)


def silence(word: str) -> str:
    """What no answer means."""
    return _SILENCES[word]


def visible(text: str) -> str:
    """The text with what cannot be seen, or turns the writing round, shown by its code: U+202E."""
    return _UNSEEN.sub(code, text)


def code(found: re.Match[str]) -> str:
    """A letter's code."""
    return f"[U+{ord(found[0]):04X}]"
