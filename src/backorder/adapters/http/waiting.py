"""The console's queue of notices and refunds over HTTP: what waits for people, and the forms to see to it."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import msgspec

from backorder.adapters import console as pages
from backorder.adapters.console import waiting as queues
from backorder.adapters.console.waiting import Chosen
from backorder.adapters.http import body
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import Text, answered, frame_of, heard, page_route
from backorder.adapters.http.forms import fields, give, sentence, strange
from backorder.adapters.http.masks import masked
from backorder.adapters.http.reads import Cursor, ask, cursor, foreign, token
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.kernel.outcomes import Word
from backorder.kernel.phrases import Said, phrase
from backorder.queries import desk, notices, refunds
from backorder.queries.notices import Place, Waiting

QUEUE = "/console/notices"
SHOWN = 50
_DONE = {Word.CHANGED, Word.ANSWERED, Word.EXISTS}
# The fields of each form, besides the order and the number: what is left empty is not said.
_FIELDS = {
    "send_notice": ("means", "reason"),
    "suppress_notice": ("reason",),
    "answer_notice": ("answer", "until", "means", "by", "note"),
    "record_notice": ("became", "reason"),
    "record_refund": ("form", "amount", "reference"),
}
_NARROWED: dict[str, dict[str, Any]] = {
    "due": {"what": "notice", "state": "due"},
    "asking": {"state": "asking"},
    "trouble": {"trouble": True},
    "refund": {"what": "refund"},
}
_BY = {"send_notice", "suppress_notice", "record_notice", "record_refund"}  # who did it, which is who is signed in


class QueuePage(msgspec.Struct, forbid_unknown_fields=True):
    """Which part of the queue, where the page begins, and which one is looked at."""

    view: Literal["all", "due", "asking", "trouble", "refund"] = "all"
    what: Literal["notice", "refund", ""] = ""
    order: Text = ""
    number: Text = ""
    done: Text = ""
    after: Cursor | None = None


async def waiting(house: House, call: Call) -> Answer:
    """`GET /console/notices`: what waits for people."""
    return await _shown(house, call, body.query(call.request, QueuePage))


async def see_to(house: House, call: Call) -> Answer:
    """`POST /console/notices`: one of the forms; back to the queue where it was done, else what was typed again."""
    from_here(call.request)
    typed = await fields(call)
    word = typed.get("do", "")
    if word not in _FIELDS:
        raise strange()
    what: Literal["notice", "refund"] = "refund" if word == "record_refund" else "notice"
    view = typed.get("view", "all")
    asked = msgspec.convert(
        {"view": view if view in {one.name for one in queues.VIEWS} else "all", "what": what}, QueuePage
    )
    asked.order, asked.number = typed.get("order", "")[:200], typed.get("number", "")[:20]
    wrong = await _done(house, call, word, typed)
    if wrong is not None:
        return await _shown(house, call, asked, typed=typed, wrong=wrong, status=422)
    there = Waiting(what, asked.order, int(asked.number), "", "", None)
    return answered(b"", 303, {"Location": queues.address(asked.view, there, done=word)})


async def _done(house: House, call: Call, word: str, typed: Mapping[str, str]) -> Said | None:
    """Apply what a form says; None, or what is wrong with it."""
    said: dict[str, Any] = {name: typed[name].strip() for name in _FIELDS[word] if typed.get(name, "").strip()}
    if said.get("answer") == "until":
        if "until" not in said:
            return Said(phrase("Say until which day they wait."))
        said["answer"] = "wait"
    elif word == "answer_notice":
        said.pop("until", None)
    number = typed.get("number", "")
    said |= {"do": word, "order": typed.get("order", ""), **({"by": call.caller.account} if word in _BY else {})}
    if not (number.isascii() and number.isdecimal()):
        return Said(phrase("The number is not one."))
    said["refund" if word == "record_refund" else "notice"] = int(number)
    outcome = await give(house, call, said)
    return None if outcome.outcome in _DONE else sentence(outcome)


async def _shown(
    house: House,
    call: Call,
    asked: QueuePage,
    *,
    typed: Mapping[str, str] | None = None,
    wrong: Said | None = None,
    status: int = 200,
) -> Answer:
    seen, now = await heard(house, call, status), house.clock()
    day, zone = await ask(house, desk.today, house.db, now)
    narrowed = _NARROWED.get(asked.view, {})
    read = partial(notices.queue, house.db, SHOWN + 1, now, after=_after(asked), **narrowed)
    found = masked(await ask(house, read), call.caller.permissions)
    chosen = await _chosen(house, call, asked, now)
    rows = [queues.row(one, day, zone, asked.view, chosen) for one in found[:SHOWN]]
    following = None
    if len(found) > SHOWN:
        place = notices.place_of(found[SHOWN - 1])
        following = queues.address(asked.view, after=token(["" if one is None else str(one) for one in place]))
    text = pages.page(
        "waiting.html",
        frame_of(call.request, call.caller),
        QUEUE,
        lead=queues.lead(found, SHOWN, day, zone),
        done=queues.DONE.get(asked.done),
        views=queues.VIEWS,
        view=asked.view,
        address=queues.address,
        rows=rows,
        next=following,
        paged=asked.after is not None,
        chosen=chosen,
        typed=typed or {},
        wrong=wrong,
        writes=call.may("notices.write"),
        pays=call.may("refunds.write"),
        answers=queues.ANSWERS,
        means=queues.MEANS,
        how=queues.HOW,
        became=queues.BECAME,
        forms=queues.FORMS,
        silence=queues.SILENCE,
        today=day,
        zone=zone,
        seen=seen,
    )
    return answered(text, status)


def _after(asked: QueuePage) -> Place | None:
    """The place behind which a page begins. Refuses one that no page gave."""
    place = cursor(asked.after, 4)
    if place is None:
        return None
    deadline, order, what, number = place
    sound = all(one.isascii() and one.isdecimal() and len(one) < 20 for one in (deadline or "0", number))
    if not sound or what not in {"notice", "refund"}:
        raise foreign()
    return Place(int(deadline) if deadline else None, order, "refund" if what == "refund" else "notice", int(number))


async def _chosen(house: House, call: Call, asked: QueuePage, now: int) -> Chosen | None:
    """The one that is looked at; None where none is, or it is not there."""
    if not (asked.order and asked.number.isascii() and asked.number.isdecimal() and len(asked.number) < 10):
        return None
    number = int(asked.number)
    if asked.what == "refund":
        owed = await ask(house, partial(refunds.of_order, house.db, asked.order, now, after=number - 1, limit=1))
        masked(owed, call.caller.permissions)
        return Chosen(asked.order, number, refund=owed[0]) if owed and owed[0].refund == number else None
    told = await ask(house, partial(notices.of_order, house.db, asked.order, after=number - 1, limit=1))
    masked(told, call.caller.permissions)
    return Chosen(asked.order, number, notice=told[0]) if told and told[0].notice == number else None


ROUTES = (
    page_route(QUEUE, "notices.read", waiting, "Notices and refunds that wait for people."),
    Route("POST", QUEUE, "notices.read", see_to, "See to a notice or a refund.", page=True),
)
