"""Rows -> commands: one for a row, or one for all the rows of an order."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from backorder.adapters.imports import values
from backorder.adapters.imports.fields import KINDS, Field
from backorder.adapters.imports.mapping import Mapping
from backorder.adapters.imports.reasons import Reason
from backorder.adapters.imports.sheets import Row, Sheet
from backorder.adapters.imports.values import Bad, Ways
from backorder.kernel.phrases import Said, phrase
from backorder.kernel.places import PARTED, country_code, region_code

Command = dict[str, Any]
DO = {
    "sites": "put_site",
    "suppliers": "put_supplier",
    "items": "put_item",
    "customers": "put_customer",
    "stock": "count_stock",
    "supplies": "announce_supply",
    "orders": "place_order",
}
_LINE_FIELDS = ("sku", "quantity", "shipped", "cancelled", "unit_price", "requested_on", "promise", "first_promise")
_HEAD_FIELDS = ("customer", "priority", "placed_at", "currency", "channel", "ship", "sites", "tags")


_NOTHING = Said(phrase("nothing is there"))
_NAMELESS = Said(phrase("name it, or its document"))
_DIFFERS = phrase("{field} is not that of the order's other rows")


class Made(NamedTuple):
    """A command and the rows that it was made of; or why none could be made of them."""

    rows: list[Row]
    command: Command
    trouble: Reason | None = None


class Reader:
    """Reads the rows of a sheet by a mapping; `ways` is how the file writes days and numbers."""

    def __init__(self, sheet: Sheet, mapping: Mapping, ways: Ways) -> None:
        self._mapping, self._ways, self._digest = mapping, ways, sheet.digest
        places = {header: n for n, header in reversed(list(enumerate(sheet.headers)))}
        self._fields = [(field, places.get(mapping.columns.get(field.name, ""))) for field in KINDS[mapping.kind]]
        self._skip = _conditions(mapping.skip, places)
        self._shipped = _conditions(mapping.shipped, places)

    def made(self, rows: Iterable[Row]) -> Iterator[Made]:
        """A command for each row, or for the rows of each order; rows to be left out give none."""
        if self._mapping.kind == "orders":
            return self._orders(rows)
        return (self._single(row) for row in rows if not _meets(self._skip, row))

    def read(self, row: Row) -> dict[str, Any] | Reason:
        """What a row says by itself, field by field; or what is wrong with it."""
        try:
            return self._read(row)
        except Bad as error:
            return error.reason

    def leaves_out(self, row: Row) -> bool:
        """Whether the mapping leaves this row out."""
        return _meets(self._skip, row)

    def _single(self, row: Row) -> Made:
        try:
            read = self._read(row)
        except Bad as error:
            return Made([row], {}, error.reason)
        kind = self._mapping.kind
        command: Command = {"do": DO[kind], **read}
        if kind == "stock":  # counted once by this file, whatever moves afterwards
            command["id"] = f"import {self._digest} {row.number} {read['site']} {read['sku']} {read['quantity']}"[:200]
            command["reason"] = "imported"
        elif kind == "supplies" and "supply" not in read:
            if "document" not in read:
                return Made([row], {}, Reason(_NAMELESS, "supply"))
            command["supply"] = f"{read['document']}/{read.get('document_line', read['sku'])}"
        return Made([row], command)

    def _read(self, row: Row) -> dict[str, Any]:
        """The fields of a row. Raises Bad that names the field."""
        if row.trouble is not None:
            raise Bad(row.trouble)
        found: dict[str, Any] = {}
        for field, place in self._fields:
            text = row.cells[place].strip() if place is not None and place < len(row.cells) else ""
            text = text or self._mapping.values.get(field.name, "")
            if not text:
                if field.required and self._mapping.kind != "orders":
                    raise Bad(_NOTHING, field.name)
                continue
            try:
                found[field.name] = self._value(field, text)
            except Bad as error:
                raise Bad(error.said, field.name) from error
        country = found.get("country")
        if country is not None:
            found["country"] = country = country_code(country) or country
        if country in PARTED and "region" in found:
            found["region"] = region_code(country, found["region"]) or found["region"]
        return found

    def _value(self, field: Field, text: str) -> Any:
        if field.sort == "text":
            return text
        if field.sort == "units":
            return values.units(text, self._ways)
        if field.sort == "amount":
            return values.amount(text, self._ways)
        if field.sort == "day":
            return values.day(text, self._ways)
        if field.sort == "moment":
            return values.moment(text, self._ways)
        if field.sort == "flag":
            return values.flag(text)
        return [word.strip() for word in text.replace(";", ",").split(",") if word.strip()]

    def _orders(self, rows: Iterable[Row]) -> Iterator[Made]:
        """Orders in the order in which they are to be served: by promise, priority, when they were placed, and id."""
        groups: dict[str, list[tuple[Row, dict[str, Any] | Reason]]] = {}
        last = ""
        for row in rows:
            read = self.read(row)
            order = self._order_of(row, last)
            if not order:
                yield Made([row], {}, Reason(_NOTHING, "order"))
                continue
            last = order
            groups.setdefault(order, []).append((row, read))
        made = []
        for order, mine in groups.items():
            if any(_meets(self._skip, row) for row, _ in mine):
                continue  # what closes an order may stand on its first row alone
            one = self._order(order, mine)
            if one.trouble is not None:
                yield one
            else:
                made.append(one)
        made.sort(key=_place_in_line)
        yield from made

    def _order_of(self, row: Row, last: str) -> str:
        place = next(place for field, place in self._fields if field.name == "order")
        text = row.cells[place].strip() if place is not None and place < len(row.cells) else ""
        return text or self._mapping.values.get("order", "") or (last if any(row.cells) else "")

    def _order(self, order: str, mine: list[tuple[Row, dict[str, Any] | Reason]]) -> Made:
        """One order of its rows; a row that cannot be read takes the whole order with it."""
        rows = [row for row, _ in mine]
        head: dict[str, Any] = {}
        lines = []
        for n, (row, read) in enumerate(mine, 1):
            if isinstance(read, Reason):
                return Made(rows, {}, read._replace(row=row.number))
            for name in ("customer_name", "email", "country", "region", *_HEAD_FIELDS):
                if name in read and head.setdefault(name, read[name]) != read[name]:
                    return Made(rows, {}, Reason(Said(_DIFFERS, {"field": name}), row=row.number))
            missing = next((name for name in ("sku", "quantity") if name not in read), None)
            if missing is not None:
                return Made(rows, {}, Reason(_NOTHING, missing, row.number))
            line = {"line": read.get("line", str(n)), **{name: read[name] for name in _LINE_FIELDS if name in read}}
            if self._shipped and _meets(self._shipped, row):
                line["shipped"] = line["quantity"]
            lines.append(line)
        command: Command = {"do": "place_order", "order": order, "lines": lines}
        command |= {name: head[name] for name in _HEAD_FIELDS if name in head}
        ship_to = {name: head[name] for name in ("country", "region") if name in head}
        if ship_to:
            command["ship_to"] = ship_to
        person = {name: head[key] for name, key in (("name", "customer_name"), ("email", "email")) if key in head}
        return Made(rows, command | {"person": person} if person else command)


def _place_in_line(made: Made) -> tuple[date, int, datetime, str]:
    """The live order: earliest promise of the order, priority, when it was placed, id."""
    command = made.command
    promises = [line.get("promise") or line.get("first_promise") for line in command["lines"]]
    told = [promise for promise in promises if promise is not None]
    placed = command.get("placed_at")
    oldest = datetime(1970, 1, 1, tzinfo=UTC)
    return min(told, default=date.max), -command.get("priority", 0), placed or oldest, command["order"]


def _conditions(told: dict[str, list[str]], places: dict[str, int]) -> list[tuple[int, set[str]]]:
    """Columns by place with the words that meet them; `*` is met by anything."""
    return [(places[header], {word.casefold() for word in words}) for header, words in told.items() if header in places]


def _meets(conditions: list[tuple[int, set[str]]], row: Row) -> bool:
    for place, words in conditions:
        text = row.cells[place].strip().casefold() if place < len(row.cells) else ""
        if text in words or (text and "*" in words):
            return True
    return False
