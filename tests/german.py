"""What a German letter says, told again in English by hand: what the auditor reads knows no catalogue."""

import re
from datetime import date

_WEEKDAYS = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"]
_MONTHS = [
    *("Januar", "Februar", "März", "April", "Mai", "Juni"),
    *("Juli", "August", "September", "Oktober", "November", "Dezember"),
]
_DAY = re.compile(rf"({'|'.join(_WEEKDAYS)}), (\d+)\. ({'|'.join(_MONTHS)}) (\d{{4}})")
_D = r"(\w{3} \d+ \w{3} \d{4})"  # a day, once it is English
_AGREED = f"nichts von Ihnen hören, nehmen wir an, dass Sie damit einverstanden sind, bis {_D} zu warten"
_SENTENCES = [
    (r"(\d+) x ", r"\1 of "),
    (r"\(Position (\w+)\)", r"(line \1)"),
    ("[Ww]ir können keinen neuen Tag nennen", "we are unable to give a new day"),
    ("Der Grund: ", "The reason: "),
    (
        "jederzeit vor dem Versand stornieren; dann erhalten Sie den vollen Betrag unverzüglich zurück",
        "cancel at any time before it ships for a full and prompt refund",
    ),
    ("Ihre Antwort kostet Sie nichts: ", "Answering costs you nothing: "),
    (
        "Wenn Sie zustimmen, ohne festen Tag zu warten, können Sie trotzdem jederzeit vor dem Versand stornieren",
        "If you agree to wait without a day, you can still cancel at any time before it ships",
    ),
    (f": Bitte antworten Sie bis {_D}", r": please answer by \1"),
    (f"Bitte antworten Sie bis {_D}", r"Please answer by \1"),
    (
        f": Wenn Sie bis {_D} nicht zustimmen und dies bis dahin nicht versandt ist, wird es storniert",
        r": if you do not agree by \1, and it has not shipped by then, it is cancelled",
    ),
    (
        f"Wenn Sie bis {_D} nicht zustimmen und die Ware bis dahin nicht versandt ist, wird sie storniert",
        r"If you do not agree by \1, and it has not shipped by then, it is cancelled",
    ),
    (
        f": Wenn wir vor dem Versand {_AGREED}",
        r": if we do not hear from you before we ship, we take it that you agree to wait until \1",
    ),
    (
        f"Wenn wir vor dem Versand {_AGREED}",
        r"If we do not hear from you before we ship, we take it that you agree to wait until \1",
    ),
]


def in_english(text: str) -> str:
    """The text with each sentence that the auditor looks for in English; one that is English already stays."""
    text = _DAY.sub(_day, text)
    for german, english in _SENTENCES:
        text = re.sub(german, english, text)
    return text


def _day(found: re.Match[str]) -> str:
    weekday, day, month, year = found.groups()
    there = date(int(year), _MONTHS.index(month) + 1, int(day))
    assert _WEEKDAYS[there.weekday()] == weekday, found[0]
    return f"{there:%a} {there.day} {there:%b %Y}"
