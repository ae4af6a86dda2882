"""The console's forms on an order: nothing is done to one that changed since its page was made.

Each form says which event was the last when the page was made. The page says what happened since, and keeps what was
typed. Between that look and the writer a moment is left: a command is held to what then is, as every command is.
"""

from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from backorder.adapters.console import changing
from backorder.adapters.http import body, readdressing
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import OrderPage, answered, order_shown
from backorder.adapters.http.forms import give, number, said, sentence, strange
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.kernel.calendars import moment_datetime, moment_number
from backorder.kernel.events import address
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.phrases import Phrase, Said, phrase
from backorder.queries import desk, show, trail
from backorder.queries.destinations import Destination
from backorder.queries.lines import LineView
from backorder.queries.outbox import list_events
from backorder.queries.show import OrderView

READ = 20  # of what happened meanwhile
_DONE = {Word.CHANGED, Word.CANCELLED, Word.ACCEPTED, Word.EXISTS}
_FIELDS = {
    "cancel_line": ("line", "quantity", "reason", "by"),
    "cancel_order": ("reason", "by"),
    "change_line": ("line", "quantity", "requested_on", "accept_by", "reason", "by"),
    "promise_line": ("line", "day", "reason"),
    "hold_order": ("kind", "reason"),
    "release_order": ("kind", "reason"),
    "change_order": ("ship", "reason", "by"),
    "readdress": ("country", "region", "zone", "law", "reason", "by"),
    "put_customer": tuple(changing.CONTACT),
}


async def see_to(house: House, call: Call) -> Answer:
    """`POST /console/orders/{order}`: one of the forms; back to the page, or what was typed and why it is not done."""
    from_here(call.request)
    fields = await body.form(call.request)
    name, word = call.path("order"), said(fields, "do").get("do", "")
    if word not in _FIELDS:
        raise strange()
    seen = number(said(fields, "seen").get("seen", ""))
    if not isinstance(seen, int):
        raise strange()
    typed = {field: texts[0] for field, texts in fields.items()}
    asked = OrderPage(line=typed.get("line", "")[:200])
    now = house.clock()
    found = await ask(house, show.order, house.db, name, now)
    if found is None:
        raise Refusal(404, "not_found", "there is no order with this id")
    day, _ = await ask(house, desk.today, house.db, now)
    news = await ask(house, partial(list_events, house.db, after=seen, limit=READ, subject=address("orders", name)))
    news = changing.counts(news)
    if news:
        moments = {moment_number(one.at) for one in news}
        actors = await ask(house, trail.actors, house.db, name, moments)
        who = {moment_datetime(at): actor for at, actor in actors.items()}
        changed = changing.meanwhile(news, who, call.caller.account, day)
        return await order_shown(house, call, asked, typed=typed, changed=changed, status=409)
    told = said(fields, *_FIELDS[word])
    wrong: str | Phrase | Said | None
    if word == "readdress":
        met = await readdressing.readdress(house, call, name, told)
        if isinstance(met, Destination):
            return await order_shown(house, call, asked, typed=typed, there=met)
        wrong = met
    elif word == "put_customer":
        wrong = await readdressing.reach(house, call, found.customer, typed)
    else:
        wrong = await _done(house, call, word, found, told)
    if wrong:
        return await order_shown(house, call, asked, typed=typed, wrong=wrong, status=422)
    back = found.ship if word == "change_order" else told.get("kind", "")
    query = urlencode({"done": word} | ({"back": back} if back else {}) | ({"line": asked.line} if asked.line else {}))
    return answered(b"", 303, {"Location": f"/console/orders/{quote(name, safe='')}?{query}"})


async def _done(house: House, call: Call, word: str, found: OrderView, told: dict[str, str]) -> str | Phrase | Said:
    """Apply what a form says; nothing, or what is wrong with it."""
    commands: list[dict[str, Any]] = [{"do": word, "order": found.order, **told}]
    if word == "cancel_order":
        left = {one.line: one.waiting + one.allocated - one.picked for one in found.lines}
        commands = [
            {"do": "cancel_line", "order": found.order, "line": line, "quantity": units, **told}
            for line, units in left.items()
            if units
        ]
    elif word == "change_line":
        line = next((one for one in found.lines if one.line == told.get("line")), None)
        commands = [] if line is None else _different(found.order, line, told)
    elif word == "promise_line":
        commands[0] |= {"day": told.get("day"), "by": call.caller.account}
    elif "quantity" in told:
        commands[0]["quantity"] = number(told["quantity"])
    if not commands:
        return phrase("There is nothing to change: say what is to be different.")
    for command in commands:
        outcome: Outcome = await give(house, call, command)
        if outcome.outcome not in _DONE:
            return sentence(outcome)
    return ""


def _different(order: str, line: LineView, told: dict[str, str]) -> list[dict[str, Any]]:
    """The command that makes a line what a form says, of which only what is different is said; none if nothing is."""
    more: dict[str, Any] = {}
    units = number(told["quantity"]) if "quantity" in told else line.quantity
    if units != line.quantity - line.cancelled:
        more["quantity"] = units
    wanted = None if line.requested_on is None else line.requested_on.isoformat()
    if told.get("requested_on") != wanted:
        more["requested_on"] = told.get("requested_on")
    if "accept_by" in told:
        more["accept_by"] = told["accept_by"]
    if not more:
        return []
    more |= {name: text for name, text in told.items() if name in {"reason", "by"}}
    return [{"do": "change_line", "order": order, "line": line.line, **more}]


ROUTES = (
    Route(
        "POST", "/console/orders/{order:str}", "orders.read", see_to, "Change an order, hold or release it.", page=True
    ),
)
