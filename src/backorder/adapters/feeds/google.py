"""Google Merchant: supplemental feeds of id, availability and availability_date."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time
from functools import lru_cache
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from backorder.adapters.feeds.rows import line, visible
from backorder.kernel.calendars import day_date
from backorder.kernel.storefront import Shown, google

COLUMNS = ("id", "availability", "availability_date")
_LAST_MINUTE = time(23, 59)  # a promise is kept until its day ends


def tsv(found: Iterable[Shown]) -> Iterator[str]:
    """The feed as text separated by tabs."""
    yield line(COLUMNS, "\t")
    for one in found:
        yield line((one.sku, *told(one)), "\t")


def xml(found: Iterable[Shown]) -> Iterator[str]:
    """The feed as RSS 2.0 with Google's names."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n'
    yield "<channel><title>Availability</title><link></link><description></description>\n"
    for one in found:
        word, moment = told(one)
        dated = f"<g:availability_date>{moment}</g:availability_date>" if moment else ""
        ident = escape(visible(one.sku))
        yield f"<item><g:id>{ident}</g:id><g:availability>{word}</g:availability>{dated}</item>\n"
    yield "</channel></rss>\n"


def told(one: Shown) -> tuple[str, str]:
    """The availability of one more unit, and the moment by which it ships; empty where none goes with the word."""
    word, day = google(one)
    return word, "" if day is None else moment(day, one.zone)


@lru_cache(maxsize=4_096)
def moment(day: int, zone: str) -> str:
    """The last minute of a day in a zone, as ISO 8601 with its offset: at most 25 characters, never another day."""
    local = datetime.combine(day_date(day), _LAST_MINUTE, ZoneInfo(zone))
    return local.isoformat(timespec="minutes")[:22]
