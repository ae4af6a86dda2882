"""How items are sold, as a form: every field in words, what it says, and what holds where it is left empty."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from backorder.adapters.console import settings, words
from backorder.adapters.console.settings import News
from backorder.commands._batch import UNITS_MAX
from backorder.kernel.calendars import FIRST_DAY, LAST_DAY
from backorder.kernel.phrases import Phrase, Said, Value, phrase
from backorder.kernel.policies import Told
from backorder.queries.policies import ItemLevel, Level
from backorder.queries.show import ItemView

DAYS_MAX = 3_650


class Field(NamedTuple):
    """A field of the form: what it is called and means, and how large it can be, or what it can be."""

    name: str
    said: Phrase
    means: Phrase
    most: int = 0  # of a number
    choices: tuple[str, ...] = ()


_SELLING = Field(
    "selling",
    phrase("Selling"),
    phrase("Backorder takes orders that wait for more. Stock only takes what is on hand."),
    choices=("backorder", "stock_only"),
)
_REST = (
    Field(
        "coverage",
        phrase("Promised from"),
        phrase("Inbound promises what is on its way. Lead time also promises what nobody has ordered yet."),
        choices=("inbound", "lead_time"),
    ),
    Field(
        "backorder_cap",
        phrase("Backorders at most"),
        phrase("So many units may wait, over all sites. An order beyond that is refused."),
        UNITS_MAX,
    ),
    Field(
        "per_customer_cap",
        phrase("Per customer cap"),
        phrase("So many units may wait for one customer."),
        UNITS_MAX,
    ),
    Field(
        "max_wait_days",
        phrase("Max wait days"),
        phrase("An order that would have to wait longer is refused."),
        DAYS_MAX,
    ),
    Field(
        "lead_time_days",
        phrase("Lead time days"),
        phrase("Days from your order to its arrival. They count where promises are made from the lead time."),
        DAYS_MAX,
    ),
    Field(
        "safety_stock",
        phrase("Safety stock"),
        phrase("So many units at each site are kept for orders of a priority above 0."),
        UNITS_MAX,
    ),
)
FIELDS = (_SELLING, *_REST)  # of the shop and of categories
FIELD_NAMES = tuple(field.name for field in FIELDS)
ITEM_FIELDS = (
    _SELLING._replace(
        means=phrase(
            "Backorder takes orders that wait, stock only none. Preorder sells before the release, discontinued never."
        ),
        choices=("backorder", "stock_only", "preorder", "discontinued"),
    ),
    *_REST,
)
RELEASED = Field("released_on", phrase("Day of release"), phrase("Nothing of a preorder is promised before it."))
CATEGORY = Field("category", phrase("Category"), phrase("What the item does not say, its category says."))
NAMES = {field.name: field.said for field in (*ITEM_FIELDS, RELEASED, CATEGORY)}
# What a form on an item was for, once it was done.
DONE = {
    "put_item": phrase("It is kept. The item is sold like this from now on."),
    "stop_item": phrase("It is not sold any more. Orders that wait for it go on waiting."),
    "sell_item": phrase("It is sold again."),
}
INHERITED = "inherited"  # how an item is sold that does not say it itself, in a form that goes back to that
_NO_LIMIT, _SUPPLIERS = Said(phrase("no limit")), Said(phrase("the supplier's"))
_LEFT, _LEFT_FROM = phrase("Left empty: {value}"), phrase("Left empty: {value}, {level}")
_CATEGORY, _SHOP, _ITEM = phrase("from category {category}"), phrase("from the shop"), phrase("from the item")
_SITE = phrase("at site {site}")
_WHOLE = phrase("Give a whole number from {least} to {most}.")
_DAY = phrase("Give a day between {first} and {last}.")


def value(name: str, one: Any) -> Value:
    """What a field says, in words."""
    if one is None:
        return _SUPPLIERS if name == "lead_time_days" else _NO_LIMIT
    return words.code(one) if isinstance(one, str) else int(one)


def source(level: str) -> Value:
    """The level that a value comes from; nothing where nobody says it."""
    kind, _, name = level.partition(" ")
    if kind == "category" and name:
        return Said(_CATEGORY, {"category": name})
    if kind == "site" and name:
        return Said(_SITE, {"site": name})
    return Said({"shop": _SHOP, "item": _ITEM}[kind]) if kind in {"shop", "item"} else ""


def left(name: str, told: Told) -> Said:
    """What holds where a field is left empty, and which level says so."""
    level = source(told.source)
    more: dict[str, Value] = {"value": value(name, told.value)} | ({"level": level} if level else {})
    return Said(_LEFT_FROM if level else _LEFT, more)


def policy(item: ItemView) -> Iterator[tuple[Value, Value, Value]]:
    """An item's policy as it holds: what each part is called, what it says, and the level that says it."""
    for one in item.policy:
        if one.value is not None:
            yield Said(NAMES[one.field]), value(one.field, one.value), source(one.source)


def holds(level: Level, here: str) -> Iterator[tuple[Phrase, Value, Value]]:
    """What holds at a level, which is called `here`: each field, its value, and the level that says it."""
    for name, own in level.own.items():
        told = level.left[name] if own is None else Told(own, here)
        yield NAMES[name], value(name, told.value), source(told.source)


def options(field: Field, told: Told) -> dict[str, Value]:
    """What can be chosen in a field, and first that it is left empty."""
    return {"": left(field.name, told), **{one: words.code(one) for one in field.choices}}


def values(level: Level) -> dict[str, str]:
    """What the form of a level shows, by the names of its fields."""
    return {name: "" if said is None else str(said) for name, said in level.own.items()}


def fresh(shop: Level) -> Level:
    """What a new category says: nothing, so that what the shop says holds."""
    told = {name: Told(one, "shop") if one is not None else shop.left[name] for name, one in shop.own.items()}
    return Level(dict.fromkeys(shop.own), told)


def item_values(item: ItemLevel) -> dict[str, str]:
    """What the form of an item shows."""
    released = "" if item.released_on is None else item.released_on.isoformat()
    return {**values(item.level), RELEASED.name: released, CATEGORY.name: item.category or ""}


def news(was: str, now: Mapping[str, str]) -> list[News]:
    """The fields that somebody changed since a form was made, in words."""
    coded = {field.said for field in ITEM_FIELDS if field.choices}
    found = settings.news(was, now, NAMES)
    return [one._replace(now=words.code(str(one.now))) if one.said in coded else one for one in found]


def wrong(field: Field, text: str) -> Said | None:
    """What is wrong with what was typed into a field; None where nothing is."""
    if field.most and text and not (text.isascii() and text.isdecimal() and len(text) < 16 and int(text) <= field.most):
        return Said(_WHOLE, {"least": 0, "most": field.most})
    if field is RELEASED and text and _day(text) is None:
        return Said(_DAY, {"first": FIRST_DAY.isoformat(), "last": LAST_DAY.isoformat()})
    return None


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if FIRST_DAY <= found <= LAST_DAY and found.isoformat() == text else None


def different(typed: Mapping[str, str], now: Mapping[str, str], fields: tuple[Field, ...]) -> dict[str, Any]:
    """What of a form is different, as a command has it: what it does not say stays as it is."""
    found: dict[str, Any] = {}
    for field in fields:
        text = typed.get(field.name, now[field.name])
        if text != now[field.name]:
            found[field.name] = None if not text else int(text) if field.most else text
    return found
