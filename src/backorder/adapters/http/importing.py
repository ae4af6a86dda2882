"""The console's imports over HTTP: a file is looked at or taken over, as `backorder import` does it."""

import asyncio
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from backorder.adapters import console as pages
from backorder.adapters.http import body
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import answered, frame_of, page_route
from backorder.adapters.http.forms import strange
from backorder.adapters.http.problems import Refusal, busy
from backorder.adapters.http.reads import Nothing, ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.adapters.http.upload import Part, parts
from backorder.adapters.imports import examples, sheets
from backorder.adapters.imports import mapping as mappings
from backorder.adapters.imports.examples import EXAMPLES
from backorder.adapters.imports.fields import KINDS
from backorder.adapters.imports.run import Result, run, ways_of
from backorder.adapters.imports.values import Unclear
from backorder.kernel.phrases import Phrase, Said, phrase
from backorder.queries.desk import today
from backorder.storage.db import Database

PATH = "/console/imports"
REJECTS_SHOWN = 100
# What a kind asks for: all that its rows may say. Orders and supplies of the past say what was shipped and received.
PERMITS = {
    "sites": ("catalogue.write",),
    "suppliers": ("catalogue.write",),
    "items": ("catalogue.write",),
    "customers": ("customers.write",),
    "stock": ("stock.write",),
    "supplies": ("supply.write", "stock.write", "catalogue.write"),
    "orders": ("orders.write", "orders.promise", "shipping.write", "customers.write", "clock.write"),
}
NAMES = {
    "sites": phrase("Sites"),
    "suppliers": phrase("Suppliers"),
    "items": phrase("Items"),
    "customers": phrase("Customers"),
    "stock": phrase("Stock"),
    "supplies": phrase("Supplies"),
    "orders": phrase("Orders"),
}
# What became of rows; other answers are words of the API.
OUTCOMES = {
    "accepted": phrase("accepted"),
    "changed": phrase("changed"),
    "exists": phrase("exists"),
    "invalid": phrase("invalid"),
    "made, because a row names them": phrase("made, because a row names them"),
}
_AS_THEY_LOOK = phrase("As they look")
DATES = {"": _AS_THEY_LOOK, "ymd": Phrase("2026-12-04"), "dmy": Phrase("4.12.2026"), "mdy": Phrase("12/4/2026")}
DECIMALS = {"": _AS_THEY_LOOK, ".": Phrase("1.50"), ",": Phrase("1,50")}
_COSTS = phrase("What things cost asks for the permission money.write: leave that column out.")
_FORBIDDEN = phrase("To import {kind} asks for the permission {permission}.")
_one_at_a_time = asyncio.Lock()


class Taken(NamedTuple):
    """What became of a file, and which column was taken for which field."""

    result: Result
    columns: list[tuple[str, str]]
    unused: list[str]
    note: str | None
    dry: bool


class Wrong(Exception):
    """The file was not taken; `said` is why and what to do."""

    def __init__(self, said: Said) -> None:
        super().__init__(said)
        self.said = said


async def look(_house: House, call: Call) -> Answer:
    """`GET /console/imports`: a form."""
    body.query(call.request, Nothing)
    return _shown(call)


async def take(house: House, call: Call) -> Answer:
    """`POST /console/imports`: what would become of a file, or what became of it."""
    from_here(call.request)
    form = await parts(call.request)
    typed = {name: part.text.decode("utf-8", "replace")[:200] for name, part in form.items() if name != "file"}
    kind, file = typed.get("kind", ""), form.get("file")
    if kind not in PERMITS or typed.get("dates", "") not in DATES or typed.get("decimal", "") not in DECIMALS:
        raise strange()
    for permission in PERMITS[kind]:
        if not call.may(permission):
            raise Refusal(403, "forbidden", Said(_FORBIDDEN, {"kind": Said(NAMES[kind]), "permission": permission}))
    if file is None or not file.text:
        return _shown(call, typed=typed, wrong=Said(phrase("Choose a file first.")), status=422)
    if _one_at_a_time.locked():
        raise busy(Said(phrase("Another import is running: come back in a moment.")))
    async with _one_at_a_time:
        costs = call.may("money.write")
        try:
            taken = await ask(
                house, partial(_taken, house.db, house.clock(), file, typed, costs=costs, actor=call.caller.account)
            )
        except Wrong as error:
            return _shown(call, typed=typed, wrong=error.said, status=422)
    return _shown(call, typed=typed, taken=taken)


async def example(house: House, call: Call) -> Answer:
    """`GET /console/imports/examples/{kind}`: a file to begin with, with a row that shows how things are written."""
    body.query(call.request, Nothing)
    kind = call.path("kind")
    if kind not in EXAMPLES:
        raise Refusal(404, "not_found", "there is no example of this kind")
    day, _ = await ask(house, today, house.db, house.clock())
    headers = {"Content-Disposition": f'attachment; filename="{kind}.csv"'}
    return answered(examples.example(kind, day).encode(), 200, headers, "text/csv; charset=utf-8")


def _taken(db: Database, now: int, file: Part, typed: dict[str, str], *, costs: bool, actor: str) -> Taken:
    """Read and apply a file. Raises Wrong where it cannot be taken as a whole."""
    kind, dry = typed["kind"], typed.get("do") != "import"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("file.xlsx" if file.text.startswith(b"PK") else "file.csv")
        path.write_bytes(file.text)
        try:
            sheet = sheets.read(path)
            changes: dict[str, Any] = {name: typed.get(name) or None for name in ("dates", "decimal")}
            mapping = mappings.fitted(mappings.guess(kind, sheet.headers), sheet.headers, changes)
            if "cost" in mapping.columns and not costs:
                raise Wrong(Said(_COSTS))
            ways_of(sheet, mapping)
        except (sheets.Unreadable, mappings.BadMapping, Unclear) as error:
            raise Wrong(Said(phrase("{text}"), {"text": _plainly(str(error), str(path))})) from error
    result = run(db, now, sheet, mapping, dry=dry, actor=None if dry else actor)
    columns = [(field.name, mapping.columns[field.name]) for field in KINDS[kind] if field.name in mapping.columns]
    unused = [header for header in sheet.headers if header and header not in mapping.columns.values()]
    return Taken(result, columns, unused, sheet.note, dry)


def _plainly(text: str, path: str) -> str:
    """What is wrong with a file without what is said on a command line."""
    said = text.replace(path, "the file")
    head, option, tail = said.partition(": say --")
    if option:
        _, _, columns = tail.partition(". ")
        said = f"{head}: give its column that name in the file, or say above how it is written. {columns}".strip()
    return said[:1].upper() + said[1:]


def _shown(
    call: Call,
    *,
    typed: dict[str, str] | None = None,
    taken: Taken | None = None,
    wrong: Said | None = None,
    status: int = 200,
) -> Answer:
    text = pages.page(
        "imports.html",
        frame_of(call.request, call.caller),
        PATH,
        kinds={kind: NAMES[kind] for kind, asked in PERMITS.items() if all(map(call.may, asked))},
        outcomes=OUTCOMES,
        fields={kind: [one.name for one in KINDS[kind] if one.required] for kind in PERMITS},
        dates=DATES,
        decimals=DECIMALS,
        typed=typed or {},
        taken=taken,
        shown=REJECTS_SHOWN,
        wrong=wrong,
    )
    return answered(text, status)


ROUTES = (
    page_route(PATH, "catalogue.write", look, "Files that can be taken over."),
    Route("POST", PATH, "catalogue.write", take, "Look at a file, or take it over.", page=True),
    page_route(f"{PATH}/examples/{{kind:str}}", "catalogue.write", example, "A file to begin with."),
)
