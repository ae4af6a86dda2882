"""The routes that read of reallocation: policies, what they would take, runs, their plans, policies side by side."""

from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from backorder.adapters.http import body
from backorder.adapters.http.listings import listing
from backorder.adapters.http.masks import masked
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import PRIVATE, Page, Text, ask, cursor, one, page
from backorder.adapters.http.route import Answer, Call, House
from backorder.commands.reallocation import PutPolicy, policy_of
from backorder.kernel.calendars import local_day
from backorder.kernel.outcomes import Outcome
from backorder.kernel.segments import Policy, trouble
from backorder.queries import reallocation
from backorder.storage.db import Database

_Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Wanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which version of a policy; left out, the latest."""

    version: Annotated[int, Meta(ge=1, le=10**6)] | None = None


class RunsPage(Page):
    """Which runs are wanted."""

    policy: Text | None = None
    state: Text | None = None


class LinesPage(Page):
    """Which lines of a plan are wanted; `unmatched` are those that no segment took."""

    segment: Text | None = None
    outcome: Text | None = None
    applied: Text | None = None
    exception: Text | None = None
    order: Text | None = None
    unmatched: bool = False


class Policies(msgspec.Struct):
    """A page of policies, each in its latest version; `next` asks for the one after, null on the last."""

    items: list[reallocation.PolicyView]
    next: str | None


class Runs(msgspec.Struct):
    """A page of runs, the newest first."""

    items: list[reallocation.RunView]
    next: str | None


class PlanLines(msgspec.Struct):
    """A page of the lines of a plan, in the order in which they were served."""

    items: list[reallocation.PlanLineView]
    next: str | None


class Compare(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Policies to be compared, by name."""

    policies: Annotated[list[_Name], Meta(min_length=2, max_length=5)]


def _policies(db: Database, _now: int, *, limit: int, after: str | None = None) -> list[reallocation.PolicyView]:
    found = [view for view in reallocation.list_policies(db) if after is None or view.policy > after]
    return found[:limit]


async def policy(house: House, call: Call) -> Answer:
    """`GET /v1/policies/{policy}`."""
    wanted = body.query(call.request, Wanted)
    found = await ask(house, reallocation.show_policy, house.db, call.path("policy"), wanted.version)
    if found is None:
        raise Refusal(404, "not_found", "there is no policy, or no version, with this id")
    return Answer(found, headers=PRIVATE)


async def preview(house: House, call: Call) -> Answer:
    """`POST /v1/policies/preview`: nothing is put, planned or kept."""
    now = house.clock()
    asked: Policy = policy_of(body.typed(await body.read(call.request), PutPolicy))
    wrong = trouble(asked, local_day(now, "UTC"))
    if wrong is not None:
        raise Refusal(400, "invalid", wrong[1], field=wrong[0])
    return Answer(await ask(house, reallocation.preview, house.db, now, asked), headers=PRIVATE)


async def compare(house: House, call: Call) -> Answer:
    """`POST /v1/policies/compare`: each is planned on the same state of the database; nothing is kept."""
    asked = body.typed(await body.read(call.request), Compare)
    found = await ask(house, reallocation.compare, house.db, house.clock(), asked.policies)
    if isinstance(found, Outcome):
        raise Refusal(404, found.outcome.value, f"there is no policy {found.subject}", field="policies")
    return Answer(masked(found, call.caller.permissions), headers=PRIVATE)


async def runs(house: House, call: Call) -> Answer:
    """`GET /v1/runs`."""
    wanted = body.query(call.request, RunsPage)
    place = cursor(wanted.after, 1)
    asked = {"policy": wanted.policy, "state": wanted.state, "after": None if place is None else place[0]}
    found = await ask(house, partial(reallocation.list_runs, house.db, limit=wanted.limit + 1, **asked))
    return page(Runs, masked(found, call.caller.permissions), wanted.limit, lambda row: [row.run])


async def lines(house: House, call: Call) -> Answer:
    """`GET /v1/runs/{run}/lines`."""
    wanted = body.query(call.request, LinesPage)
    run, place = call.path("run"), cursor(wanted.after, 1, number=True)
    asked: dict[str, Any] = msgspec.structs.asdict(wanted)
    asked |= {"limit": wanted.limit + 1, "after": 0 if place is None else int(place[0])}
    found = await ask(house, partial(reallocation.list_plan_lines, house.db, run, **asked))
    if not found and await ask(house, reallocation.show_run, house.db, run) is None:
        raise Refusal(404, "not_found", "there is no run with this id")
    return page(PlanLines, found, wanted.limit, lambda row: [str(row.n)])


POLICIES = listing(Policies, _policies, Page, "policy")
RUN = one(reallocation.show_run, "run", now=False)
