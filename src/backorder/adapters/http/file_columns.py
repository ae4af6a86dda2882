"""Which column of a file is which field, over HTTP: seen with samples and a preview, chosen, remembered; then taken."""

import asyncio
from collections.abc import Mapping as Mapped
from functools import partial
from typing import Any, NamedTuple

import msgspec

from backorder.adapters.console import file_columns as words
from backorder.adapters.console.taking import NAMES, OUTCOMES
from backorder.adapters.http import body
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import page_route, shown
from backorder.adapters.http.forms import fields, of_field, strange
from backorder.adapters.http.held import File
from backorder.adapters.http.problems import Refusal, busy
from backorder.adapters.http.reads import Nothing, ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.adapters.http.row_reasons import why
from backorder.adapters.http.taking import PATH, REJECTS_SHOWN, listed, permit, take
from backorder.adapters.imports.fields import KINDS
from backorder.adapters.imports.mapping import Mapping
from backorder.adapters.imports.reasons import Reason
from backorder.adapters.imports.rows import Reader
from backorder.adapters.imports.run import Result, run, ways_of
from backorder.adapters.imports.values import Unclear, Ways
from backorder.commands import imports
from backorder.kernel.phrases import Said, phrase

FILE = PATH + "/files/{file:str}"
LOOKED = 5_000  # rows of a file that a rehearsal reads: others cannot write meanwhile
CHECKED = 1_000  # rows whose cells are looked at before anything is asked of the database
COLUMNS_SHOWN = 120
_one_at_a_time = asyncio.Lock()


_GONE = phrase("This file is not held any more: choose it again under Imports.")
_BUSY = phrase("Somebody else looks what a file would do: come back in a moment.")


class Twice(Exception):
    """Two columns are taken for one field; `said` is which."""

    def __init__(self, said: Said) -> None:
        super().__init__(said)
        self.said = said


class Seen(NamedTuple):
    """How a file is read: what stands in the way as a whole, the first rows, and rows that cannot be read."""

    troubles: list[Said]
    preview: list[words.Shown]
    unread: list[tuple[int, Said]]
    checked: int


async def look(house: House, call: Call) -> Answer:
    """`GET /console/imports/files/{file}`: how a file is read."""
    body.query(call.request, Nothing)
    file = _file(house, call)
    return await _page(house, call, file, file.mapping)


async def choose(house: House, call: Call) -> Answer:
    """`POST /console/imports/files/{file}`: read it another way, look what would happen, remember, or take it over."""
    from_here(call.request)
    file = _file(house, call)
    permit(call, file.kind)
    typed = await fields(call)
    try:
        mapping = _chosen(file, typed)
    except Twice as error:
        return await _page(house, call, file, file.mapping, wrong=error.said, status=422)
    file = file._replace(mapping=mapping)
    house.beside.files.put(house.clock(), file, call.path("file"))
    do = typed.get("do", "")
    if "cost" in mapping.columns and not call.may("money.write"):
        return await _page(house, call, file, mapping, wrong=Said(words.COSTS), status=422)
    remembered = ""
    if typed.get("name", "").strip():
        remembered = typed["name"].strip()
        text = msgspec.json.encode(mapping).decode()
        keep = partial(imports.remember, house.db, house.clock(), file.kind, remembered, text, call.caller.account)
        try:
            await ask(house, keep)
        except imports.Refused as error:
            return await _page(house, call, file, mapping, wrong=of_field(None, str(error)), status=422)
    if do not in {"look", "import"}:
        return await _page(house, call, file, mapping, remembered=remembered)
    seen: Seen = await ask(house, _read, file, mapping)
    if seen.troubles:
        return await _page(house, call, file, mapping, remembered=remembered, status=422)
    if do == "import":
        return await take(house, call, file, await ask(house, _settled, file, mapping))
    if _one_at_a_time.locked():
        raise busy(Said(_BUSY))
    async with _one_at_a_time:
        part = file.sheet._replace(rows=file.sheet.rows[:LOOKED])
        settled = await ask(house, _settled, file, mapping)
        result = await ask(house, partial(run, house.db, house.clock(), part, settled, dry=True))
    return await _page(house, call, file, mapping, result=result, remembered=remembered)


def _file(house: House, call: Call) -> File:
    """The file that the address names, for whoever gave it."""
    found = house.beside.files.get(house.clock(), call.path("file"))
    if found is None or found.account != call.caller.account:
        raise Refusal(404, "not_found", Said(_GONE))
    return found


def _chosen(file: File, typed: Mapped[str, str]) -> Mapping:
    """The mapping that a form says. Raises Twice."""
    known = [field.name for field in KINDS[file.kind]]
    columns: dict[str, str] = {}
    for n, header in enumerate(file.sheet.headers[:COLUMNS_SHOWN]):
        name = typed.get(f"column-{n}", "")
        if not name or not _is_chosen(file.sheet.headers, n):
            continue
        if name not in known:
            raise strange()
        if name in columns:
            raise Twice(Said(words.TWICE, {"field": words.called(name), "one": columns[name], "other": header}))
        columns[name] = header
    values = {name: typed.get(f"value-{name}", "").strip()[:200] for name in known if name not in columns}
    said: dict[str, Any] = {name: typed.get(name) or None for name in ("dates", "decimal")}
    if said["dates"] not in words.DATES or said["decimal"] not in words.DECIMALS:
        raise strange()
    return msgspec.structs.replace(
        file.mapping, columns=columns, values={name: text for name, text in values.items() if text}, **said
    )


def _is_chosen(headers: list[str], n: int) -> bool:
    """Whether a column can be chosen: it has a name, and no column before it has the same."""
    return bool(headers[n]) and headers.index(headers[n]) == n


def _settled(file: File, mapping: Mapping) -> Mapping:
    """The mapping that says how the file writes days and numbers, so that its refused rows are read the same way."""
    ways = ways_of(file.sheet, mapping)
    return msgspec.structs.replace(mapping, dates=ways.dates, decimal=ways.decimal)


def _read(file: File, mapping: Mapping) -> Seen:
    """Read the first rows without the database."""
    sheet = file.sheet
    troubles = [
        Said(words.NO_COLUMN, {"field": words.called(field.name)})
        for field in KINDS[mapping.kind]
        if field.required and field.name not in mapping.columns and not mapping.values.get(field.name)
    ]
    try:
        ways = ways_of(sheet, mapping)
    except Unclear as error:
        troubles.append(words.unclear(str(error)))
        ways = ways_of(sheet, msgspec.structs.replace(mapping, dates="ymd", decimal="."))
    return _previewed(file, mapping, ways, troubles)


def _previewed(file: File, mapping: Mapping, ways: Ways, troubles: list[Said]) -> Seen:
    reader, rows = Reader(file.sheet, mapping, ways), file.sheet.rows[:CHECKED]
    read = [(row, reader.read(row)) for row in rows if not reader.leaves_out(row)]
    unread = [(row.number, why(said)) for row, said in read if isinstance(said, Reason)]
    preview = [_preview(row.number, said) for row, said in read[: words.PREVIEWED]]
    return Seen(troubles, preview, unread, len(rows))


def _preview(number: int, said: dict[str, Any] | Reason) -> words.Shown:
    return words.Shown(number, {}, why(said)) if isinstance(said, Reason) else words.Shown.of(number, said)


async def _page(
    house: House,
    call: Call,
    file: File,
    mapping: Mapping,
    *,
    wrong: Said | None = None,
    result: Result | None = None,
    remembered: str = "",
    status: int = 200,
) -> Answer:
    seen: Seen = await ask(house, _read, file, mapping)
    known = KINDS[file.kind]
    return shown(
        call,
        "file_columns.html",
        PATH,
        status=status,
        file=file,
        mapping=mapping,
        rows=len(file.sheet.rows),
        address=f"{PATH}/files/{call.path('file')}",
        columns=words.columns(file.sheet, mapping, COLUMNS_SHOWN, _is_chosen),
        hidden=max(0, len(file.sheet.headers) - COLUMNS_SHOWN),
        fields={field.name: words.called(field.name) for field in known},
        fixed=[field.name for field in known if field.name not in mapping.columns and _may_be_fixed(field, mapping)],
        taken=[field.name for field in known if field.name in mapping.columns or field.name in mapping.values],
        seen=seen,
        unread=seen.unread[:REJECTS_SHOWN],
        wrong=wrong,
        result=result,
        rejects=[] if result is None else listed(result.rejects),
        looked=min(len(file.sheet.rows), LOOKED),
        remembered=remembered,
        dates=words.DATES,
        outcomes=OUTCOMES,
        kinds=NAMES,
        decimals=words.DECIMALS,
    )


def _may_be_fixed(field: Any, mapping: Mapping) -> bool:
    """Whether one value for all rows can be said of a field that no column has; of what names a row, it could not."""
    usual = field.name in words.USUAL and field.name != mapping.kind.rstrip("s")
    return usual or field.name in mapping.values


ROUTES = (
    page_route(FILE, "catalogue.write", look, "How a file is read."),
    Route("POST", FILE, "catalogue.write", choose, "Choose how a file is read, and take it over.", page=True),
)
