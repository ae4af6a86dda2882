"""The console's forms on the backlog: many lines at once as one list of commands; and those on views."""

from collections.abc import Mapping, Sequence
from typing import Any

from backorder.adapters.console import backlog, several, shipping
from backorder.adapters.console.backlog import Told
from backorder.adapters.console.columns import USUAL
from backorder.adapters.console.several import Came, Step
from backorder.adapters.http import body, viewing
from backorder.adapters.http.body import Form
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import LINES, LinesPage, answered, columns_of, lines_shown
from backorder.adapters.http.forms import give_all, number, said, sentence, strange
from backorder.adapters.http.masks import masked
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.commands._batch import UNITS_MAX
from backorder.kernel.outcomes import Outcome
from backorder.kernel.phrases import Said, phrase
from backorder.queries import desk
from backorder.queries.outbox import last_number
from backorder.queries.several import Several
from backorder.queries.several import several as look
from backorder.queries.views import list_views

WORDS = (
    "pin", "unpin", "hold", "release", "promise", "priority", "cancel", "cancel_sure", "ship", "export", "list", "undo",
)  # fmt: skip
# Words by which nothing is changed yet; before any other, what changed since the page was made is looked for.
_LOOKS = {"cancel", "ship", "export", "list"}
# Where why is written: beside that which it explains.
_WHY = {"promise": "why_promise", "hold": "why_hold", "release": "why_hold", "priority": "why_priority"}
_NONE = Said(phrase("Pick the lines that you mean first."))
_NO_DAY = Said(phrase("Say which day."))
_NO_PRIORITY = Said(phrase("Say which priority: a whole number."))
_NOTHING = Said(phrase("Nothing of these lines can be cancelled."))


async def see_to(house: House, call: Call) -> Answer:
    """`POST /console/lines`: one of the forms; its address says what the page shows that it stands on."""
    from_here(call.request)
    wanted = body.query(call.request, LinesPage)
    fields = await body.form(call.request)
    word = said(fields, "do").get("do", "")
    if word in viewing.WORDS:
        return await viewing.see_to(house, call, word, wanted, fields)
    if word not in WORDS:
        raise strange()
    if word == "undo":
        steps = several.read(said(fields, "back").get("back", ""))
        if steps is None:
            raise strange()
        return await _done(house, call, wanted, steps, frozenset())
    units = _sure(fields) if word == "cancel_sure" else dict.fromkeys(map(_taken, fields.get("take", [])), 0)
    if not units:
        return await _page(house, call, wanted, Told(wrong=_NONE, word=word), Came(), 422)
    last = await ask(house, last_number, house.db)
    seen = last if word in _LOOKS else number(said(fields, "as_of").get("as_of", ""))
    if not isinstance(seen, int):
        raise strange()
    found: Several = await ask(house, look, house.db, house.clock(), list(units), seen)
    masked(found.rows, call.caller.permissions)
    if word in _LOOKS:
        return await _look(house, call, word, wanted, found, frozenset(several.take(*key) for key in units), last)
    return await _see_to(house, call, word, wanted, fields, found, units)


async def _look(
    house: House, call: Call, word: str, wanted: LinesPage, found: Several, ticked: frozenset[str], last: int
) -> Answer:
    """What is shown of the lines that were picked; `last` was the last event before they were read."""
    if word == "cancel":
        sure = several.sure(found, last) if call.may("orders.write") else None
        if sure is None or not sure.units:
            return await _page(house, call, wanted, Told(wrong=_NOTHING, word=word), Came(ticked=ticked), 422)
        return await _page(house, call, wanted, Told(word=word), Came(sure=sure, ticked=ticked))
    if not found.rows:
        return await _page(house, call, wanted, Told(wrong=_NONE, word=word), Came(), 422)
    if word == "export":
        return await _export(house, call, wanted, found)
    there = shipping.picks if word == "list" else shipping.leaving
    return answered(b"", 303, {"Location": there(dict.fromkeys(one.line.order for one in found.rows))})


async def _see_to(
    house: House,
    call: Call,
    word: str,
    wanted: LinesPage,
    fields: Form,
    found: Several,
    units: Mapping[tuple[str, str], int],
) -> Answer:
    """What is done with the lines that were picked."""
    ticked = frozenset(several.take(*key) for key in units)
    typed: dict[str, Any] = {**said(fields, "kind", "reason", "day", "priority", "by"), "units": units}
    if word in _WHY:
        typed["reason"] = said(fields, _WHY[word]).get(_WHY[word], "")
    wrong = None
    if word == "priority":
        typed["priority"] = _signed(typed.get("priority", ""))
        wrong = _NO_PRIORITY if typed["priority"] is None else None
    elif word == "promise" and "day" not in typed:
        wrong = _NO_DAY
    if wrong is not None:
        return await _page(house, call, wanted, Told(wrong=wrong, word=word), Came(ticked=ticked), 422)
    steps = several.steps(word, found, typed, call.caller.account)
    there = {(one.line.order, one.line.line) for one in found.rows}
    steps += [Step(order, (line,)) for order, line in units if (order, line) not in there]
    return await _done(house, call, wanted, steps, ticked)


async def _done(house: House, call: Call, wanted: LinesPage, steps: Sequence[Step], ticked: frozenset[str]) -> Answer:
    """Apply steps as one list; the page says what came of each, and can bring back what was changed."""
    answers = iter(await give_all(house, call, [step.command for step in steps if step.command is not None]))
    outcomes: list[tuple[Step, Outcome | None]] = [
        (step, None if step.command is None else next(answers)) for step in steps
    ]
    day, _ = await ask(house, desk.today, house.db, house.clock())
    results = [several.result(step, outcome, day, sentence) for step, outcome in outcomes]
    refused = {several.take(one.order, line) for one in results if one.refused for line in one.lines}
    undo = several.token(several.taking_back(outcomes))
    return await _page(house, call, wanted, Told(), Came(results, undo, ticked=ticked & refused))


async def _export(house: House, call: Call, wanted: LinesPage, found: Several) -> Answer:
    """The lines that were picked, as a sheet of the columns that are shown."""
    kept = await ask(house, list_views, house.db, call.caller.account)
    asked = wanted.asked(kept)
    spread = columns_of(call, asked)
    chosen = () if spread == USUAL else spread
    day, _ = await ask(house, desk.today, house.db, house.clock())
    headers = {"Content-Disposition": f'attachment; filename="backlog-picked-{day}.csv"'}
    return answered(backlog.sheet(found.rows, chosen), 200, headers, "text/csv; charset=utf-8")


async def _page(house: House, call: Call, wanted: LinesPage, told: Told, came: Came, status: int = 200) -> Answer:
    kept = await ask(house, list_views, house.db, call.caller.account)
    return await lines_shown(house, call, wanted, kept, told, came=came, status=status)


def _taken(text: str) -> tuple[str, str]:
    found = several.taken(text)
    if found is None:
        raise strange()
    return found


def _sure(fields: Form) -> dict[tuple[str, str], int]:
    """The lines that are to be cancelled, each with as many units as were shown."""
    found = {}
    for text in fields.get("sure", []):
        box, _, many = text.rpartition("/")
        units = number(many)
        if not isinstance(units, int) or not 0 < units <= UNITS_MAX:
            raise strange()
        found[_taken(box)] = units
    return found


def _signed(text: str) -> int | None:
    """A whole number, which may be below zero."""
    units = number(text.removeprefix("-"))
    return None if not isinstance(units, int) else -units if text.startswith("-") else units


ROUTES = (
    Route("POST", LINES, "orders.read", see_to, "Change many lines at once; keep views, choose columns.", page=True),
)
