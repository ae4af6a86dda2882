"""What goes on beside requests over HTTP: an import's page with how far it is, a way to stop it; the demo's data."""

import logging
from datetime import date
from functools import partial

from backorder.adapters.console import taking as words
from backorder.adapters.http import body
from backorder.adapters.http.beside import Demo
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import answered, page_route, shown
from backorder.adapters.http.forms import fields
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import Nothing, ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.commands import imports
from backorder.commands.imports import DEMO, Progress, Work
from backorder.kernel.errors import StorageError
from backorder.queries import desk
from backorder.queries.imports import ImportView, show_import

PATH = "/console/imports"
RUN = PATH + "/runs/{run:str}"
log = logging.getLogger("backorder.http")


def address(run: str) -> str:
    """The page of an import."""
    return f"{PATH}/runs/{run}"


async def look(house: House, call: Call) -> Answer:
    """`GET /console/imports/runs/{run}`: how far an import is, or what came of it."""
    body.query(call.request, Nothing)
    now = house.clock()
    found: ImportView | None = await ask(house, show_import, house.db, now, call.path("run"))
    if found is None:
        raise Refusal(404, "not_found", "there is no import with this id: it may be forgotten by now")
    day, _ = await ask(house, desk.today, house.db, now)
    return shown(
        call,
        "taking.html",
        PATH,
        run=found,
        state=words.STATES[found.state],
        share=words.share(found),
        left=words.left(found.left_seconds),
        today=day,
    )


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
    Route("POST", "/console/demo", "accounts.write", load_demo, "Fill a new database with the demo.", page=True),
)
