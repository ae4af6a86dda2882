"""The console's queue of notices and refunds over HTTP: what waits for people, and the forms to see to it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import msgspec

from backorder.adapters import console as pages
from backorder.adapters.console import waiting as queues
from backorder.adapters.console.several import Came, taken
from backorder.adapters.console.waiting import Chosen
from backorder.adapters.http import body
from backorder.adapters.http.body import Form
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import Text, answered, frame_of, heard, page_route
from backorder.adapters.http.forms import give, give_all, sentence, strange
from backorder.adapters.http.masks import masked
from backorder.adapters.http.reads import Cursor, ask, cursor, foreign, token
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.kernel.outcomes import Word
from backorder.kernel.phrases import Said, phrase
from backorder.kernel.sentences import language_of
from backorder.queries import desk, notices, refunds
from backorder.queries.communication import communication
from backorder.queries.notices import Place, Waiting
from backorder.queries.telling import tellings

QUEUE = "/console/notices"
SHOWN = 50
COUNTED = 100  # of each part of the queue; beyond it nobody counts on
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
_NONE = Said(phrase("Tick the notices that you mean first."))
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
    form = await body.form(call.request)
    if any("\0" in text for texts in form.values() for text in texts):
        raise strange()
    typed = {name: texts[0] for name, texts in form.items()}
    word = typed.get("do", "")
    if word == "send_several":
        return await _several(house, call, form)
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


async def _several(house: House, call: Call, form: Form) -> Answer:
    """Send the notices that were ticked, by e-mail; the page, which its address says, tells what came of each."""
    asked = body.query(call.request, QueuePage)
    asked.done = ""
    ticked = [taken(text) for text in form.get("take", [])]
    places = [(one[0], int(one[1])) for one in ticked if one is not None and _is_number(one[1])]
    if len(places) < len(ticked):
        raise strange()
    if not places:
        return await _shown(house, call, asked, note=_NONE, status=422)
    said = {"do": "send_notice", "by": call.caller.account}
    outcomes = await give_all(house, call, [{**said, "order": order, "notice": number} for order, number in places])
    results = [
        queues.sent(order, None if outcome.outcome in _DONE else sentence(outcome))
        for (order, _), outcome in zip(places, outcomes, strict=True)
    ]
    return await _shown(house, call, asked, came=Came(results))


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
    if not _is_number(number):
        return Said(phrase("The number is not one."))
    said["refund" if word == "record_refund" else "notice"] = int(number)
    outcome = await give(house, call, said)
    return None if outcome.outcome in _DONE else sentence(outcome)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


async def _shown(
    house: House,
    call: Call,
    asked: QueuePage,
    *,
    typed: Mapping[str, str] | None = None,
    wrong: Said | None = None,
    note: Said | None = None,
    came: Came | None = None,
    status: int = 200,
) -> Answer:
    seen, now = await heard(house, call, status), house.clock()
    day, zone = await ask(house, desk.today, house.db, now)
    read = partial(notices.queue, house.db, SHOWN + 1, now, after=_after(asked), **_NARROWED.get(asked.view, {}))
    found = masked(await ask(house, read), call.caller.permissions)
    chosen = await _chosen(house, call, asked, now)
    told = await ask(house, tellings, house.db, now, _places(found[:SHOWN], chosen))
    if chosen is not None:
        chosen = chosen._replace(telling=told.get((chosen.order, chosen.number)))
    rows = [queues.row(one, told, day, zone, asked.view, chosen) for one in found[:SHOWN]]
    counts = queues.counted(await ask(house, notices.counts, house.db, COUNTED), COUNTED)
    on = (await ask(house, communication, house.db)).rules is not None
    if chosen is None or (typed or {}).get("do") not in chosen.forms:
        note = note or wrong  # the form that it would stand at is not there any more
    text = pages.page(
        "waiting.html",
        frame_of(call.request, call.caller),
        QUEUE,
        lead=queues.lead(found, SHOWN, day, zone, on=on),
        done=queues.DONE.get(asked.done),
        note=note,
        came=came or Came(),
        views=queues.VIEWS,
        counts=counts,
        view=asked.view,
        address=queues.address,
        rows=rows,
        on=on,
        next=_next(found, asked),
        paged=asked.after is not None,
        order=asked.order,
        chosen=chosen,
        days=queues.days,
        language_of=language_of,
        typed=typed or {},
        wrong=wrong,
        writes=call.may("notices.write"),
        pays=call.may("refunds.write"),
        words=queues,
        today=day,
        zone=zone,
        seen=seen,
    )
    return answered(text, status)


def _places(found: Sequence[Waiting], chosen: Chosen | None) -> list[tuple[str, int]]:
    """The notices of a page, by their orders and numbers."""
    places = [(one.order, one.number) for one in found if one.what == "notice"]
    return places if chosen is None or chosen.notice is None else [*places, (chosen.order, chosen.number)]


def _next(found: Sequence[Waiting], asked: QueuePage) -> str | None:
    """The address of the page behind this one, if there is one."""
    if len(found) <= SHOWN:
        return None
    place = notices.place_of(found[SHOWN - 1])
    return queues.address(asked.view, after=token(["" if one is None else str(one) for one in place]))


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
    """The one that is looked at, which without a number is the order's that waits; None where none is."""
    if not asked.order or (asked.number and not _is_number(asked.number)):
        return None
    if asked.what == "refund":
        number = int(asked.number or 0)
        owed = await ask(house, partial(refunds.of_order, house.db, asked.order, now, after=number - 1, limit=1))
        masked(owed, call.caller.permissions)
        return Chosen(asked.order, number, refund=owed[0]) if owed and owed[0].refund == number else None
    told = masked(await ask(house, notices.of_order, house.db, asked.order), call.caller.permissions)
    one = queues.best([each for each in told if not asked.number or each.notice == int(asked.number)])
    return None if one is None else Chosen(asked.order, one.notice, one, all=told)


ROUTES = (
    page_route(QUEUE, "notices.read", waiting, "Notices and refunds that wait for people."),
    Route("POST", QUEUE, "notices.read", see_to, "See to a notice or a refund.", page=True),
)
