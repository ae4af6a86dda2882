"""The scenario files beside this one, run through the commands on both databases and through the oracle."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from oracle import Oracle
from state import apply, state

from backorder.queries import check
from backorder.storage.db import Database

FILES = sorted(path for path in Path(__file__).parent.glob("*.md") if path.name != "README.md")
STEP = re.compile(r"^- (?P<day>\d{4}-\d{2}-\d{2}) (?P<words>.+?)(?: -> (?P<word>\w+))?$")
GOOD = {"accepted", "changed", "received", "rescheduled", "shipped", "cancelled"}
ON_ORDER = {"ship", "accept", "priority", "sites", "customer", "region"}
Apply = Callable[[datetime, dict], str]


def read(path: Path) -> list[tuple[str, object]]:
    """A file as steps (day, words, expected word) and tables (rows of cells), in order."""
    found: list[tuple[str, object]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        step = STEP.match(line)
        if step:
            found.append(("step", (step["day"], step["words"].split(), step["word"])))
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if cells[0] != "line" and not set(cells[0]) <= {"-", " "}:
                found.append(("row", cells))
    return found


def command(day: str, words: list[str]) -> dict:
    """A step as a command."""
    verb, *rest = words
    fields = {key: _value(key, text) for key, text in (word.split("=", 1) for word in rest if "=" in word)}
    names = [word for word in rest if "=" not in word]
    at = {"at": f"{day}T09:00:00+00:00"}
    if verb in {"site", "item", "supplier", "customer"}:
        return {"do": f"put_{verb}", {"item": "sku"}.get(verb, verb): names[0], **fields, **at}
    if verb == "order":
        on_order = {key: value for key, value in fields.items() if key in ON_ORDER}
        on_lines = {key: value for key, value in fields.items() if key not in ON_ORDER}
        lines = [
            {"line": str(n), "sku": units.split("*")[1], "quantity": int(units.split("*")[0]), **on_lines}
            for n, units in enumerate(names[1:], 1)
        ]
        region = on_order.pop("region", None)
        ship_to = {"ship_to": {"region": region}} if region else {}
        return {"do": "place_order", "order": names[0], "lines": lines, **on_order, **ship_to, **at}
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
        return {"do": "cancel_line", "order": order, "line": line, "quantity": int(names[1]), **at}
    if verb in {"ship", "pick"}:
        order, line = names[0].split("/")
        body = {"order": order, "lines": [{"line": line, "quantity": int(names[1])}]}
        return {"do": verb, **body, **({"shipment": names[2]} if verb == "ship" else {}), **at}
    if verb == "advance":
        return {"do": "advance", "to": f"{day}T09:00:00+00:00"}
    return _more(verb, names, fields) | at


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
    region = fields.pop("region", None)
    return {"do": "change_order", "order": order, **fields, **({"ship_to": {"region": region}} if region else {})}


def _value(key: str, text: str) -> object:
    if key in {"sites", "working_days", "serves"}:
        return text.split(",")
    if text == "none":
        return None
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def play(path: Path, run: Apply, look: Callable[[], dict]) -> None:
    """Run a scenario and compare its tables with what holds at that point."""
    start = datetime(2026, 12, 1, 9, tzinfo=UTC)
    run(start, {"do": "put_site", "site": "MAIN", "at": start.isoformat()})
    for kind, content in read(path):
        if kind == "step":
            day, words, expected = content
            word = run(start, command(day, words))
            fine = word == expected if expected else word in GOOD
            assert fine, f"{path.name}: {day} {' '.join(words)} was answered {word}"
        else:
            name, promise, planned, pegs = content
            order, line = name.split("/")
            found = look()["lines"][order, line]
            held = ", ".join(
                f"{units} {supply} {day}" for (supply, day), units in sorted(found[8].items(), key=_by_day)
            )
            days = ["-" if day in (None, "-") else day for day in found[5:7]]
            assert [*days, held or "-"] == [promise, planned, pegs], f"{path.name}: {name}"


def _by_day(peg: tuple) -> tuple:
    (supply, day), _ = peg
    return date.fromisoformat(day), supply


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_comes_out_as_told(path: Path, db: Database) -> None:
    play(path, lambda now, body: apply(db, now, [body])[0].outcome.value, lambda: state(db))
    assert check.run(db) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_oracle_tells_the_same_story(path: Path) -> None:
    oracle = Oracle()

    def run(now: datetime, body: dict) -> str:
        answer = oracle.apply(body, now)
        return answer[0] if isinstance(answer, tuple) else answer

    play(path, run, oracle.state)
