"""The console's editor of reallocation policies: a form, or JSON for what the form cannot say.

Either is looked at, by how many lines it takes, and put. The buttons that move segments about keep nothing.
"""

import json
import re
from typing import Any, NamedTuple

import msgspec

from backorder.adapters.console import policy as policies
from backorder.adapters.console import reallocate as runs
from backorder.adapters.console.policy import Draft
from backorder.adapters.http import body
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import Text, answered, page_route, shown, spoken
from backorder.adapters.http.forms import fields, give, of_field, refuses, sentence, strange
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.commands import decode
from backorder.commands.reallocation import PutPolicy, policy_of
from backorder.kernel.calendars import local_day
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.phrases import Said, phrase
from backorder.kernel.segments import Policy, trouble
from backorder.queries import desk, reallocation
from backorder.queries.reallocation import PolicyView, Preview

EDITOR = runs.HERE + "/policy"
_UNREAD, _FOREIGN = phrase("{text}."), phrase("{field}: leave it out, it is said for you.")
_OBJECT = phrase("A policy is an object: begin with {begin} and end with {end}.")
_MEANWHILE = phrase("{policy} was saved meanwhile, as version {version}. Look at it, then save yours again.")
_MEANWHILE_BY = phrase(
    "{policy} was saved by {who} meanwhile, as version {version}. Look at it, then save yours again."
)
_BEYOND = phrase("This policy says more than the form can: {fields}. So it stands here as JSON, and nothing is lost.")
_FULL = phrase("The form holds no more than this. Go on in the JSON below.")
_IN_SEGMENT = phrase("{where}: {said}")
_SEGMENT = re.compile(r"segments\[(\d+)\]\.?(.*)")
_EXAMPLE = """{
  "policy": "my-policy",
  "segments": [
    {"name": "gold", "filter": {"tier": ["gold"]}, "strategy": "gain"},
    {"name": "everyone", "strategy": "redistribute"}
  ]
}
"""


class PolicyPage(msgspec.Struct, forbid_unknown_fields=True):
    """Which policy is looked at; left out, a new one is written, which may be one that is `ready`."""

    policy: Text = ""
    ready: Text = ""
    done: Text = ""


class Written(NamedTuple):
    """A policy as it is being written: as JSON, and in the form, or why it is not there; `typed` is the JSON itself."""

    text: str
    draft: Draft | None = None
    beyond: Said | None = None
    typed: bool = False


async def policy_page(house: House, call: Call) -> Answer:
    """`GET /console/reallocate/policy`: a policy in the form, to be changed."""
    asked = body.query(call.request, PolicyPage)
    if not asked.policy:
        ready = policies.READY.get(asked.ready)
        draft = policies.blank() if ready is None else _begun(call, ready)
        return await _shown(house, call, _of_form(draft), None)
    there: PolicyView | None = await ask(house, reallocation.show_policy, house.db, asked.policy)
    if there is None:
        raise Refusal(404, "not_found", Said(phrase("There is no policy with this name.")))
    text = _json(msgspec.to_builtins(there.body))
    return await _shown(house, call, _of_text(text, there.body), there, done=runs.DONE.get(asked.done))


def _begun(call: Call, ready: policies.Ready) -> Draft:
    """A policy that is ready, in the form, in the words of whoever begins with it."""
    speaks = spoken(call.request)
    name, *rows = (speaks.say(Said(said)) for said in (ready.name, *(said for said, _ in ready.rows)))
    return policies.begun(ready, name, rows)


def _json(found: Any) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _of_text(text: str, policy: Policy, *, typed: bool = False) -> Written:
    """A policy that was read from JSON, and in the form too where the form says all of it."""
    lost = policies.beyond(policy)
    if not lost:
        return Written(text, policies.drafted(policy), typed=typed)
    return Written(text, None, Said(_BEYOND, {"fields": ", ".join(lost)}), typed)


def _of_form(draft: Draft) -> Written:
    """A policy in the form, and what it comes to as JSON; an example where it comes to nothing yet."""
    found = policies.said(draft)
    return Written(_EXAMPLE if isinstance(found, Said) else _json(found), draft)


async def draft(house: House, call: Call) -> Answer:
    """`POST /console/reallocate/policy`: say how many lines each segment takes, or put it; what was typed stays."""
    from_here(call.request)
    typed = await fields(call)
    word, version = typed.get("do", ""), typed.get("version")
    if "text" not in typed and word not in {"preview", "put_policy"}:
        return await _turned(house, call, policies.typed_in(typed), word, version)
    if word not in {"preview", "put_policy"}:
        raise strange()
    written, read = _typed(typed)
    if isinstance(read, Said):
        return await _shown(house, call, written, None, wrong=read, status=422, version=version)
    there: PolicyView | None = await ask(house, reallocation.show_policy, house.db, read.policy)
    looked = await _looked(house, read)
    if isinstance(looked, Outcome):
        return await _shown(
            house, call, written, there, wrong=_wrong(looked, written.draft), status=422, version=version
        )
    if word == "preview":
        return await _shown(house, call, written, there, preview=looked, version=version)
    latest = "" if there is None else str(there.version)
    if there is not None and there.body != policy_of(read) and latest != (version or ""):
        values = {"policy": there.policy, "version": latest, "who": there.by or ""}
        wrong = Said(_MEANWHILE_BY if there.by else _MEANWHILE, values)
        return await _shown(house, call, written, there, wrong=wrong, preview=looked, status=409)
    said = msgspec.to_builtins(policy_of(read))
    outcome = await give(house, call, {**said, "do": "put_policy", "by": call.caller.account})
    if refuses(outcome):
        wrong = _wrong(outcome, written.draft)
        return await _shown(house, call, written, there, wrong=wrong, preview=looked, status=422, version=version)
    return answered(b"", 303, {"Location": runs.policy_address(read.policy, done="put_policy")})


async def _turned(house: House, call: Call, draft: Draft, word: str, version: str | None) -> Answer:
    """The form after a button that moves its segments about, with all that was typed into it."""
    found = policies.turned(draft, word)
    if found is None:
        raise strange()
    full = found.size > policies.FIELDS_MAX
    there: PolicyView | None = await ask(house, reallocation.show_policy, house.db, draft.whole.get("policy", ""))
    written = _of_form(draft if full else found)
    said = {"wrong": Said(_FULL) if full else None, "version": version, "unsent": True}
    return await _shown(house, call, written, there, status=422 if full else 200, **said)


def _typed(typed: dict[str, str]) -> tuple[Written, PutPolicy | Said]:
    """What was sent, as JSON or in the form, and what it says; or what is wrong with it."""
    if "text" in typed:
        text = typed["text"].replace("\r\n", "\n")
        read = _read(text)
        return (
            Written(text, typed=True) if isinstance(read, Said) else _of_text(text, policy_of(read), typed=True)
        ), read
    written = _of_form(policies.typed_in(typed))
    assert written.draft is not None
    said = policies.said(written.draft)
    found = said if isinstance(said, Said) else decode({**said, "do": "put_policy"})
    if isinstance(found, Outcome):
        return written, _wrong(found, written.draft)
    assert isinstance(found, PutPolicy | Said)
    return written, found


def _wrong(outcome: Outcome, draft: Draft | None) -> Said:
    """What stands against a policy; of a segment of the form, with the segment's name."""
    found = _SEGMENT.fullmatch(outcome.field or "")
    if draft is None or found is None or int(found[1]) >= len(draft.rows):
        return sentence(outcome)
    n = int(found[1])
    said = of_field(found[2].rpartition(".")[2] or None, outcome.message or outcome.outcome.meaning)
    return Said(_IN_SEGMENT, {"where": policies.place(n, draft.rows[n].name), "said": said})


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
    house: House, call: Call, written: Written, there: PolicyView | None, *, status: int = 200, **values: Any
) -> Answer:
    day, zone = await ask(house, desk.today, house.db, house.clock())
    latest = "" if there is None else str(there.version)
    said: dict[str, Any] = {"wrong": None, "done": None, "preview": None, "unsent": False, **values}
    said["version"] = latest if said.get("version") is None else said["version"]
    return shown(
        call,
        "policy.html",
        runs.HERE,
        status=status,
        written=written,
        there=there,
        writes=call.may("reallocation.write"),
        words=policies,
        strategies=runs.STRATEGIES,
        today=day,
        zone=zone,
        **said,
    )


ROUTES = (
    page_route(EDITOR, "reallocation.read", policy_page, "A reallocation policy in a form, and as JSON."),
    Route("POST", EDITOR, "reallocation.write", draft, "Look at a policy, or put it.", page=True),
)
