"""Reallocation as people see it: runs, what a plan comes to, who loses, two of them side by side, policies."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote, urlencode

from backorder.adapters.console import plain as words
from backorder.adapters.console.today import Tile
from backorder.queries.reallocation import RunView, TotalsView

HERE = "/console/reallocate"
STATES = {
    "planning": "being planned",
    "simulated": "simulated",
    "committing": "being committed",
    "committed": "committed",
    "undoing": "being undone",
    "undone": "undone",
    "failed": "failed",
}
OUTCOMES = {
    "gained": "gained",
    "lost": "lost",
    "moved": "moved",
    "unchanged": "as before",
    "frozen": "frozen",
    "skipped": "left out",
    "unmatched": "no segment",
    "held": "on hold",
    "left": "left alone",
}
TONES = {"gained": "is-ok", "lost": "is-bad"}
APPLIED = {
    "pending": "",
    "applied": "committed",
    "changed": "not committed: it changed since",
    "undone": "taken back",
    "undo_refused": "not taken back: it changed since",
}
EXCEPTIONS = {"win": "has to win, and does not", "gain": "must not lose, and does"}
STRATEGIES = {
    "win": "gets all on time, or you are told",
    "gain": "keeps what it has, or better",
    "redistribute": "may gain or lose, by rank",
    "fill": "never gains, may lose",
    "lose": "gives everything up",
    "improve": "gains where nobody loses",
    "skip": "is left out",
}


class View(NamedTuple):
    """A part of a plan that has a name: what narrows the query to it."""

    name: str
    said: str
    narrowed: dict[str, str | bool]


VIEWS = (
    View("violated", "Violations", {"violated": True}),
    View("changed", "Changed", {"changing": True}),
    View("lost", "Lost", {"outcome": "lost"}),
    View("gained", "Gained", {"outcome": "gained"}),
    View("moved", "Moved", {"outcome": "moved"}),
    View("refused", "Not committed", {"applied": "changed"}),
    View("kept", "Not taken back", {"applied": "undo_refused"}),
    View("unmatched", "No segment", {"unmatched": True}),
)
DONE = {
    "reallocate": "The plan is made. Nothing has changed yet.",
    "commit_plan": "The plan holds.",
    "undo_plan": "The plan is taken back.",
    "put_policy": "The policy holds from now on.",
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


def tiles(totals: TotalsView) -> Iterator[Tile]:
    """What a plan comes to, in five figures."""
    more = f"{totals.later:,} later, {totals.sooner:,} sooner"
    if totals.without_day:
        more += f", {totals.without_day:,} lose their day"
    tone = "bad" if totals.without_day else ""
    yield Tile("Lines that change", f"{totals.changed:,}", f"of {totals.lines:,}", more, tone, None)
    units = totals.units_on_time
    yield Tile("Units on time", f"{units.after:,}", *_moved(units.before, units.after), None)
    said = f"{totals.mended:,} mended"
    yield Tile("First promises broken", f"{totals.broken:,}", "", said, "bad" if totals.broken else "", None)
    law = totals.endangered
    said = f"legal deadlines in danger: {_both(law.before, law.after)}"
    yield Tile("Customers to tell", f"{totals.notify:,}", "", said, "bad" if law.after > law.before else "", None)
    wrong = totals.win + totals.gain
    said = f"{totals.win:,} win, {totals.gain:,} gain" if wrong else "every segment gets what it was to"
    yield Tile("Violations", f"{wrong:,}", "", said, "bad" if wrong else "", None)


def _moved(before: int, after: int) -> tuple[str, str, str]:
    """A number that moved: by how much, what it was, and whether that is bad."""
    delta = "same" if after == before else f"{after - before:+,}".replace("-", "\u2212")
    return delta, f"was {before:,}", "bad" if after < before else ""


class Measure(NamedTuple):
    """A row of a comparison: what is measured, and how much it is on each side."""

    name: str
    said: list[str]


def measures(sides: Sequence[TotalsView]) -> list[Measure]:
    """What is compared of plans, each as words."""
    found = [
        Measure("Lines that change", [f"{one.changed:,} of {one.lines:,}" for one in sides]),
        Measure("Promises that move", [f"{one.later:,} later, {one.sooner:,} sooner" for one in sides]),
        Measure("Days", [f"{one.without_day:,} lost, {one.with_day:,} got" for one in sides]),
        Measure("First promises", [f"{one.broken:,} broken, {one.mended:,} mended" for one in sides]),
        Measure("Lines on time", [_both(one.on_time.before, one.on_time.after) for one in sides]),
        Measure("Units on time", [_both(one.units_on_time.before, one.units_on_time.after) for one in sides]),
        Measure("Orders covered", [_both(one.covered_orders.before, one.covered_orders.after) for one in sides]),
        Measure("Legal deadlines in danger", [_both(one.endangered.before, one.endangered.after) for one in sides]),
        Measure("Customers to tell", [f"{one.notify:,}" for one in sides]),
        Measure("Violations", [f"{one.win:,} win, {one.gain:,} gain" for one in sides]),
        Measure("No segment took", [f"{one.unmatched:,}" for one in sides]),
    ]
    for currency in sorted({name for one in sides for name in one.value_on_time or {}}):
        amounts = [(one.value_on_time or {}).get(currency) for one in sides]
        said = ["" if one is None else f"{one.before} \u2192 {one.after}" for one in amounts]
        found.append(Measure(f"On time in {currency}", said))
    return found


def _both(before: int, after: int) -> str:
    return f"{before:,} \u2192 {after:,}"


def reasons(run: RunView) -> dict[str, str]:
    """What may become of the lines of each segment."""
    segments = [] if run.totals is None else run.totals.segments
    return {one.segment: STRATEGIES.get(one.strategy, one.strategy) for one in segments}


def until(run: RunView, undo_hours: int) -> datetime | None:
    """Until when a commit can be taken back; None where there is none."""
    return None if run.committed_at is None else run.committed_at + timedelta(hours=undo_hours)


def lead(run: RunView, today: str) -> str:
    """How a run stands, in a sentence."""
    totals = run.totals
    if run.state == "failed":
        return f"It planned nothing. {run.note or ''}"
    if totals is None:
        return "It is being planned."
    changes = "changes nothing" if not totals.changed else f"changes {words.lines(totals.changed)}"
    if run.state == "simulated":
        return f"It {changes}. Nothing has happened yet: it can be committed {today}."
    if run.state in {"committing", "undoing"}:
        return f"It is {STATES[run.state]}: {run.progress:,} of {words.lines(run.size)}."
    refused = f" {words.lines(totals.refused)} changed since, and kept what they had." if totals.refused else ""
    return f"It is {STATES[run.state]}: {totals.applied:,} of {words.lines(totals.changed)}.{refused}"
