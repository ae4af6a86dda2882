"""The console's imports over HTTP: a file is given, read, and held for a while to be looked at; what was taken over."""

import tempfile
from functools import partial
from pathlib import Path

import msgspec

from backorder.adapters.console import taking as words
from backorder.adapters.console.file_columns import called
from backorder.adapters.http import body
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import answered, page_route, shown
from backorder.adapters.http.forms import of_field, strange
from backorder.adapters.http.held import File
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import Nothing, ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.adapters.http.taking import PATH, PERMITS, permit
from backorder.adapters.http.upload import Part, parts
from backorder.adapters.imports import examples, sheets
from backorder.adapters.imports import mapping as mappings
from backorder.adapters.imports.examples import EXAMPLES
from backorder.adapters.imports.fields import KINDS
from backorder.adapters.imports.presets import PRESETS
from backorder.kernel.phrases import Said, Value, phrase
from backorder.queries import desk
from backorder.queries.imports import MappingView, list_imports, list_mappings

_OTHER = phrase("This is no mapping for {kind}: choose another.")
_OURS = phrase("{name} ({kind})")
_NO_ROWS = phrase("The file has no rows behind the names of its columns.")


class Wrong(Exception):
    """The file was not read; `said` is why and what to do."""

    def __init__(self, said: Said) -> None:
        super().__init__(said)
        self.said = said


async def look(house: House, call: Call) -> Answer:
    """`GET /console/imports`: a form, and what was taken over lately."""
    body.query(call.request, Nothing)
    return await _shown(house, call)


async def give(house: House, call: Call) -> Answer:
    """`POST /console/imports`: read a file, and on to how it is read; nothing is kept by that."""
    from_here(call.request)
    form = await parts(call.request)
    typed = {name: part.text.decode("utf-8", "replace")[:200] for name, part in form.items() if name != "file"}
    kind, file = typed.get("kind", ""), form.get("file")
    if kind not in PERMITS:
        raise strange()
    permit(call, kind)
    if file is None or not file.text:
        return await _shown(house, call, typed=typed, wrong=Said(phrase("Choose a file first.")), status=422)
    try:
        mapping = await ask(house, _mapping, house, kind, typed.get("by", ""), call.caller.account)
        held: File = await ask(house, partial(_held, kind, file, mapping, call.caller.account))
    except Wrong as error:
        return await _shown(house, call, typed=typed, wrong=error.said, status=422)
    name = house.beside.files.put(house.clock(), held)
    return answered(b"", 303, {"Location": f"{PATH}/files/{name}"})


def _mapping(house: House, kind: str, by: str, account: str) -> mappings.Mapping | None:
    """The mapping that a form names: a preset, one that is remembered, that of an import; None to guess it."""
    how, _, name = by.partition(":")
    if how == "preset":
        try:
            return mappings.preset(kind, name)
        except mappings.BadMapping as error:
            raise Wrong(of_field(None, str(error))) from error
    if how == "saved":
        found = next((one for one in list_mappings(house.db) if f"{one.kind}:{one.name}" == name), None)
        if found is None or found.kind != kind:
            raise Wrong(Said(_OTHER, {"kind": Said(words.NAMES[kind])}))
        return msgspec.json.decode(found.body, type=mappings.Mapping)
    refused = house.beside.refused.get(house.clock(), name) if how == "like" else None
    return refused.mapping if refused is not None and refused.account == account else None


def _held(kind: str, file: Part, mapping: mappings.Mapping | None, account: str) -> File:
    """Read a file. Raises Wrong where it cannot be read at all."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("file.xlsx" if file.text.startswith(b"PK") else "file.csv")
        path.write_bytes(file.text)
        try:
            sheet = sheets.read(path)
        except sheets.Unreadable as error:
            raise Wrong(of_field(None, str(error).replace(str(path), "the file"))) from error
    if not sheet.rows:
        raise Wrong(Said(_NO_ROWS))
    chosen = mappings.guess(kind, sheet.headers) if mapping is None else _there(mapping, sheet.headers)
    return File(account, Path(file.filename or "").name or kind, kind, sheet, chosen)


def _there(mapping: mappings.Mapping, headers: list[str]) -> mappings.Mapping:
    """A mapping without the columns that this file leaves out."""
    columns = {name: header for name, header in mapping.columns.items() if header in headers}
    return msgspec.structs.replace(mapping, columns=columns)


async def example(house: House, call: Call) -> Answer:
    """`GET /console/imports/examples/{kind}`: a file to begin with, with a row that shows how things are written."""
    body.query(call.request, Nothing)
    kind = call.path("kind")
    if kind not in EXAMPLES:
        raise Refusal(404, "not_found", "there is no example of this kind")
    day, _ = await ask(house, desk.today, house.db, house.clock())
    headers = {"Content-Disposition": f'attachment; filename="{kind}.csv"'}
    return answered(examples.example(kind, day).encode(), 200, headers, "text/csv; charset=utf-8")


async def _shown(
    house: House, call: Call, *, typed: dict[str, str] | None = None, wrong: Said | None = None, status: int = 200
) -> Answer:
    now = house.clock()
    day, _ = await ask(house, desk.today, house.db, now)
    kinds = [kind for kind, asked in PERMITS.items() if all(map(call.may, asked))]
    kept: list[MappingView] = await ask(house, list_mappings, house.db)
    return shown(
        call,
        "imports.html",
        PATH,
        status=status,
        kinds={kind: words.NAMES[kind] for kind in kinds},
        names=words.NAMES,
        fields={kind: {one.name: called(one.name) for one in KINDS[kind] if one.required} for kind in PERMITS},
        ways=_ways(kept, kinds),
        typed=typed or {},
        wrong=wrong,
        runs=await ask(house, list_imports, house.db, now),
        states=words.STATES,
        today=day,
    )


def _ways(kept: list[MappingView], kinds: list[str]) -> dict[str, Value]:
    """The ways in which columns can be told: what is remembered, and the exports of some programs."""
    found: dict[str, Value] = {
        f"saved:{one.kind}:{one.name}": Said(_OURS, {"name": one.name, "kind": Said(words.NAMES[one.kind])})
        for one in kept
        if one.kind in kinds
    }
    programs = sorted({name for name, kind in PRESETS if kind in kinds})
    return found | {f"preset:{name}": name.capitalize() for name in programs}


ROUTES = (
    page_route(PATH, "catalogue.write", look, "Files that can be taken over, and what was."),
    Route("POST", PATH, "catalogue.write", give, "Give a file, to see how it is read.", page=True),
    page_route(f"{PATH}/examples/{{kind:str}}", "catalogue.write", example, "A file to begin with."),
)
