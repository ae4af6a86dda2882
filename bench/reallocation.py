"""The planner alone, from columns in memory: a large backlog in three segments, and two shapes that peers publish."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec

from backorder.kernel import compiled
from backorder.kernel.backlog import Allocated, Backlog, Pegs, Tags, Words
from backorder.kernel.calendars import NEVER
from backorder.kernel.pegging import Supply
from backorder.kernel.reallocation import plan
from backorder.kernel.segments import Policy
from bench.figure import Figure

TODAY = 20_000
THREE: list[dict[str, Any]] = [
    {"name": "gold", "strategy": "gain", "filter": {"tier": ["gold"]}},
    {"name": "silver", "strategy": "redistribute", "filter": {"tier": ["silver"]}},
    {"name": "others", "strategy": "redistribute"},
]
ONE: list[dict[str, Any]] = [{"name": "all", "strategy": "redistribute"}]


def measure(scale: float) -> Iterator[Figure]:
    """Compiled and warm: CPU seconds of one core."""
    if not compiled.available():
        return
    shapes = (
        (max(1_000, int(1_000_000 * scale)), max(100, int(100_000 * scale)), 5, THREE, 2.0),
        (max(1_000, int(100_000 * scale)), max(10, int(1_000 * scale)), 20, ONE, 0.1),
        (max(1_000, int(10_000 * scale)), 1, 100, ONE, 0.05),
    )
    plan(_backlog(1_000, 100, 5), _policy(THREE))  # compile
    for lines, items, supplies, segments, limit in shapes:
        backlog, policy = _backlog(lines, items, supplies), _policy(segments)
        took = min(_seconds(backlog, policy) for _ in range(3))
        over = f"{items:,} items" if items > 1 else "one item"
        name = f"plan of {lines:,} lines, {over}, {len(segments)} segment{'s' if len(segments) > 1 else ''}"
        yield Figure(name, f"{took:.3f} s of CPU", f"<= {limit} s of CPU", took <= limit)


def _seconds(backlog: Backlog, policy: Policy) -> float:
    begin = time.process_time()
    plan(backlog, policy)
    return time.process_time() - begin


def _policy(segments: list[dict[str, Any]]) -> Policy:
    return msgspec.convert({"policy": "bench", "segments": segments, "violated": "report"}, Policy)


def _backlog(lines: int, items: int, supplies: int) -> Backlog:
    """Lines of one to three units in order of placing, two in five with a peg; supplies that cover nearly all."""
    import numpy as np

    chance = np.random.default_rng(1)
    nothing, never, day = np.zeros(lines, np.int64), np.full(lines, NEVER), np.arange(supplies) * 7 + TODAY
    item = chance.integers(0, items, lines)
    need = chance.integers(1, 4, lines)
    quantity = np.full(items * supplies, max(1, lines // items * 2 // supplies))
    pegs, free = _held(np, chance, item, need, quantity, supplies)
    promise = TODAY + chance.integers(0, supplies * 7, lines)
    none = Words(nothing, [""])
    empty = np.zeros(lines + 1, np.int64)
    no_units = np.zeros(0, np.int64)
    placed = np.sort(chance.integers(0, 10**12, lines))
    return Backlog(
        today=TODAY,
        tier=Words(chance.integers(0, 4, lines), ["gold", "silver", "bronze", ""]),
        **dict.fromkeys(("customer", "kind", "channel", "country", "region", "category", "selling", "currency"), none),
        sku=Words(item, [str(n) for n in range(items)]),
        order=none,
        tags=Tags(empty, no_units, []),
        state=nothing,
        quantity=need,
        waiting=need,
        priority=chance.integers(0, 3, lines),
        value=nothing,
        margin=nothing,
        placed_at=placed,
        placed_on=TODAY - 30 + placed // (10**12 // 30 + 1),
        promise=promise,
        first_promise=promise,
        requested_on=never,
        deadline=never,
        wanted=promise,
        group=item,
        need=need,
        late=nothing,
        floor=nothing,
        firm=nothing,
        lead=never,
        lead_anew=never,
        together=np.full(lines, -1),
        reserve=nothing + 1,
        frozen=nothing,
        held=nothing,
        pegs=pegs,
        allocated=Allocated(empty, no_units, no_units, no_units),
        supply=Supply(
            np.arange(items + 1) * supplies,
            np.arange(items * supplies),
            np.tile(day, items),
            free,
            np.zeros(items * supplies, np.int64),
            np.zeros(items * supplies, np.int64),
        ),
        item=np.repeat(np.arange(items), supplies),
    )


def _held(np: Any, chance: Any, item: Any, need: Any, quantity: Any, supplies: int) -> tuple[Pegs, Any]:
    """Two lines in five hold what they need of some supply, as long as there is some: pegs, and what stays free."""
    wants = chance.random(len(item)) < 0.4
    target = item * supplies + chance.integers(0, supplies, len(item))
    order = np.argsort(target, kind="stable")
    units = np.where(wants, need, 0)[order]
    so_far = np.cumsum(units)
    before = np.concatenate(([0], so_far))[np.searchsorted(target[order], target[order])]
    fits = np.zeros(len(item), bool)
    fits[order] = (so_far - before <= quantity[target[order]]) & (units > 0)
    first = np.concatenate(([0], np.cumsum(fits)))
    free = quantity - np.bincount(target[fits], need[fits], len(quantity)).astype(np.int64)
    assert free.min() >= 0
    return Pegs(first, target[fits], need[fits]), free
