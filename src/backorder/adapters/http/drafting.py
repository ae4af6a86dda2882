"""The console's editor of reallocation policies: JSON text that is looked at, by how many lines it takes, and put."""

import json
from typing import Any

import msgspec

from backorder.adapters.console import reallocate as runs
from backorder.adapters.http import body
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import Text, answered, page_route, shown
from backorder.adapters.http.forms import fields, give, refuses, sentence, strange
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.commands import decode
from backorder.commands.reallocation import PutPolicy, policy_of
from backorder.kernel.calendars import local_day
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.phrases import Said, phrase
from backorder.kernel.segments import trouble
from backorder.queries import desk, reallocation
from backorder.queries.reallocation import PolicyView, Preview

EDITOR = runs.HERE + "/policy"
_UNREAD, _FOREIGN = phrase("{text}."), phrase("{field}: leave it out, it is said for you.")
_OBJECT = phrase("A policy is an object: begin with {begin} and end with {end}.")
_MEANWHILE = phrase("{policy} was put meanwhile, as version {version}. Look at it, then put yours again.")
_MEANWHILE_BY = phrase("{policy} was put by {who} meanwhile, as version {version}. Look at it, then put yours again.")
_BEGIN = """{
  "policy": "my-policy",
  "segments": [
    {"name": "gold", "filter": {"tier": ["gold"]}, "strategy": "gain"},
    {"name": "everyone", "strategy": "redistribute"}
  ]
}
"""


class PolicyPage(msgspec.Struct, forbid_unknown_fields=True):
    """Which policy is looked at; left out, a new one is written."""

    policy: Text = ""
    done: Text = ""


async def policy_page(house: House, call: Call) -> Answer:
    """`GET /console/reallocate/policy`: a policy as text, to be changed."""
    asked = body.query(call.request, PolicyPage)
    there: PolicyView | None = None
    text = _BEGIN
    if asked.policy:
        there = await ask(house, reallocation.show_policy, house.db, asked.policy)
        if there is None:
            raise Refusal(404, "not_found", Said(phrase("There is no policy with this name.")))
        text = json.dumps(msgspec.to_builtins(there.body), indent=2, ensure_ascii=False) + "\n"
    return await _shown(house, call, text, there, done=runs.DONE.get(asked.done))


async def draft(house: House, call: Call) -> Answer:
    """`POST /console/reallocate/policy`: say how many lines each segment takes, or put it; what was typed stays."""
    from_here(call.request)
    typed = await fields(call)
    text, word = typed.get("text", "").replace("\r\n", "\n"), typed.get("do", "")
    if word not in {"preview", "put_policy"}:
        raise strange()
    read = _read(text)
    if isinstance(read, Said):
        return await _shown(house, call, text, None, wrong=read, status=422)
    there: PolicyView | None = await ask(house, reallocation.show_policy, house.db, read.policy)
    looked = await _looked(house, read)
    if isinstance(looked, Outcome):
        return await _shown(house, call, text, there, wrong=sentence(looked), status=422)
    if word == "preview":
        return await _shown(house, call, text, there, preview=looked, version=typed.get("version"))
    latest = "" if there is None else str(there.version)
    if there is not None and there.body != policy_of(read) and latest != typed.get("version", ""):
        values = {"policy": there.policy, "version": latest, "who": there.by or ""}
        wrong = Said(_MEANWHILE_BY if there.by else _MEANWHILE, values)
        return await _shown(house, call, text, there, wrong=wrong, preview=looked, status=409)
    outcome = await give(house, call, {**json.loads(text), "do": "put_policy", "by": call.caller.account})
    if refuses(outcome):
        return await _shown(house, call, text, there, wrong=sentence(outcome), preview=looked, status=422)
    return answered(b"", 303, {"Location": runs.policy_address(read.policy, done="put_policy")})


def _read(text: str) -> PutPolicy | Said:
    """What a text says; or what is wrong with it."""
    try:
        said = body.strict(text.encode("utf-8", "surrogatepass"))
    except Refusal as refusal:
        text = f"{refusal.detail[:1].upper()}{refusal.detail[1:]}"
        return Said(_UNREAD, {"text": text.replace("The body", "The policy")})
    if not isinstance(said, dict):
        return Said(_OBJECT, {"begin": "{", "end": "}"})
    foreign = next((name for name in ("do", "id", "at", "by") if name in said), None)
    if foreign is not None:
        return Said(_FOREIGN, {"field": foreign})
    found = decode({**said, "do": "put_policy"})
    if isinstance(found, Outcome):
        return sentence(found)
    assert isinstance(found, PutPolicy)
    return found


async def _looked(house: House, read: PutPolicy) -> Preview | Outcome:
    """How many lines each segment takes now; or which field cannot be meant."""
    now, policy = house.clock(), policy_of(read)
    wrong = trouble(policy, local_day(now, "UTC"))
    if wrong is not None:
        return Outcome(Word.INVALID, field=wrong[0], message=wrong[1])
    found: Preview = await ask(house, reallocation.preview, house.db, now, policy)
    return found


async def _shown(
    house: House, call: Call, text: str, there: PolicyView | None, *, status: int = 200, **values: Any
) -> Answer:
    day, zone = await ask(house, desk.today, house.db, house.clock())
    latest = "" if there is None else str(there.version)
    said: dict[str, Any] = {"wrong": None, "done": None, "preview": None, **values}
    said["version"] = latest if said.get("version") is None else said["version"]
    return shown(
        call,
        "policy.html",
        runs.HERE,
        status=status,
        text=text,
        there=there,
        writes=call.may("reallocation.write"),
        strategies=runs.STRATEGIES,
        today=day,
        zone=zone,
        **said,
    )


ROUTES = (
    page_route(EDITOR, "reallocation.read", policy_page, "A reallocation policy as text."),
    Route("POST", EDITOR, "reallocation.write", draft, "Look at a policy, or put it.", page=True),
)
