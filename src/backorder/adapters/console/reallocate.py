"""Reallocation as people see it: runs, what a plan comes to, who loses, two of them side by side, policies."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote, urlencode

from backorder.adapters.console import words
from backorder.kernel.phrases import Phrase, Said, Value, phrase, phrases, understood
from backorder.queries.exchanges import Exchange, Other, Told
from backorder.queries.reallocation import PlanLineView, RunView, TotalsView

HERE = "/console/reallocate"
STATES = {
    "planning": phrase("being planned"),
    "simulated": phrase("simulated"),
    "committing": phrase("being committed"),
    "committed": phrase("committed"),
    "undoing": phrase("being undone"),
    "undone": phrase("undone"),
    "failed": phrase("failed"),
}
OUTCOMES = {
    "gained": phrase("gained"),
    "lost": phrase("lost"),
    "moved": phrase("moved"),
    "unchanged": phrase("as before"),
    "frozen": phrase("frozen"),
    "skipped": phrase("left out"),
    "unmatched": phrase("no segment"),
    "held": phrase("on hold"),
    "left": phrase("left alone"),
}
TONES = {"gained": "is-ok", "lost": "is-bad"}
APPLIED = {
    "pending": "",
    "applied": phrase("committed"),
    "changed": phrase("not committed: it changed since"),
    "undone": phrase("taken back"),
    "undo_refused": phrase("not taken back: it changed since"),
}
EXCEPTIONS = {"win": phrase("Has to win, and does not."), "gain": phrase("Must not lose, and does.")}
STRATEGIES = {
    "win": phrase("gets all on time, or you are told"),
    "gain": phrase("keeps what it has, or better"),
    "redistribute": phrase("may gain or lose, by rank"),
    "fill": phrase("never gains, may lose"),
    "lose": phrase("gives everything up"),
    "improve": phrase("gains where nobody loses"),
    "skip": phrase("is left out"),
}
_CHANGES, _UNITS, _TO_TELL = phrase("Lines that change"), phrase("Units on time"), phrase("Customers to tell")
_VIOLATIONS, _DAYS, _FIRST = phrase("Violations"), phrase("Days"), phrase("First promises")
_OF, _COUNT_OF, _BOTH = phrase("of {all}"), phrase("{count} of {all}"), phrase("{before} \u2192 {after}")
_MOVED = phrase("{later} later, {sooner} sooner")
_MOVED_AND_LOST = phrases(
    "{later} later, {sooner} sooner, {count} lose their day", "{later} later, {sooner} sooner, {count} lose their day"
)
_DAYS_MOVED, _FIRST_MOVED = phrase("{lost} lost, {got} got"), phrase("{broken} broken, {mended} mended")
_MENDED, _IN_DANGER = phrase("{count} mended"), phrase("legal deadlines in danger: {both}")
_BY_STRATEGY, _AS_ASKED = phrase("{win} win, {gain} gain"), phrase("every segment gets what it was to")
_SAME, _MORE, _FEWER, _WAS = phrase("same"), phrase("+{by}"), phrase("\u2212{by}"), phrase("was {before}")
_ON_TIME = phrase("On time")
_PLANNED_NOTHING, _NOT_YET = phrase("It planned nothing. {note}"), phrase("It is being planned.")
_NO_CHANGE_TODAY = phrase("It changes nothing. Nothing has happened yet: it can be committed today.")
_NO_CHANGE_STALE = phrase("It changes nothing. Nothing has happened yet: it can be committed no more: simulate anew.")
_CHANGE_TODAY = phrase("It changes {lines}. Nothing has happened yet: it can be committed today.")
_CHANGE_STALE = phrase("It changes {lines}. Nothing has happened yet: it can be committed no more: simulate anew.")
_GOES = {
    "committing": phrase("It is being committed: {count} of {lines}."),
    "undoing": phrase("It is being undone: {count} of {lines}."),
    "committed": phrase("It is committed: {count} of {lines}."),
    "undone": phrase("It is undone: {count} of {lines}."),
}
_WITH_CHANGED = phrase("{said} {lines} changed since, and kept what they had.")


class View(NamedTuple):
    """A part of a plan that has a name: what narrows the query to it."""

    name: str
    said: Phrase
    narrowed: dict[str, str | bool]


VIEWS = (
    View("violated", phrase("Violations"), {"violated": True}),
    View("changed", phrase("Changed"), {"changing": True}),
    View("lost", phrase("Lost"), {"outcome": "lost"}),
    View("gained", phrase("Gained"), {"outcome": "gained"}),
    View("moved", phrase("Moved"), {"outcome": "moved"}),
    View("refused", phrase("Not committed"), {"applied": "changed"}),
    View("kept", phrase("Not taken back"), {"applied": "undo_refused"}),
    View("unmatched", phrase("No segment"), {"unmatched": True}),
)
DONE = {
    "reallocate": phrase("The plan is made. Nothing has changed yet."),
    "commit_plan": phrase("The plan holds."),
    "undo_plan": phrase("The plan is taken back."),
    "put_policy": phrase("The policy holds from now on."),
}


def address(run: str, view: str = "", **more: str) -> str:
    """Where a run is, with a part of its plan."""
    said = ({"view": view} if view else {}) | more
    return f"{HERE}/runs/{quote(run, safe='')}" + (f"?{urlencode(said)}" if said else "")


def policy_address(policy: str, **more: str) -> str:
    """Where a policy is."""
    return f"{HERE}/policy?{urlencode({'policy': policy} | more)}"


def views(run: RunView, chosen: str) -> Iterator[tuple[View, int | None]]:
    """The parts of a plan that have lines, or are looked at, and how many, as far as that is counted."""
    totals = run.totals
    if totals is None:
        return
    counted: dict[str, int | None] = {
        "violated": totals.win + totals.gain,
        "changed": totals.changed,
        "refused": totals.refused if run.state in {"committing", "committed"} else 0,
        "kept": None if run.state in {"undoing", "undone"} else 0,
        "unmatched": totals.unmatched,
    }
    for view in VIEWS:
        number = counted[view.name] if view.name in counted else totals.outcomes.get(view.name, 0)
        if number != 0 or view.name in {chosen, "changed"}:
            yield view, number


class Figure(NamedTuple):
    """A figure that says what a plan comes to."""

    name: Phrase
    value: int
    unit: Said | None
    more: Said
    tone: str


def figures(totals: TotalsView) -> Iterator[Figure]:
    """What a plan comes to, in five figures."""
    moved: dict[str, Value] = {"later": totals.later, "sooner": totals.sooner}
    more, tone = Said(_MOVED, moved), ""
    if totals.without_day:
        more, tone = Said(_MOVED_AND_LOST, {**moved, "count": totals.without_day}), "bad"
    yield Figure(_CHANGES, totals.changed, Said(_OF, {"all": totals.lines}), more, tone)
    units = totals.units_on_time
    yield Figure(_UNITS, units.after, *_moved(units.before, units.after))
    more = Said(_MENDED, {"count": totals.mended})
    yield Figure(phrase("First promises broken"), totals.broken, None, more, "bad" if totals.broken else "")
    law = totals.endangered
    more = Said(_IN_DANGER, {"both": _both(law.before, law.after)})
    yield Figure(_TO_TELL, totals.notify, None, more, "bad" if law.after > law.before else "")
    wrong = totals.win + totals.gain
    more = Said(_BY_STRATEGY, {"win": totals.win, "gain": totals.gain}) if wrong else Said(_AS_ASKED)
    yield Figure(_VIOLATIONS, wrong, None, more, "bad" if wrong else "")


def _moved(before: int, after: int) -> tuple[Said, Said, str]:
    """A number that moved: by how much, what it was, and whether that is bad."""
    delta = Said(_SAME)
    if after != before:
        delta = Said(_MORE if after > before else _FEWER, {"by": abs(after - before)})
    return delta, Said(_WAS, {"before": before}), "bad" if after < before else ""


class Measure(NamedTuple):
    """A row of a comparison: what is measured, and how much it is on each side."""

    name: Said
    said: list[Value]


def measures(sides: Sequence[TotalsView]) -> list[Measure]:
    """What is compared of plans, each as words."""
    found = [
        _measure(_CHANGES, [Said(_COUNT_OF, {"count": one.changed, "all": one.lines}) for one in sides]),
        _measure(
            phrase("Promises that move"), [Said(_MOVED, {"later": one.later, "sooner": one.sooner}) for one in sides]
        ),
        _measure(_DAYS, [Said(_DAYS_MOVED, {"lost": one.without_day, "got": one.with_day}) for one in sides]),
        _measure(_FIRST, [Said(_FIRST_MOVED, {"broken": one.broken, "mended": one.mended}) for one in sides]),
        _measure(phrase("Lines on time"), [_both(one.on_time.before, one.on_time.after) for one in sides]),
        _measure(_UNITS, [_both(one.units_on_time.before, one.units_on_time.after) for one in sides]),
        _measure(
            phrase("Orders covered"), [_both(one.covered_orders.before, one.covered_orders.after) for one in sides]
        ),
        _measure(
            phrase("Legal deadlines in danger"), [_both(one.endangered.before, one.endangered.after) for one in sides]
        ),
        _measure(_TO_TELL, [one.notify for one in sides]),
        _measure(_VIOLATIONS, [Said(_BY_STRATEGY, {"win": one.win, "gain": one.gain}) for one in sides]),
        _measure(phrase("No segment took"), [one.unmatched for one in sides]),
    ]
    for currency in sorted({name for one in sides for name in one.value_on_time or {}}):
        amounts = [(one.value_on_time or {}).get(currency) for one in sides]
        said: list[Value] = [
            "" if one is None else _both(words.amount(one.before, currency), words.amount(one.after, currency))
            for one in amounts
        ]
        found.append(_measure(_ON_TIME, said))
    return found


def _measure(name: Phrase, said: Sequence[Value]) -> Measure:
    return Measure(Said(name), list(said))


def _both(before: Value, after: Value) -> Said:
    return Said(_BOTH, {"before": before, "after": after})


def titled(run: RunView, today: date) -> Said:
    """What a run is called: its policy, and when it was made."""
    return Said(_TITLED, {"policy": run.policy, "moment": words.moment(run.at, today)})


def whose(told: Told) -> str:
    """Whose a line is, as far as whoever looks may know; nothing where nobody is said."""
    return told.customer_name or told.customer or ""


def why(line: PlanLineView, told: Told | None, today: date) -> list[Value]:
    """What happened to a line of a plan, in sentences."""
    found: list[Value] = []
    if line.note:
        found.append(Said(_NOTED, {"note": reason(line.note, today)}))
    if line.segment is None:
        return [*found, Said(_UNMATCHED)]
    changes = line.applied is not None
    exchanges = [] if told is None or not changes else told.exchanges
    # What matters most comes first: what a line takes, or what it gives where it loses.
    for one in sorted(exchanges, key=lambda one: (one.units < 0) != (line.outcome == "lost")):
        found += _exchanged(one, way=line.outcome == "lost")
    if len(found) > SENTENCES_MAX:
        more = len(found) - SENTENCES_MAX
        found = [*found[:SENTENCES_MAX], Said(_AND_MORE, {"count": more})]
    if changes and not found:
        found.append(Said(_SAME_UNITS))
    return found or [Said(_FATES.get(line.outcome, _KEEPS))]


def _exchanged(one: Exchange, *, way: bool) -> Iterator[Said]:
    """Units of a supply that a line takes or gives, and from whom or to whom; `way` where it loses by that."""
    stock = one.supply.startswith("stock/")
    supply: Value = Said(_ON_HAND) if stock else one.supply
    takes, units = one.units > 0, abs(one.units)
    named = units - (one.free or 0)
    if one.free is None:
        yield Said(_TAKES if takes else _GIVES, {"count": units, "supply": supply})
        return
    if one.others:
        says = _TAKES_FROM if takes else _GIVES_WAY if way else _GIVES_TO
        yield Said(says, {"count": named, "supply": supply, "others": _others(one.others)})
    if one.free:
        yield Said(_TAKES_FREE if takes else _GIVES, {"count": one.free, "supply": supply})


def _others(others: Sequence[Other]) -> Said:
    first, *rest = [Said(_LINE_OF, {"order": one.order, "line": one.line}) for one in others[:2]]
    if len(others) > 2:
        return Said(_AND_OTHERS, {"first": first, "count": len(others) - 1})
    return Said(_AND, {"first": first, "second": rest[0]}) if rest else first


SENTENCES_MAX = 4  # of what happened to one line
_NOTED = phrase("{note}.")
_TITLED, _LINE_OF = phrase("{policy}, {moment}"), phrase("{order} line {line}")
_AND = phrase("{first} and {second}")
_AND_OTHERS = phrases("{first} and {count} other line", "{first} and {count} other lines")
_TAKES_FROM = phrase("Takes {count} of {supply} from {others}.")
_TAKES_FREE, _TAKES = phrase("Takes {count} of {supply} that nobody held."), phrase("Takes {count} of {supply}.")
_GIVES_WAY = phrase("Gives way to {others}: {count} of {supply}.")
_GIVES_TO, _GIVES = phrase("Gives {count} of {supply} to {others}."), phrase("Gives back {count} of {supply}.")
_ON_HAND, _AND_MORE = phrase("the stock on hand"), phrase("And {count} more.")
_SAME_UNITS = phrase("Keeps its units; its day is counted anew.")
_UNMATCHED, _KEEPS = phrase("No segment takes it: it keeps what it has."), phrase("Keeps what it has.")
_FATES = {
    "held": phrase("Its order is on hold."),
    "left": phrase("Left alone, because its item has a violation."),
    "frozen": phrase("It is frozen: it ships too soon to be moved."),
}


def reason(note: str, today: date) -> Value:
    """What a plan notes of a line, which is kept in English, as a sentence; as it stands where it is none of these."""
    said = understood(note, _NOTES)
    if said is None:
        return note
    return Said(said.phrase, {name: _noted(f"{value}", today) for name, value in said.values.items()})


def _noted(text: str, today: date) -> Value:
    """A value of a note, which has days as programs write them."""
    try:
        return words.day(date.fromisoformat(text), today)
    except ValueError:
        return _NO_DAYS.get(text, text)


# What the kernel notes of violations, and of lines that could not be changed as planned.
_NOTES = (
    phrase("it had to have {wanted} and gets {got}: segment {segment} took its units"),
    phrase("it had to have {wanted} and gets {got}"),
    phrase("nothing of it is to be shipped any more"),
    phrase("its order was put on hold"),
    phrase("its order was released"),
    phrase("units of it were picked"),
    phrase("its units, or what they stand on, changed"),
    phrase("it was promised another day"),
    phrase("units of it were pinned"),
    phrase("another line of its order, which ships complete, changed"),
    phrase("{supply} is not to come any more"),
    phrase("{supply} may not serve it any more"),
    phrase("{supply} ships on another day by now"),
    phrase("{supply} has fewer units left than it was to get"),
)
_NO_DAYS: dict[str, Value] = {"its day": Said(phrase("its day")), "no day": Said(phrase("no day"))}


def until(run: RunView, undo_hours: int) -> datetime | None:
    """Until when a commit can be taken back; None where there is none."""
    return None if run.committed_at is None else run.committed_at + timedelta(hours=undo_hours)


def lead(run: RunView, *, fresh: bool) -> Said:
    """How a run stands, in a sentence; it is fresh where it can be committed today."""
    totals = run.totals
    if run.state == "failed":
        return Said(_PLANNED_NOTHING, {"note": run.note or ""})
    if totals is None:
        return Said(_NOT_YET)
    if run.state == "simulated" and not totals.changed:
        return Said(_NO_CHANGE_TODAY if fresh else _NO_CHANGE_STALE)
    if run.state == "simulated":
        return Said(_CHANGE_TODAY if fresh else _CHANGE_STALE, {"lines": words.lines(totals.changed)})
    if run.state in {"committing", "undoing"}:
        return Said(_GOES[run.state], {"count": run.progress, "lines": words.lines(run.size)})
    said = Said(_GOES[run.state], {"count": totals.applied, "lines": words.lines(totals.changed)})
    return Said(_WITH_CHANGED, {"said": said, "lines": words.lines(totals.refused)}) if totals.refused else said
