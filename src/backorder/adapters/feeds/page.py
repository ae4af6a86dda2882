"""What a product page says of an item, in the words of people and of machines, as one answer."""

from datetime import date

import msgspec

from backorder.adapters.feeds import google, schema_org
from backorder.kernel.calendars import day_date
from backorder.kernel.storefront import CROSSWALK, State, sentence
from backorder.languages import Language
from backorder.queries.storefront import Front


class GoogleWords(msgspec.Struct):
    """Google Merchant's words for one more unit; the date goes with `backorder` and `preorder` alone."""

    availability: str
    availability_date: str | None


class StorePage(msgspec.Struct):
    """What the page says of `quantity` units. `sentence` is text, in `language`: escape it like any other.

    `ships_on` is the day that would be promised. The words for machines are of one more unit: `schema_org` is its
    ItemAvailability, and `json_ld` the product with its offer, as it may stand in a script element.
    """

    sku: str
    quantity: int
    state: State
    ships_on: date | None
    language: str
    sentence: str
    schema_org: str
    google: GoogleWords
    meta: str
    json_ld: str


def page(front: Front, language: Language) -> StorePage:
    """The answer in a language."""
    asked, one = front.asked, front.one
    word, dated = google.told(one)
    return StorePage(
        sku=asked.sku,
        quantity=asked.quantity,
        state=asked.state,
        ships_on=None if asked.day is None else day_date(asked.day),
        language=language.tag,
        sentence=language.say(sentence(asked)),
        schema_org=CROSSWALK[one.state].schema_org,
        google=GoogleWords(word, dated or None),
        meta=CROSSWALK[one.state].meta,
        json_ld=schema_org.in_a_page(front),
    )
