"""The console's shipments over HTTP: what can leave, a list to pick by, and the forms to pick, ship and take back."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from backorder.adapters import console as pages
from backorder.adapters.console import shipping
from backorder.adapters.console.shipping import PATH, PICKS
from backorder.adapters.http import body
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import Text, answered, frame_of, heard, page_route, shown
from backorder.adapters.http.forms import give, sentence, strange
from backorder.adapters.http.masks import masked
from backorder.adapters.http.reads import Cursor, ask, cursor, foreign, token
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.kernel.calendars import DAY_MAX
from backorder.kernel.keys import KEY_MAX
from backorder.kernel.outcomes import Word
from backorder.kernel.phrases import Said as Phrased
from backorder.kernel.phrases import phrase
from backorder.queries import desk, leaving

SHOWN = 40
LAST_SHOWN = 12
LAST_LINES = 3  # of each of these that the page names
_TICK = Phrased(phrase("Tick the orders that you mean first."))
_DONE = {Word.CHANGED, Word.SHIPPED, Word.EXISTS}
_LAST = {"reverse": "reverse_shipment", "deliver": "record_delivery"}


class ShipmentsPage(msgspec.Struct, forbid_unknown_fields=True):
    """Which order is looked at, what was just done, and where the page begins; or which orders alone are wanted."""

    order: Text = ""
    these: Annotated[list[Text], Meta(max_length=200)] = []
    done: Literal["pick", "unpick", "ship", "reverse", "deliver", ""] = ""
    many: Annotated[str, Meta(max_length=4)] = ""
    after: Cursor | None = None


class PickPage(msgspec.Struct, forbid_unknown_fields=True):
    """For which orders."""

    order: Annotated[list[Text], Meta(min_length=1, max_length=200)]


class Said(msgspec.Struct):
    """What a form said of an order: the id of the shipment that it becomes, and lines with units."""

    order: str
    shipment: str
    lines: list[tuple[str, int, int]]  # the line, how many units can leave, and how many of them are picked


async def ready(house: House, call: Call) -> Answer:
    """`GET /console/shipments`: what can leave, and what left last."""
    return await _shown(house, call, body.query(call.request, ShipmentsPage))


async def pick_list(house: House, call: Call) -> Answer:
    """`GET /console/shipments/pick-list`: what is to be taken from the shelves for some orders."""
    wanted = body.query(call.request, PickPage)
    now = house.clock()
    day, zone = await ask(house, desk.today, house.db, now)
    found = masked(await ask(house, leaving.of_orders, house.db, now, wanted.order), call.caller.permissions)
    there = {one.order for one in found}
    missing = [name for name in dict.fromkeys(wanted.order) if name not in there]
    takes = shipping.takes(found)
    return shown(
        call, "picks.html", PATH, takes=takes, orders=found, missing=missing, today=day, zone=zone,
        units=sum(one.units for one in takes if not one.picked),
    )  # fmt: skip


async def see_to(house: House, call: Call) -> Answer:
    """`POST /console/shipments`: pick, put back, ship, take back; what is refused is said at its row."""
    from_here(call.request)
    fields = await body.form(call.request)
    word = shipping.said(fields, "do")
    if word in _LAST:
        return await _last(house, call, word, shipping.said(fields, "shipment"))
    if word not in {"list", "pick", "unpick", "ship"}:
        raise strange()
    alone = bool(shipping.said(fields, "order"))
    chosen = [_typed(fields)] if alone else [_read(text) for text in fields.get("take", [])]
    if not chosen:
        asked = ShipmentsPage()
        return await _shown(house, call, asked, note=_TICK, status=422)
    if word == "list":
        return answered(b"", 303, {"Location": shipping.picks(one.order for one in chosen)})
    wrong = await _do(house, call, word, chosen, fields)
    if not wrong:
        many = f"&many={len(chosen)}"
        return answered(b"", 303, {"Location": f"{PATH}?done={word}{many}"})
    asked = ShipmentsPage(order=chosen[0].order if alone else "")
    done = shipping.done(word, str(len(chosen) - len(wrong))) if len(wrong) < len(chosen) else None
    return await _shown(house, call, asked, wrong=wrong, typed=fields, told=done, status=422)


async def _last(house: House, call: Call, word: str, shipment: str) -> Answer:
    """Take a shipment back, or record that it arrived."""
    more = {"reason": "it did not leave"} if word == "reverse" else {}
    outcome = await give(house, call, {"do": _LAST[word], "shipment": shipment, **more})
    if outcome.outcome in _DONE:
        return answered(b"", 303, {"Location": f"{PATH}?done={word}"})
    return await _shown(house, call, ShipmentsPage(), note=sentence(outcome), status=422)


async def _do(
    house: House, call: Call, word: str, chosen: Sequence[Said], fields: Mapping[str, list[str]]
) -> dict[str, Phrased]:
    """Apply what a form says of orders, one by one; what was refused, by order."""
    wrong: dict[str, Phrased] = {}
    more = {name: shipping.said(fields, name) for name in ("carrier", "tracking")} if word == "ship" else {}
    for one in chosen:
        lines = [{"line": line, "quantity": _units(word, can, picked)} for line, can, picked in one.lines]
        lines = [line for line in lines if line["quantity"]]
        if not lines:
            wrong[one.order] = shipping.NOTHING[word]
            continue
        said: dict[str, Any] = {"do": word, "order": one.order, "lines": lines}
        said |= {name: text for name, text in more.items() if text}
        if word == "ship":
            said["shipment"] = one.shipment
        outcome = await give(house, call, said)
        if outcome.outcome not in _DONE:
            wrong[one.order] = sentence(outcome)
    return wrong


def _units(word: str, can: int, picked: int) -> int:
    """How many of the units that can leave a form is about."""
    return {"pick": can - picked, "unpick": picked}.get(word, can)


def _take(one: leaving.Leaving) -> str:
    """What the box of an order says: what could leave when the page was made, which is all that leaves."""
    lines = [(each.line.line, each.line.allocated, each.line.picked) for each in one.lines]
    said = msgspec.json.encode([one.order, one.shipment, lines])
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


def _read(text: str) -> Said:
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        order, shipment, lines = msgspec.json.decode(raw, type=tuple[str, str, list[tuple[str, int, int]]])
    except (binascii.Error, UnicodeError, msgspec.DecodeError):
        raise strange() from None
    return Said(order, shipment, lines)


def _typed(fields: Mapping[str, list[str]]) -> Said:
    """What was typed at an order: units of its lines. All of them are what can leave, be picked, or be put back."""
    lines, units = fields.get("line", []), fields.get("units", [])
    order = shipping.said(fields, "order")
    if len(lines) != len(units) or len(order) > KEY_MAX or "\0" in order:
        raise strange()
    word, found = shipping.said(fields, "do"), []
    for line, text in zip(lines, units, strict=True):
        number = text.strip() or "0"
        if not (number.isascii() and number.isdecimal() and len(number) < 10):
            number = "0"
        found.append((line, int(number), int(number) if word == "unpick" else 0))
    return Said(order, shipping.said(fields, "shipment"), found)


async def _shown(
    house: House,
    call: Call,
    asked: ShipmentsPage,
    *,
    wrong: Mapping[str, Phrased] | None = None,
    typed: Mapping[str, list[str]] | None = None,
    told: Phrased | None = None,
    note: Phrased | None = None,
    status: int = 200,
) -> Answer:
    wrong, typed, now = wrong or {}, typed or {}, house.clock()
    seen = await heard(house, call, status)
    day, zone = await ask(house, desk.today, house.db, now)
    if asked.these:
        found = await ask(house, leaving.of_orders, house.db, now, asked.these)
        many = len(found)
    else:
        found, many = await ask(house, partial(leaving.ready, house.db, now, SHOWN + 1, _after(asked)))
    chosen = await ask(house, leaving.of_orders, house.db, now, [asked.order]) if asked.order else []
    last, names = await ask(house, leaving.latest, house.db, LAST_SHOWN, LAST_LINES)
    for part in (found, chosen, last):
        masked(part, call.caller.permissions)
    these = bool(asked.these)
    rows = [
        shipping.row(one, _take(one), day, these or one.order in wrong, wrong.get(one.order))
        for one in found[: len(found) if these else SHOWN]
    ]
    following = None
    if len(found) > SHOWN and not these:
        following = f"{PATH}?after=" + token([str(part) for part in leaving.place_of(found[SHOWN - 1])])
    here = {one.one.order for one in rows}
    text = pages.page(
        "shipping.html",
        frame_of(call.request, call.caller),
        PATH,
        lead=shipping.lead(many),
        done=told or shipping.done(asked.done, asked.many),
        note=note,
        elsewhere={order: text for order, text in wrong.items() if order not in here},
        rows=rows,
        many=many,
        next=following,
        paged=asked.after is not None,
        these=len(set(asked.these)),
        chosen=chosen[0] if chosen else None,
        gone=bool(asked.order and not chosen),
        wrong=wrong,
        typed={name: said[0] for name, said in typed.items() if said},
        units=dict(zip(typed.get("line", []), typed.get("units", []), strict=False)),
        last=last,
        names=names,
        writes=call.may("shipping.write"),
        today=day,
        tomorrow=day + timedelta(days=1),
        zone=zone,
        seen=seen,
    )
    return answered(text, status)


def _after(asked: ShipmentsPage) -> leaving.Place | None:
    """The place behind which a page begins. Refuses one that no page gave."""
    place = cursor(asked.after, 3, number=True)
    if place is None:
        return None
    if int(place[0]) > DAY_MAX:
        raise foreign()
    return leaving.Place(int(place[0]), place[1], place[2])


ROUTES = (
    page_route(PATH, "orders.read", ready, "What can leave, and what left last."),
    page_route(PICKS, "orders.read", pick_list, "What is to be taken from the shelves for some orders."),
    Route("POST", PATH, "shipping.write", see_to, "Pick, ship, and take back.", page=True),
)
