"""The console's pages of reallocation over HTTP: runs, what a plan comes to and who loses, policies side by side.

Simulating, committing and undoing are the ordinary commands, given by forms.
"""

import re
import secrets
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from backorder.adapters.console import charts
from backorder.adapters.console import reallocate as runs
from backorder.adapters.console.policy import READY
from backorder.adapters.http import body
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import Text, answered, heard, page_route, shown
from backorder.adapters.http.forms import fields, give, refuses, sentence, strange
from backorder.adapters.http.masks import masked
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import Cursor, ask, cursor, token
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.kernel.calendars import day_date, local_day, moment_datetime
from backorder.kernel.outcomes import Outcome
from backorder.kernel.phrases import Said, phrase
from backorder.queries import desk, exchanges, reallocation
from backorder.queries.reallocation import RunView

RUN = runs.HERE + "/runs/{run:str}"
RUNS_SHOWN = 30
LINES_SHOWN = 50
LOSERS_SHOWN = 8
_NO_RUN = phrase("There is no run with this id: it may be forgotten by now.")
_NO_POLICY = phrase("There is no policy {policy}.")
_NOT_THIS_RUN = phrase("There is no run {run}: it may be forgotten by now.")
_UNREAD = phrase("Read first who loses and who has to hear of it, and tick that you have.")
_MARK = re.compile(r"[0-9a-f :-]{1,40}\Z")


class RunsPage(msgspec.Struct, forbid_unknown_fields=True):
    """Where the list of runs begins, and what is said above it."""

    policy: Text = ""
    done: Text = ""
    after: Cursor | None = None


class RunPage(msgspec.Struct, forbid_unknown_fields=True):
    """Which lines of a plan are looked at; left out, the violations where there are any."""

    view: Literal["violated", "changed", "lost", "gained", "moved", "refused", "kept", "unmatched", ""] = ""
    done: Text = ""
    after: Cursor | None = None


class ComparePage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Two runs, or two policies, that are put side by side."""

    run: Annotated[list[Text], Meta(max_length=2)] = []
    policy: Annotated[list[Text], Meta(max_length=2)] = []


async def runs_page(house: House, call: Call) -> Answer:
    """`GET /console/reallocate`: the runs, and a form to simulate a policy."""
    return await _list(house, call, body.query(call.request, RunsPage))


async def simulate(house: House, call: Call) -> Answer:
    """`POST /console/reallocate`: plan by a policy, which changes nothing; on to the run, else what was wrong."""
    from_here(call.request)
    typed = await fields(call)
    policy, mark = typed.get("policy", ""), typed.get("mark", "")
    run = f"{policy[:100]} {mark if _MARK.match(mark) else _mark(house.clock())}"
    said = {"do": "reallocate", "policy": policy, "run": run, "by": call.caller.account}
    outcome = await give(house, call, said)
    if refuses(outcome):
        asked = RunsPage(policy=policy[:200])
        return await _list(house, call, asked, wrong=sentence(outcome), status=422)
    return answered(b"", 303, {"Location": runs.address(run, done="reallocate")})


def _mark(now: int) -> str:
    """What tells the run of a form from all others: sent twice, a form is planned once."""
    return f"{moment_datetime(now):%Y-%m-%d %H:%M} {secrets.token_hex(2)}"


async def _list(house: House, call: Call, asked: RunsPage, wrong: Said | None = None, status: int = 200) -> Answer:
    seen, now = await heard(house, call, status), house.clock()
    day, zone = await ask(house, desk.today, house.db, now)
    place = cursor(asked.after, 1)
    after = None if place is None else place[0]
    found = await ask(house, partial(reallocation.list_runs, house.db, limit=RUNS_SHOWN + 1, after=after))
    rows = masked(found[:RUNS_SHOWN], call.caller.permissions)
    following = token([rows[-1].run]) if len(found) > RUNS_SHOWN else None
    return shown(
        call,
        "reallocate.html",
        runs.HERE,
        status=status,
        policies=await ask(house, reallocation.list_policies, house.db),
        rows=rows,
        next=following,
        paged=asked.after is not None,
        chosen=asked.policy,
        mark=_mark(now),
        wrong=wrong,
        done=runs.DONE.get(asked.done),
        writes=call.may("reallocation.write"),
        states=runs.STATES,
        ready=READY,
        titled=runs.titled,
        address=runs.address,
        policy_address=runs.policy_address,
        today=day,
        zone=zone,
        seen=seen,
    )


async def run_page(house: House, call: Call) -> Answer:
    """`GET /console/reallocate/runs/{run}`: what a plan comes to, and its lines page by page."""
    return await _run(house, call, body.query(call.request, RunPage))


async def decide(house: House, call: Call) -> Answer:
    """`POST /console/reallocate/runs/{run}`: commit the plan, or take it back."""
    from_here(call.request)
    typed = await fields(call)
    word, run = typed.get("do", ""), call.path("run")
    if word not in {"commit_plan", "undo_plan"}:
        raise strange()
    if word == "commit_plan" and typed.get("read") != "yes":
        return await _run(house, call, RunPage(), wrong=Said(_UNREAD), status=422)
    outcome = await give(house, call, {"do": word, "run": run})
    if refuses(outcome):
        return await _run(house, call, RunPage(), wrong=sentence(outcome), status=422)
    return answered(b"", 303, {"Location": runs.address(run, done=word)})


async def _run(house: House, call: Call, asked: RunPage, wrong: Said | None = None, status: int = 200) -> Answer:
    seen, now, name = await heard(house, call, status), house.clock(), call.path("run")
    day, zone = await ask(house, desk.today, house.db, now)
    run: RunView | None = await ask(house, reallocation.show_run, house.db, name)
    if run is None:
        raise Refusal(404, "not_found", Said(_NO_RUN))
    masked(run, call.caller.permissions)
    view = asked.view or ("violated" if run.totals is not None and run.totals.win + run.totals.gain else "changed")
    place = cursor(asked.after, 1, number=True)
    behind = 0 if place is None else int(place[0])
    narrowed: dict[str, Any] = next(one.narrowed for one in runs.VIEWS if one.name == view)
    read = partial(reallocation.list_plan_lines, house.db, name, after=behind, limit=LINES_SHOWN + 1, **narrowed)
    found = await ask(house, read)
    rows = found[:LINES_SHOWN]
    following = runs.address(name, view, after=token([str(rows[-1].n)])) if len(found) > LINES_SHOWN else None
    losers = []
    if run.totals is not None and run.totals.outcomes.get("lost"):
        first = partial(reallocation.list_plan_lines, house.db, name, outcome="lost", limit=LOSERS_SHOWN)
        losers = await ask(house, first)
    told = await ask(house, exchanges.tell, house.db, name, [*rows, *losers])
    masked(list(told.values()), call.caller.permissions)
    policy = await ask(house, reallocation.show_policy, house.db, run.policy, run.version)
    until = None if policy is None else runs.until(run, policy.body.undo_hours)
    utc = day_date(local_day(now, "UTC"))
    return shown(
        call,
        "run.html",
        runs.HERE,
        status=status,
        run=run,
        lead=runs.lead(run, fresh=run.today == utc),
        done=runs.DONE.get(asked.done),
        wrong=wrong,
        figures=[] if run.totals is None else list(runs.figures(run.totals)),
        chart=None if run.totals is None else charts.fates(run.totals.segments),
        views=list(runs.views(run, view)),
        view=view,
        rows=rows,
        next=following,
        paged=asked.after is not None,
        losers=losers,
        told=told,
        commits=call.may("reallocation.commit"),
        writes=call.may("reallocation.write"),
        fresh=run.today == utc,
        until=until if until is not None and until > moment_datetime(now) else None,
        others=await _others(house, name),
        mark=_mark(now),
        address=runs.address,
        policy_address=runs.policy_address,
        words=runs,
        links=call.may("supply.read"),
        orders=call.may("orders.read"),
        today=day,
        zone=zone,
        seen=seen,
    )


async def _others(house: House, name: str) -> list[RunView]:
    """Runs that one may want beside this one, the newest first."""
    found: list[RunView] = await ask(house, partial(reallocation.list_runs, house.db, limit=RUNS_SHOWN))
    return [one for one in found if one.run != name and one.totals is not None]


async def compare(house: House, call: Call) -> Answer:
    """`GET /console/reallocate/compare`: two runs side by side, or two policies on the backlog as it is now."""
    asked = body.query(call.request, ComparePage)
    now = house.clock()
    day, zone = await ask(house, desk.today, house.db, now)
    names = asked.run or asked.policy
    if len(names) != 2 or (asked.run and asked.policy):
        raise Refusal(400, "invalid", Said(phrase("Name two runs, or two policies.")))
    found, differing, differences = None, 0, []
    if asked.run:
        sides = [await ask(house, reallocation.show_run, house.db, name) for name in names]
        missing = next((name for name, one in zip(names, sides, strict=True) if one is None), None)
        if missing is not None:
            raise Refusal(404, "not_found", Said(_NOT_THIS_RUN, {"run": missing}))
        totals = [one.totals for one in sides]
        if None in totals:
            raise Refusal(409, "not_allowed", Said(phrase("One of the runs has no plan yet.")))
    else:
        found = await ask(house, reallocation.compare, house.db, now, names)
        if isinstance(found, Outcome):
            raise Refusal(404, "not_found", Said(_NO_POLICY, {"policy": found.subject or ""}))
        totals, differing, differences = [one.totals for one in found.sides], found.differing, found.differences
        sides = []
    masked(totals, call.caller.permissions)
    return shown(
        call,
        "compare.html",
        runs.HERE,
        names=names,
        titles=[runs.titled(one, day) for one in sides] if asked.run else names,
        runs=sides,
        measures=runs.measures(totals),
        segments=[charts.fates(one.segments) for one in totals],
        differing=differing,
        differences=differences,
        words=runs,
        address=runs.address,
        policy_address=runs.policy_address,
        orders=call.may("orders.read"),
        today=day,
        zone=zone,
    )


ROUTES = (
    page_route(runs.HERE, "reallocation.read", runs_page, "Runs of reallocation policies."),
    Route("POST", runs.HERE, "reallocation.write", simulate, "Simulate a policy.", page=True),
    page_route(RUN, "reallocation.read", run_page, "A run: what its plan comes to, line by line."),
    Route("POST", RUN, "reallocation.commit", decide, "Commit a plan, or take it back.", page=True),
    page_route(f"{runs.HERE}/compare", "reallocation.read", compare, "Two runs or policies side by side."),
)
