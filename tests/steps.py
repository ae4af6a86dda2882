"""The steps of a scenario file: read from its text, and turned into commands."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from owed_steps import owed_command
from reallocation_steps import reallocation_command

STEP = re.compile(
    r"^- (?P<day>\d{4}-\d{2}-\d{2})(?: (?P<hour>\d{2}:\d{2}))? (?P<words>.+?)(?: -> (?P<word>\w+))?$", re.MULTILINE
)
ZONE = re.compile(r"^The hours are those of (\S+)\.$", re.MULTILINE)
ADDRESS = {"country", "region", "zone"}
CHARGES = {"shipping", "tax", "discount"}
ON_ORDER = {"ship", "accept", "priority", "sites", "customer", "currency", "paid"} | ADDRESS | CHARGES


@dataclass
class Step:
    """What happens at a moment, and the word it is answered with where that is not plain success.

    `text` is the block that follows it, if one does.
    """

    day: str
    hour: str
    words: list[str]
    word: str | None
    text: str = ""

    def moment(self, zone: str) -> datetime:
        """When it happens, by the clocks of a zone."""
        return datetime.combine(date.fromisoformat(self.day), time.fromisoformat(self.hour), ZoneInfo(zone))


@dataclass
class Table:
    """What holds at a point: the names of the columns, and the rows."""

    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)


def read(path: Path) -> tuple[str, list[Step | Table]]:
    """A file: whose hours it tells, and its steps and tables in order."""
    text = path.read_text(encoding="utf-8")
    told = ZONE.search(text)
    found: list[Step | Table] = []
    block, before = False, ""
    for line in text.splitlines():
        step = STEP.match(line)
        if line.startswith("```"):
            block = not block
        elif block:
            found[-1].text += line + "\n"
        elif step:
            found.append(Step(step["day"], step["hour"] or "09:00", step["words"].split(), step["word"]))
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not before.startswith("|"):
                found.append(Table(cells))
            elif not set(line) <= set("|- "):
                found[-1].rows.append(cells)
        before = line
    return (told[1] if told else "UTC"), found


def command(step: Step, zone: str) -> dict:
    """A step as a command, at its moment by the clocks of a zone."""
    verb, *rest = step.words
    fields = {key: _value(key, text) for key, text in (word.split("=", 1) for word in rest if "=" in word)}
    names = [word for word in rest if "=" not in word]
    at = {"at": step.moment(zone).isoformat()}
    if verb in {"site", "item", "supplier", "customer"}:
        return {"do": f"put_{verb}", {"item": "sku"}.get(verb, verb): names[0], **fields, **at}
    if verb == "order":
        on_order = {key: value for key, value in fields.items() if key in ON_ORDER}
        on_lines = {key: value for key, value in fields.items() if key not in ON_ORDER}
        lines = [
            {"line": str(n), "sku": units.split("*")[1], "quantity": int(units.split("*")[0]), **on_lines}
            for n, units in enumerate(names[1:], 1)
        ]
        return {"do": "place_order", "order": names[0], "lines": lines, **_addressed(on_order), **at}
    if verb == "announce":
        supply, units, sku, site, due = names
        body = {"supply": supply, "sku": sku, "site": site, "quantity": int(units), "expected_on": due}
        return {"do": "announce_supply", **body, **fields, **at}
    if verb == "reschedule":
        return {"do": "reschedule_supply", "supply": names[0], "expected_on": names[1], **at}
    if verb == "receive":
        body = {"supply": names[0], "receipt": names[1], "quantity": int(names[2]), "final": "final" in names}
        return {"do": "receive_supply", **body, **at}
    if verb == "drop":
        return {"do": "cancel_supply", "supply": names[0], **at}
    if verb == "count":
        return {"do": "count_stock", "quantity": int(names[0]), "sku": names[1], "site": names[2], **at}
    if verb == "cancel":
        order, line = names[0].split("/")
        return {"do": "cancel_line", "order": order, "line": line, "quantity": int(names[1]), **fields, **at}
    if verb in {"ship", "pick"}:
        order, line = names[0].split("/")
        body = {"order": order, "lines": [{"line": line, "quantity": int(names[1])}]}
        return {"do": verb, **body, **({"shipment": names[2]} if verb == "ship" else {}), **at}
    if verb == "advance":
        return {"do": "advance", "to": at["at"]}
    named = owed_command(verb, names, fields, step.text) or reallocation_command(verb, names, fields, step.text)
    return (_more(verb, names, fields) if named is None else named) | at


def _more(verb: str, names: list[str], fields: dict) -> dict:
    """The steps of an order that changes and of supply in its details."""
    if verb in {"category", "shop"}:
        return {"do": f"put_{verb}", **({"category": names[0]} if names else {}), **fields}
    if verb == "at":  # what an item does differently at a site
        return {"do": "put_item", "sku": names[0], "sites": {names[1]: fields}}
    if verb == "add":
        order, line = names[0].split("/")
        units, sku = names[1].split("*")
        return {
            "do": "add_lines",
            "order": order,
            "lines": [{"line": line, "sku": sku, "quantity": int(units), **fields}],
        }
    if verb == "change":
        order, _, line = names[0].partition("/")
        return {"do": "change_line", "order": order, "line": line, **fields} if line else _change_order(order, fields)
    if verb in {"hold", "release"}:
        return {"do": f"{verb}_order", "order": names[0], "kind": names[1]}
    if verb == "promise":
        order, line = names[0].split("/")
        return {
            "do": "promise_line",
            "order": order,
            "line": line,
            "day": None if names[1] == "none" else names[1],
            "by": "kim",
        }
    if verb in {"pin", "unpin"}:
        order, line = names[0].split("/")
        units = {"quantity": int(names[2])} if len(names) > 2 else {}
        return {"do": verb, "order": order, "line": line, "supply": names[1], **units}
    if verb == "reverse":
        return {"do": "reverse_shipment", "shipment": names[0]}
    if verb == "part":
        body = {"supply": names[0], "quantity": int(names[1]), "into": names[2], "expected_on": names[3]}
        return {"do": "reschedule_supply", **body}
    if verb == "arrive":  # against a purchase order
        final = {"final": True} if "final" in names else {}
        return {"do": "receive_supply", "document": names[0], "receipt": names[1], "quantity": int(names[2]), **final}
    if verb == "surplus":
        body = {"supply": names[0], "receipt": names[1], "quantity": int(names[2])}
        return {"do": "receive_supply", **body, "surplus": True}
    if verb == "adjust":
        return {"do": "adjust_stock", "delta": int(names[0]), "sku": names[1], "site": names[2], "reason": "came back"}
    assert verb == "transfer", f"no such step: {verb}"
    supply, units, sku, source, site, due = names
    body = {"supply": supply, "kind": "transfer", "from_site": source, "site": site, "expected_on": due}
    return {"do": "announce_supply", "sku": sku, "quantity": int(units), **body}


def _change_order(order: str, fields: dict) -> dict:
    return {"do": "change_order", "order": order, **_addressed(fields)}


def _addressed(fields: dict) -> dict:
    """The fields of an order, with those of its address where they belong."""
    place = {key: value for key, value in fields.items() if key in ADDRESS}
    rest = {key: value for key, value in fields.items() if key not in ADDRESS | CHARGES}
    charges = {key: value for key, value in fields.items() if key in CHARGES}
    return {**rest, **({"ship_to": place} if place else {}), **({"charges": charges} if charges else {})}


def _value(key: str, text: str) -> object:
    if key in {"sites", "working_days", "serves", "rules"}:
        return text.split(",")
    if key == "transit_days":
        return {place: int(days) for place, days in (one.split(":") for one in text.split(","))}
    if text == "none":
        return None
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if re.fullmatch(r"-?\d+", text) else text
