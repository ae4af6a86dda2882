"""What is done to many lines at once: a command for each, what brings it back, and what came of it, in words."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import msgspec

from backorder.adapters.console import words
from backorder.adapters.console.changing import ASIDE
from backorder.kernel.keys import KEY_MAX
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.phrases import Phrase, Said, phrase
from backorder.queries.backlog import BacklogLine
from backorder.queries.several import Several

Command = dict[str, Any]


class Step(NamedTuple):
    """A command on an order, or why there is none; the lines that it is about, and the command that brings it back."""

    order: str
    lines: tuple[str, ...]
    command: Command | None = None
    why: Phrase | None = None
    back: Command | None = None


class Result(NamedTuple):
    """What came of a step: about which order and lines, in words, and whether it was refused."""

    order: str
    lines: tuple[str, ...]
    said: Said
    refused: bool


class Sure(NamedTuple):
    """What would be cancelled, before it is: each line as a form has it, what they come to, and the last event then."""

    takes: list[str]
    units: int
    lines: int
    orders: int
    seen: int


class Came(NamedTuple):
    """What came of a form on many lines: results, what brings them back, what is asked first, and what stays ticked."""

    results: Sequence[Result] = ()
    undo: str = ""
    sure: Sure | None = None
    ticked: frozenset[str] = frozenset()

    def done(self) -> int:
        """How many steps were not refused."""
        return sum(not one.refused for one in self.results)


def take(order: str, line: str) -> str:
    """What the box of a line says."""
    return f"{quote(order, safe='')}/{quote(line, safe='')}"


def taken(text: str) -> tuple[str, str] | None:
    """The order and the line of a box; None where no page made it."""
    found = [unquote(part) for part in text.split("/")]
    sound = len(found) == 2 and all(0 < len(part) <= KEY_MAX and "\0" not in part for part in found)
    return (found[0], found[1]) if sound else None


def steps(word: str, found: Several, typed: Mapping[str, Any], account: str) -> list[Step]:
    """The commands that a form means, by what its lines are now; none on an order that changed meanwhile."""
    changed = {order for order, kinds in found.news.items() if kinds - ASIDE}
    stale = _by_order(one for one in found.rows if one.line.order in changed)
    found = found._replace(rows=[one for one in found.rows if one.line.order not in changed])
    refused = [Step(order, lines, why=_CHANGED) for order, lines in stale.items()]
    if word in _OF_LINES:
        return refused + _OF_LINES[word](found, typed, account)
    by_order = _by_order(found.rows)
    return refused + [_of_order(word, order, lines, typed, found.priority[order]) for order, lines in by_order.items()]


def _by_order(rows: Iterable[BacklogLine]) -> dict[str, tuple[str, ...]]:
    """The lines of each order."""
    found: dict[str, tuple[str, ...]] = {}
    for one in rows:
        found[one.line.order] = (*found.get(one.line.order, ()), one.line.line)
    return found


def _pin(found: Several, _typed: Mapping[str, Any], _account: str) -> list[Step]:
    """Each line on what it stands on now, all of it."""
    steps = []
    for line in (one.line for one in found.rows):
        stands, pinned = _sums(line.pegs)
        for supply, units in stands.items():
            on = {"order": line.order, "line": line.line, "supply": supply}
            was = {"do": "pin", **on, "quantity": pinned[supply]} if pinned[supply] else {"do": "unpin", **on}
            steps.append(Step(line.order, (line.line,), {"do": "pin", **on, "quantity": units}, back=was))
        if not stands:
            steps.append(Step(line.order, (line.line,), why=phrase("It stands on nothing that could be pinned.")))
    return steps


def _unpin(found: Several, _typed: Mapping[str, Any], _account: str) -> list[Step]:
    steps = []
    for line in (one.line for one in found.rows):
        pinned = {supply: units for supply, units in _sums(line.pegs)[1].items() if units}
        for supply, units in pinned.items():
            on = {"order": line.order, "line": line.line, "supply": supply, "quantity": units}
            steps.append(Step(line.order, (line.line,), {"do": "unpin", **on}, back={"do": "pin", **on}))
        if not pinned:
            steps.append(Step(line.order, (line.line,), why=phrase("Nothing of it is pinned.")))
    return steps


def _sums(pegs: Iterable[Any]) -> tuple[dict[str, int], dict[str, int]]:
    """Units that stand on each supply, and how many of them are pinned."""
    stands: dict[str, int] = {}
    pinned: dict[str, int] = {}
    for peg in pegs:
        stands[peg.supply] = stands.get(peg.supply, 0) + peg.quantity
        pinned[peg.supply] = pinned.get(peg.supply, 0) + peg.pinned
    return stands, pinned


def _promise(found: Several, typed: Mapping[str, Any], account: str) -> list[Step]:
    said = {"do": "promise_line", "day": typed.get("day", ""), "by": account, **_because(typed)}
    return [
        Step(one.line.order, (one.line.line,), {**said, "order": one.line.order, "line": one.line.line})
        for one in found.rows
    ]


def _cancel(found: Several, typed: Mapping[str, Any], _account: str) -> list[Step]:
    """Of each line as many units as were shown, which are no more than there are, or it is refused."""
    said = {"do": "cancel_line", "by": typed.get("by", "merchant"), **_because(typed)}
    units = typed["units"]
    return [
        Step(
            one.line.order,
            (one.line.line,),
            {**said, "order": one.line.order, "line": one.line.line, "quantity": units[one.line.order, one.line.line]},
        )
        for one in found.rows
    ]


_OF_LINES: dict[str, Callable[[Several, Mapping[str, Any], str], list[Step]]] = {
    "pin": _pin,
    "unpin": _unpin,
    "promise": _promise,
    "cancel_sure": _cancel,
}


def _of_order(word: str, order: str, lines: tuple[str, ...], typed: Mapping[str, Any], priority: int) -> Step:
    if word == "priority":
        said = {"do": "change_order", "order": order, "by": "merchant"}
        new = {**said, "priority": typed.get("priority", ""), **_because(typed)}
        return Step(order, lines, new, back={**said, "priority": priority})
    said = {"order": order, "kind": typed.get("kind", "")}
    there, back = ("hold_order", "release_order") if word == "hold" else ("release_order", "hold_order")
    return Step(order, lines, {"do": there, **said, **_because(typed)}, back={"do": back, **said})


def _because(typed: Mapping[str, Any]) -> dict[str, Any]:
    return {"reason": typed["reason"]} if typed.get("reason") else {}


def sure(found: Several, seen: int) -> Sure:
    """What cancelling these lines would take: all that has not left and is not picked. `seen` is the last event."""
    open_units = {
        (one.line.order, one.line.line): one.line.waiting + one.line.allocated - one.line.picked for one in found.rows
    }
    left = {key: units for key, units in open_units.items() if units}
    takes = [f"{take(*key)}/{units}" for key, units in left.items()]
    return Sure(takes, sum(left.values()), len(left), len({order for order, _ in left}), seen)


_DONE = {Word.CHANGED, Word.CANCELLED, Word.EXISTS}
_SAME = Said(phrase("It was so already."))
_GONE = phrase("It is not there any more.")
_CHANGED = phrase("The order changed meanwhile. Look at it as it is now; it is still picked.")
_DID = {
    "pin": phrase("{units} pinned on {supply}."),
    "unpin": phrase("Pinned on {supply} no longer."),
    "hold_order": phrase("On hold."),
    "release_order": phrase("The hold is lifted."),
    "promise_line": phrase("Promised for {day}."),
    "change_order": phrase("It has the priority {priority} now."),
    "cancel_line": phrase("{units} cancelled."),
}


def result(step: Step, outcome: Outcome | None, today: date, sentence: Callable[[Outcome], Said]) -> Result:
    """What came of a step, in words; `sentence` says why one was refused."""
    if outcome is None or step.command is None:
        return Result(step.order, step.lines, Said(step.why or _GONE), refused=True)
    if outcome.outcome not in _DONE:
        return Result(step.order, step.lines, sentence(outcome), refused=True)
    if outcome.outcome is Word.EXISTS:
        return Result(step.order, step.lines, _SAME, refused=False)
    values = {
        "units": words.units(outcome.quantity or 0),
        "supply": str(step.command.get("supply", "")),
        "day": words.weekday(outcome.day, today),
        "priority": str(step.command.get("priority", "")),
    }
    return Result(step.order, step.lines, Said(_DID[step.command["do"]], values), refused=False)


def taking_back(done: Sequence[tuple[Step, Outcome | None]]) -> list[Command]:
    """What brings back all that was changed, the last first."""
    return [
        step.back
        for step, outcome in reversed(done)
        if step.back is not None and outcome is not None and outcome.outcome is Word.CHANGED
    ]


BACK = {"pin", "unpin", "hold_order", "release_order", "change_order"}
_BACK_MAX = 40_000  # bytes that go into a form beside all else


def token(commands: Sequence[Command]) -> str:
    """Commands as a button has them; nothing where there are none, or too many for a form."""
    if not commands:
        return ""
    found = base64.urlsafe_b64encode(msgspec.json.encode(commands)).decode().rstrip("=")
    return found if len(found) <= _BACK_MAX else ""


def read(text: str) -> list[Step] | None:
    """The steps of a button that brings back; None where no page made it."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = msgspec.json.decode(raw, type=list[dict[str, str | int]])
    except (binascii.Error, UnicodeError, msgspec.DecodeError):
        return None
    if not found or any(one.get("do") not in BACK or "order" not in one for one in found):
        return None
    return [Step(str(one["order"]), (str(one["line"]),) if "line" in one else (), one) for one in found]
