"""A shop that tells its customers, with every command of what they are owed given once, with effect."""

from datetime import datetime, timedelta

from state import apply

from backorder.kernel.outcomes import Outcome
from backorder.storage.db import Database

DONE = {"accepted", "changed", "answered"}
PACK = """pack = "ours"
title = "Ours"
source = "Our terms"
places = ["CH"]
buyers = ["consumer"]
limit = { basis = "ship", starts = "contract", days = 20 }
refund = { days = 10, unit = "calendar", forms = ["the same method"] }
"""
COMMUNICATION = {
    "do": "put_communication",
    "rules": [],
    "answers": "0800 123",
    "contact": "help@example.com",
    "charging": "Your card was charged when you ordered.",
}
CHOICE = {"do": "choose_answer", "answer": "cancel", "lines": [{"line": "1"}], "said": "Yes, cancel it."}


def do(db: Database, moment: str, word: str, **fields: object) -> str:
    """A command at a moment of UTC; what it was answered."""
    return apply(db, datetime.fromisoformat(f"{moment}+00:00"), [{"do": word, **fields}])[0].outcome.value


def advance(db: Database, moment: str) -> None:
    """Let the time be so late."""
    assert do(db, moment, "advance", to=f"{moment}:00+00:00") in {"changed", "exists"}


def owed(db: Database, now: datetime) -> list[tuple[dict, Outcome]]:
    """The commands, with what they were answered; all of them had an effect."""
    first, second = (now.date() + timedelta(days=days) for days in (20, 30))
    commands = [
        {"do": "put_site", "site": "OWED", "zone": "America/New_York", "country": "US"},
        {"do": "put_item", "sku": "OWED"},
        {"do": "put_customer", "customer": "owed", "email": "owed@example.com", "country": "US"},
        COMMUNICATION,
        {"do": "put_pack", "pack": "ours", "text": PACK},
        {
            "do": "announce_supply",
            "supply": "OWED",
            "sku": "OWED",
            "site": "OWED",
            "quantity": 9,
            "expected_on": first.isoformat(),
        },
        *(
            {
                "do": "place_order",
                "order": f"owed-{n}",
                "customer": "owed",
                "sites": ["OWED"],
                "currency": "USD",
                "paid": "5.00",
                "lines": [{"line": "1", "sku": "OWED", "quantity": 1, "unit_price": "5.00"}],
            }
            for n in (1, 2, 3)
        ),
        {"do": "reschedule_supply", "supply": "OWED", "expected_on": second.isoformat()},
        {"do": "send_notice", "order": "owed-1"},
        {"do": "record_notice", "order": "owed-1", "notice": 1, "became": "delivered"},
        {"do": "answer_notice", "order": "owed-1", "answer": "cancel", "by": "owed", "means": "phone"},
        {"do": "record_refund", "order": "owed-1", "form": "same_method"},
        {"do": "suppress_notice", "order": "owed-2", "reason": "they called", "by": "kim"},
        {"do": "put_status_link", "order": "owed-3", "digest": "a" * 64},
        {"do": "put_status_link", "order": "owed-3", "digest": "b" * 64, "purpose": "read", "days": 3},
        {"do": "revoke_status_link", "order": "owed-3", "link": 1},
        {**CHOICE, "order": "owed-3"},
        {"do": "withdraw_answer", "order": "owed-3"},
        {**CHOICE, "order": "owed-3"},
    ]
    found = list(zip(commands, apply(db, now, commands), strict=True))
    assert all(outcome.outcome.value in DONE | {"rescheduled"} for _, outcome in found), found
    return found
