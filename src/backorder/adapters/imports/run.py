"""An import from end to end: read, map, show, apply or rehearse, and say what became of every row."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from backorder import commands
from backorder.adapters.imports import values
from backorder.adapters.imports.fields import KINDS
from backorder.adapters.imports.mapping import BadMapping, Mapping
from backorder.adapters.imports.reasons import Reason
from backorder.adapters.imports.rows import Made, Reader
from backorder.adapters.imports.sheets import Row, Sheet
from backorder.commands.imports import Progress
from backorder.kernel.composing import Overloaded, composed
from backorder.kernel.outcomes import Outcome, Word
from backorder.queries.export import safe
from backorder.storage.db import Database

REASON = "reason"  # the column that a reject file has besides those of its input
_GOOD = {Word.ACCEPTED, Word.CHANGED, Word.EXISTS}
BATCH = 4_000  # commands that are read and applied together


class Reject(NamedTuple):
    """A row that was not taken, and why."""

    row: Row
    reason: Reason


class Result(NamedTuple):
    """What became of a file: rows read, rows left out, commands by answer, and the rows that were not taken."""

    rows: int
    left_out: int
    words: Counter[str]
    rejects: list[Reject]
    whole: bool = True  # whether it came to the end


def ways_of(sheet: Sheet, mapping: Mapping) -> values.Ways:
    """How the file writes days and numbers: as the mapping says, else guessed from all of them. Raises Unclear."""
    texts: dict[str, list[str]] = {"days": [], "numbers": []}
    for field in KINDS[mapping.kind]:
        header = mapping.columns.get(field.name)
        sort = {"day": "days", "moment": "days", "units": "numbers", "amount": "numbers"}.get(field.sort)
        if sort is not None and header is not None:
            place = sheet.headers.index(header)
            texts[sort] += [row.cells[place] for row in sheet.rows if place < len(row.cells)]
    dates = mapping.dates or ("ymd" if sheet.workbook else values.date_order(texts["days"]))
    decimal = mapping.decimal or ("." if sheet.workbook else values.decimal_sign(texts["numbers"]))
    try:
        zone = ZoneInfo(mapping.zone)
    except (ValueError, OSError, KeyError) as error:
        raise BadMapping(f"{mapping.zone} is no time zone: name one such as Europe/London") from error
    return values.Ways(dates, decimal, zone)


def run(
    db: Database,
    now: int,
    sheet: Sheet,
    mapping: Mapping,
    *,
    dry: bool = False,
    actor: str | None = None,
    batch: int = BATCH,
    going_on: Callable[[Progress], bool] = lambda _: True,
) -> Result:
    """Apply a sheet to a database; `dry` does all of it in a transaction that is given up at the end.

    The audit trail says that the `actor` asked for it. After each batch of rows `going_on` hears how far it is, and
    answers whether to go on: what was applied until then stays.
    """
    reader = Reader(sheet, mapping, ways_of(sheet, mapping))
    words: Counter[str] = Counter()
    rejects: list[Reject] = []
    used, known, whole = 0, set[tuple[str, str]](), True
    with db.rehearse() if dry else nullcontext(db) as place:
        made = reader.made(sheet.rows)
        while whole and (chunk := list(islice(made, batch))):
            used += sum(len(one.rows) for one in chunk)
            good = [one for one in chunk if one.trouble is None]
            rejects += [Reject(row, one.trouble) for one in chunk if one.trouble is not None for row in one.rows]
            words["made, because a row names them"] += _make_missing(place, now, good, known, actor)
            for one, outcome in zip(good, _applied(place, now, good, actor), strict=True):
                words[outcome.outcome.value] += 1
                if outcome.outcome not in _GOOD:
                    rejects += [Reject(row, _reason(outcome)) for row in one.rows]
            whole = going_on(Progress(used, used - len(rejects), len(rejects)))
    if not dry:
        with db.write() as tx:
            tx.count_anew()
    words = +words  # without what counts nothing
    rejects.sort(key=lambda reject: reject.row.number)
    return Result(len(sheet.rows), len(sheet.rows) - used, words, rejects, whole)


def _applied(db: Database, now: int, chunk: list[Made], actor: str | None) -> Iterator[Outcome]:
    read = [commands.decode({k: v for k, v in one.command.items() if k != "person"}, importing=True) for one in chunk]
    answers = commands.stream(db, now, [command for command in read if not isinstance(command, Outcome)], actor)
    return (command if isinstance(command, Outcome) else next(answers) for command in read)


def _reason(outcome: Outcome) -> Reason:
    return Reason(outcome.message or outcome.outcome.meaning, outcome.field or "")


def _name(text: str) -> str:
    """A name as its row will have it; one that cannot be composed stays as it is, and is refused with its row."""
    try:
        return composed(text)
    except Overloaded:
        return text


def _make_missing(db: Database, now: int, chunk: Iterable[Made], known: set[tuple[str, str]], actor: str | None) -> int:
    """Customers and suppliers that rows name are made where there are none; nothing else is. How many were made."""
    wanted: dict[tuple[str, str], dict[str, Any]] = {}
    people: dict[str, dict[str, str]] = {}
    for one in chunk:
        command = one.command
        if command["do"] == "place_order" and "customer" in command:
            name = _name(command["customer"])
            wanted.setdefault(("put_customer", name), {"do": "put_customer", "customer": name})
            people.setdefault(name, command.get("person", {}))
        elif command["do"] in {"announce_supply", "put_item"} and "supplier" in command:
            name = _name(command["supplier"])
            wanted.setdefault(("put_supplier", name), {"do": "put_supplier", "supplier": name})
    outcomes = _run(db, now, [command for key, command in wanted.items() if key not in known], actor)
    known |= wanted.keys()
    made = [outcome.subject or "" for outcome in outcomes if outcome.outcome is Word.ACCEPTED]
    told = ({"do": "put_customer", "customer": name, **people[name]} for name in made if people.get(name))
    _run(db, now, list(told), actor)  # of customers that there were already, nothing is changed
    return len(made)


def _run(db: Database, now: int, words: list[dict[str, Any]], actor: str | None) -> list[Outcome]:
    read = (commands.decode(command) for command in words)
    return commands.run(db, now, [command for command in read if not isinstance(command, Outcome)], actor)


def rejects_text(
    sheet: Sheet, rejects: list[Reject], say: Callable[[Reject], str] = lambda one: str(one.reason)
) -> str:
    """The rejected rows as CSV with the columns of the input and the reason, to be mended and imported again."""
    headers = [header for header in sheet.headers if header != REASON]
    places = [n for n, header in enumerate(sheet.headers) if header != REASON]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*headers, REASON])
    for reject in rejects:
        cells = [_cell(reject.row, n) for n in places]
        writer.writerow([*cells, safe(say(reject))])
    return out.getvalue()


def _cell(row: Row, n: int) -> object:
    text = row.cells[n] if n < len(row.cells) else ""
    return safe(text) if text else ""


def write_rejects(path: Path, sheet: Sheet, rejects: list[Reject]) -> None:
    """Write the reject file."""
    path.write_text(rejects_text(sheet, rejects), encoding="utf-8")
