"""A reallocation policy as a form: segments in their order, which lines each takes, and what may become of those.

A form says less than a policy can: `beyond` names what it would lose, and such a policy is written as JSON.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec

from backorder.kernel.phrases import Phrase, Said, phrase
from backorder.kernel.ranking import DEFAULT
from backorder.kernel.segments import DAYS, NUMBERS, Policy

FIELDS_MAX = 180  # that the form of a policy may have, of those that any form may
RANKS = 4  # keys of a ranking that the form has room for
STRATEGY_NAMES = {
    "win": phrase("Win"),
    "gain": phrase("Gain"),
    "redistribute": phrase("Redistribute"),
    "fill": phrase("Fill"),
    "lose": phrase("Lose"),
    "improve": phrase("Improve"),
    "skip": phrase("Skip"),
}
_AT_LEAST, _AT_MOST = phrase("{what}: at least"), phrase("{what}: at most")
_FROM, _UNTIL = phrase("{what}: from"), phrase("{what}: until")
_WORDS = {
    "tier": phrase("Customer tier"),
    "customer": phrase("Customer"),
    "kind": phrase("Kind of customer"),
    "channel": phrase("Channel"),
    "country": phrase("Country"),
    "region": phrase("Region"),
    "sku": phrase("Item (SKU)"),
    "category": phrase("Category"),
    "selling": phrase("How the item is sold"),
    "currency": phrase("Currency"),
    "order": phrase("Order"),
    "tags": phrase("Tag"),
    "state": phrase("State of the promise"),
}
_RANGES = {
    "quantity": phrase("Units ordered"),
    "waiting": phrase("Units waiting"),
    "priority": phrase("Priority"),
    "age": phrase("Days since the order"),
    "late": phrase("Days late"),
    "value": phrase("Value"),
    "promise": phrase("Promise"),
    "first_promise": phrase("First promise"),
    "requested_on": phrase("Wanted for"),
    "deadline": phrase("Legal deadline"),
    "placed_on": phrase("Ordered on"),
}


def _conditions() -> Iterator[tuple[str, Said]]:
    for name, what in _WORDS.items():
        yield name, Said(what)
    for name, what in _RANGES.items():
        low, high = (_FROM, _UNTIL) if name in DAYS else (_AT_LEAST, _AT_MOST)
        yield f"{name}.at_least", Said(low, {"what": Said(what)})
        yield f"{name}.at_most", Said(high, {"what": Said(what)})


CONDITIONS = dict(_conditions())  # what a segment can ask of lines, as one chooses it
RANKINGS = {
    "priority": phrase("Higher priority"),
    "tier": phrase("Better tier"),
    "promise": phrase("Earlier promise"),
    "first_promise": phrase("Earlier first promise"),
    "requested_on": phrase("Wanted earlier"),
    "deadline": phrase("Earlier legal deadline"),
    "placed_at": phrase("Earlier order"),
    "-placed_at": phrase("Later order"),
    "wait": phrase("Longer wait, in whole days"),
    "late_already": phrase("First promise broken already"),
    "quantity": phrase("Fewer units"),
    "-quantity": phrase("More units"),
    "value": phrase("Larger value"),
    "margin": phrase("Larger margin"),
}
VIOLATED = {
    "leave": phrase("Items concerned keep what they have"),
    "report": phrase("The plan stands, and says so"),
    "stop": phrase("The run plans nothing"),
}
_COUNTS = {
    "freeze_days": phrase("Freeze what is planned to ship within, days"),
    "changes_max": phrase("Lines that may get another day, at most"),
    "undo_hours": phrase("Can be undone for, hours"),
    "keep_days": phrase("Runs are kept for, days"),
}
_TICKS = ("take_allocated", "take_held")
_NO_NUMBER = phrase("{where}: {text} is no whole number.")
_NO_DAY = phrase("{where}: {text} is no day. Write one as {day}, or days from today as {days}.")
_TWICE = phrase("{where}: {what} stands there twice.")
_SEGMENT, _NUMBERED = phrase("Segment {name}"), phrase("Segment {number}")
_NO_NAME, _NO_POLICY_NAME = phrase("{where} has no name."), phrase("Give the policy a name.")


class Condition(NamedTuple):
    """What a segment asks of lines: one of `CONDITIONS`, and what was typed behind it."""

    what: str
    text: str


class Row(NamedTuple):
    """A segment as it stands in the form."""

    name: str
    strategy: str
    conditions: tuple[Condition, ...] = ()


class Draft(NamedTuple):
    """A policy as it stands in the form: what holds for all of it, by the names of fields, and its segments."""

    whole: dict[str, str]
    rows: list[Row]

    @property
    def size(self) -> int:
        """How many fields its form has: those of a segment, and a condition more than it has."""
        return 20 + sum(4 + 2 * len(row.conditions) for row in self.rows)


class Ready(NamedTuple):
    """A policy to begin with: its name, what it is good for, its segments and who comes first within them."""

    name: Phrase
    said: Phrase
    rows: tuple[tuple[Phrase, tuple[Condition, ...]], ...]
    ranking: tuple[str, ...] = DEFAULT


_EVERYONE, _REST = phrase("everyone"), phrase("everyone else")
READY = {
    "first": Ready(
        phrase("First promised first"),
        phrase("Whoever was promised first is served first, whatever has moved since."),
        ((_EVERYONE, ()),),
        ("first_promise", "placed_at"),
    ),
    "business": Ready(
        phrase("Business customers first"),
        phrase("Lines of business customers are served first. Everyone else shares what is left, by first promise."),
        ((phrase("business customers"), (Condition("kind", "business"),)), (_REST, ())),
    ),
    "small": Ready(
        phrase("Small orders first"),
        phrase("Lines of one or two units are served first, so that more customers get theirs on time."),
        ((phrase("small orders"), (Condition("quantity.at_most", "2"),)), (_REST, ())),
    ),
}


def blank() -> Draft:
    """The form of a new policy, with nothing typed yet."""
    return Draft(_ranked(DEFAULT), [Row("", "redistribute")])


def begun(ready: Ready, name: str, names: list[str]) -> Draft:
    """The form of a policy that is ready, called as whoever looks calls it, and its segments too."""
    rows = [Row(said, "redistribute", asked) for said, (_, asked) in zip(names, ready.rows, strict=True)]
    return Draft({"policy": name} | _ranked(ready.ranking), rows)


def _ranked(ranking: tuple[str, ...]) -> dict[str, str]:
    return {f"rank.{n}": key for n, key in enumerate(ranking)}


def drafted(policy: Policy) -> Draft:
    """A policy as the form says it, which may be less than all of it."""
    whole = {"policy": policy.policy, "tiers": ", ".join(policy.tiers), "violated": policy.violated}
    whole |= _ranked(policy.ranking)
    for name in (*_COUNTS, "freeze_until"):
        value = getattr(policy, name)
        whole[name] = "" if value is None else str(value)
    whole |= {name: "yes" for name in _TICKS if getattr(policy, name)}
    rows = []
    for one in policy.segments:
        asked: list[Condition] = []
        for name, value in msgspec.to_builtins(one.filter).items():
            if isinstance(value, dict):
                asked += [Condition(f"{name}.{end}", str(bound)) for end, bound in value.items()]
            else:
                asked.append(Condition(name, ", ".join(value)))
        rows.append(Row(one.name, one.strategy, tuple(asked)))
    return Draft(whole, rows)


def typed_in(typed: Mapping[str, str]) -> Draft:
    """What somebody typed into the form."""
    rows: list[Row] = []
    while (name := typed.get(f"name.{len(rows)}")) is not None:
        n, asked = len(rows), list[Condition]()
        while (what := typed.get(f"what.{n}.{len(asked)}")) is not None:
            asked.append(Condition(what, typed.get(f"text.{n}.{len(asked)}", "").strip()))
        said = tuple(one for one in asked if one.text and one.what in CONDITIONS)
        rows.append(Row(name.strip(), typed.get(f"strategy.{n}", ""), said))
    whole = {name: text.strip() for name, text in typed.items() if name == "policy" or name in _whole_names()}
    return Draft(whole, rows)


def _whole_names() -> set[str]:
    return {"tiers", "violated", "freeze_until", *_COUNTS, *_TICKS, *(f"rank.{n}" for n in range(RANKS))}


def turned(draft: Draft, word: str) -> Draft | None:
    """The form after one of its buttons that move segments about; None where it has no such button."""
    what, _, number = word.partition(".")
    rows = list(draft.rows)
    if what == "add":
        return draft._replace(rows=[*rows, Row("", "redistribute")])
    if not (number.isascii() and number.isdecimal() and len(number) < 4 and int(number) < len(rows)):
        return None
    n = int(number)
    if what == "remove":
        del rows[n]
    elif what in {"up", "down"}:
        other = min(max(n + (1 if what == "down" else -1), 0), len(rows) - 1)
        rows[n], rows[other] = rows[other], rows[n]
    elif what != "another":
        return None
    return draft._replace(rows=rows)


def said(draft: Draft) -> dict[str, Any] | Said:
    """A policy as the command says it; or what is wrong with what was typed."""
    whole, found = draft.whole, dict[str, Any]()
    found["policy"] = whole.get("policy", "")
    if not found["policy"]:
        return Said(_NO_POLICY_NAME)
    found["ranking"] = [key for n in range(RANKS) if (key := whole.get(f"rank.{n}", "")) in RANKINGS]
    found["tiers"] = _list(whole.get("tiers", ""))
    if whole.get("violated"):
        found["violated"] = whole["violated"]
    if whole.get("freeze_until"):
        found["freeze_until"] = whole["freeze_until"]
    for name, where in _COUNTS.items():
        if whole.get(name):
            number = _number(whole[name])
            if number is None:
                return Said(_NO_NUMBER, {"where": Said(where), "text": whole[name]})
            found[name] = number
    found |= {name: True for name in _TICKS if whole.get(name)}
    found["segments"] = []
    for n, row in enumerate(draft.rows):
        segment = _segment(row, place(n, row.name))
        if isinstance(segment, Said):
            return segment
        found["segments"].append(segment)
    return found


def place(n: int, name: str) -> Said:
    """A segment as it is spoken of: by its name, or by its number where it has none yet."""
    return Said(_SEGMENT, {"name": name}) if name else Said(_NUMBERED, {"number": n + 1})


def _segment(row: Row, where: Said) -> dict[str, Any] | Said:
    if not row.name:
        return Said(_NO_NAME, {"where": where})
    asked: dict[str, Any] = {}
    for one in row.conditions:
        name, _, end = one.what.partition(".")
        if not end:
            asked[name] = asked.get(name, []) + _list(one.text)
            continue
        bounds = asked.setdefault(name, {})
        if end in bounds:
            return Said(_TWICE, {"where": where, "what": CONDITIONS[one.what]})
        bound: int | str | None = _number(one.text) if name in NUMBERS or name in DAYS else one.text
        if bound is None and name in DAYS and _is_day(one.text):
            bound = one.text
        if bound is None and name in DAYS:
            return Said(_NO_DAY, {"where": where, "text": one.text, "day": "2026-12-31", "days": "-7"})
        if bound is None:
            return Said(_NO_NUMBER, {"where": where, "text": one.text})
        bounds[end] = bound
    found: dict[str, Any] = {"name": row.name, "strategy": row.strategy}
    return found | ({"filter": asked} if asked else {})


def _list(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def _number(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) < 16 else None


def _is_day(text: str) -> bool:
    try:
        return f"{date.fromisoformat(text)}" == text
    except ValueError:
        return False


def beyond(policy: Policy) -> list[str]:
    """The fields of a policy that its form would lose; none where the form says all of it."""
    draft = drafted(policy)
    again = said(draft)
    try:
        kept = None if isinstance(again, Said) else msgspec.convert(again, Policy)
    except msgspec.ValidationError:
        kept = None
    if kept is None or draft.size > FIELDS_MAX:
        return ["segments"]
    lost = [name for name in Policy.__struct_fields__ if name != "segments"]
    found = [name for name in lost if getattr(kept, name) != getattr(policy, name)]
    for one, other in zip(policy.segments, kept.segments, strict=True):
        differing = [name for name in one.__struct_fields__ if getattr(one, name) != getattr(other, name)]
        found += [f"{one.name}: {name}" for name in differing]
    return found
