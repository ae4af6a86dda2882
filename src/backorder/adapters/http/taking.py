"""What goes on beside requests over HTTP: an import's page with how far it is, a way to stop it; the demo's data."""

from datetime import date
from functools import partial

from backorder.adapters.console import taking as words
from backorder.adapters.http import body
from backorder.adapters.http.beside import Demo
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import answered, page_route, shown, spoken
from backorder.adapters.http.forms import fields, strange
from backorder.adapters.http.held import File, Refused
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import Nothing, ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.adapters.http.row_reasons import spelled, why
from backorder.adapters.imports.mapping import Mapping
from backorder.adapters.imports.run import Reject, Result, rejects_text, run
from backorder.adapters.imports.sheets import NOT_UTF8
from backorder.commands import imports
from backorder.commands.imports import DEMO, Progress, Work
from backorder.kernel.errors import StorageError
from backorder.kernel.phrases import Said, phrase, understood
from backorder.kernel.tongues import ENGLISH
from backorder.queries import desk
from backorder.queries.imports import ImportView, show_import

PATH = "/console/imports"
RUN = PATH + "/runs/{run:str}"
REFUSED = RUN + "/refused.csv"
BATCH = 1_000  # commands, after which it is told how far an import is, and whether to go on
REJECTS_SHOWN = 100
MOST_PAUSE = 1.0  # seconds between two batches where others write too
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


_FORBIDDEN = phrase("To import {kind} asks for the permission {permission}.")
_NONE = phrase("There is no import with this id: it may be forgotten by now.")
_NOT_HELD = phrase("These rows are not held any more: give the file again to see them again.")
_STOPS = phrase("Whoever began it may stop it, and admins.")


def permit(call: Call, kind: str) -> None:
    """Refuse a caller who may not say all that rows of this kind say."""
    for permission in PERMITS[kind]:
        if not call.may(permission):
            raise Refusal(
                403, "forbidden", Said(_FORBIDDEN, {"kind": Said(words.NAMES[kind]), "permission": permission})
            )


def address(run: str) -> str:
    """The page of an import."""
    return f"{PATH}/runs/{run}"


async def look(house: House, call: Call) -> Answer:
    """`GET /console/imports/runs/{run}`: how far an import is, or what came of it."""
    body.query(call.request, Nothing)
    now = house.clock()
    found = await _found(house, call)
    day, _ = await ask(house, desk.today, house.db, now)
    mine = _mine(house, call, found)
    return shown(
        call,
        "taking.html",
        PATH,
        run=found,
        state=words.STATES[found.state],
        share=words.share(found),
        note=found.note and (understood(found.note, (NOT_UTF8,)) or found.note),
        left=words.left(found.left_seconds),
        stops=_may_stop(call, found),
        outcomes=words.OUTCOMES,
        kinds=words.NAMES,
        own=found.by == call.caller.account,
        rejects=[] if mine is None else listed(mine.rejects),
        more=0 if mine is None else max(0, len(mine.rejects) - REJECTS_SHOWN),
        address=address(found.run),
        today=day,
    )


def listed(rejects: list[Reject]) -> list[tuple[int, Said]]:
    """The first rows that were not taken, each with the reason."""
    return [(one.row.number, why(one.reason, one.row.number)) for one in rejects[:REJECTS_SHOWN]]


async def _found(house: House, call: Call) -> ImportView:
    found: ImportView | None = await ask(house, show_import, house.db, house.clock(), call.path("run"))
    if found is None:
        raise Refusal(404, "not_found", Said(_NONE))
    return found


def _mine(house: House, call: Call, found: ImportView) -> Refused | None:
    """The rows that were refused, where they are still held, for whoever gave the file."""
    held = house.beside.refused.get(house.clock(), found.run)
    return held if held is not None and held.account == call.caller.account else None


def _may_stop(call: Call, found: ImportView) -> bool:
    mine = found.by == call.caller.account or call.may("accounts.write")
    return found.state == "running" and found.kind != DEMO and mine


async def stop(house: House, call: Call) -> Answer:
    """`POST /console/imports/runs/{run}`: let it stop after the batch that it is at."""
    from_here(call.request)
    if (await fields(call)).get("do") != "stop":
        raise strange()
    found = await _found(house, call)
    if found.state == "running":
        if not _may_stop(call, found):
            raise Refusal(403, "forbidden", Said(_STOPS))
        await ask(house, imports.stop, house.db, house.clock(), found.run, call.caller.account)
    return answered(b"", 303, {"Location": address(found.run)})


async def refused(house: House, call: Call) -> Answer:
    """`GET /console/imports/runs/{run}/refused.csv`: the rows that were not taken, each with the reason."""
    body.query(call.request, Nothing)
    found = await _found(house, call)
    held = _mine(house, call, found)
    if held is None:
        raise Refusal(404, "not_found", Said(_NOT_HELD))
    text = await ask(house, rejects_text, held.sheet, held.rejects, partial(spelled, speaks=spoken(call.request)))
    headers = {"Content-Disposition": f'attachment; filename="{found.kind}-refused.csv"'}
    return answered(b"\xef\xbb\xbf" + text.encode(), 200, headers, "text/csv; charset=utf-8")


async def take(house: House, call: Call, file: File, mapping: Mapping) -> Answer:
    """Begin to take a file over, and on to the page that says how far it is."""
    permit(call, file.kind)
    work = Work(file.kind, file.name[:100], file.sheet.digest, len(file.sheet.rows), call.caller.account)
    try:
        begun = await ask(house, imports.begin, house.db, house.clock(), work)
    except imports.Refused as error:
        if error.run is None:
            raise Refusal(409, "not_allowed", str(error)) from error
        return answered(b"", 303, {"Location": address(error.run)})
    house.beside.start(partial(_take, house, begun, file, mapping))
    return answered(b"", 303, {"Location": address(begun)})


def _take(house: House, begun: str, file: File, mapping: Mapping) -> None:
    """Take a file over, batch by batch; where others write, they get as much time."""
    state, result = "failed", None
    note = None if file.sheet.note is None else ENGLISH.say(file.sheet.note)
    going_on = _Following(house, begun)
    db = house.db.aside()
    try:
        result = run(db, house.clock(), file.sheet, mapping, actor=file.account, batch=BATCH, going_on=going_on)
        held = Refused(file.account, file.sheet, mapping, result.rejects)
        house.beside.refused.put(house.clock(), held, begun)
        state = "done" if result.whole else ("interrupted" if house.beside.over else "stopped")
    except StorageError as error:
        note = str(error)
    finally:
        _ended(house, begun, state, going_on.so_far, result, note)


def _ended(house: House, begun: str, state: str, so_far: Progress, result: Result | None, note: str | None) -> None:
    if result is not None and state == "done":  # rows that the mapping leaves out were read too
        so_far = so_far._replace(seen=result.rows)
    counts = None if result is None else dict(result.words)
    imports.end(house.db, house.clock(), begun, state, so_far, counts, note)


class _Following:
    """Takes down how far an import is, and gives way."""

    def __init__(self, house: House, begun: str) -> None:
        self._house, self._begun = house, begun
        self._at = house.clock()
        self.so_far = Progress()

    def __call__(self, so_far: Progress) -> bool:
        house, self.so_far = self._house, so_far
        goes = imports.go_on(house.db, house.clock(), self._begun, so_far) and not house.beside.over
        if goes and house.db.turns.waited():
            house.beside.pause(min((house.clock() - self._at) / 10**6, MOST_PAUSE))
        self._at = house.clock()
        return goes


async def load_demo(house: House, call: Call) -> Answer:
    """`POST /console/demo`: fill a database in which nothing is with the demo's data, and on to how far it is."""
    from_here(call.request)
    await fields(call)
    made = house.beside.demo
    if made is None:
        raise Refusal(404, "not_found", "this service has no demo")
    now = house.clock()
    shop: Demo = await ask(house, made, house.db, now)
    work = Work(DEMO, None, DEMO, await ask(house, shop.days), call.caller.account)
    try:
        run = await ask(house, imports.begin, house.db, now, work)
    except imports.Refused as error:
        if error.run is not None:
            return answered(b"", 303, {"Location": address(error.run)})
        raise Refusal(409, "not_allowed", str(error)) from error
    house.beside.start(partial(_play, house, run, shop))
    return answered(b"", 303, {"Location": address(run)})


def _play(house: House, run: str, shop: Demo) -> None:
    """Let the demo's days pass, while the worker sees to nothing: it would find the past overdue."""
    seen = -1

    def told(_day: date) -> bool:
        nonlocal seen
        seen += 1
        return imports.go_on(house.db, house.clock(), run, Progress(seen, seen)) and not house.beside.over

    state, note = "failed", None
    try:
        with house.beside.resting():
            state = "done" if shop.run(told) else "interrupted"
    except StorageError as error:
        note = str(error)
    finally:
        so_far = Progress(seen + 1, seen + 1) if state == "done" else Progress(max(seen, 0), max(seen, 0))
        imports.end(house.db, house.clock(), run, state, so_far, note=note)


ROUTES = (
    page_route(RUN, "catalogue.write", look, "How far an import is, and what came of it."),
    Route("POST", RUN, "catalogue.write", stop, "Let an import stop.", page=True),
    page_route(REFUSED, "catalogue.write", refused, "The rows of an import that were not taken, as a sheet."),
    Route("POST", "/console/demo", "accounts.write", load_demo, "Fill a new database with the demo.", page=True),
)
