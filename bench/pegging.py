"""The engine alone: lines sorted by item against a few supplies each, interpreted and compiled, beside the sorting."""

import resource
import time
from collections.abc import Iterator
from typing import Any

from backorder.kernel import compiled, pegging
from backorder.kernel.calendars import NEVER
from backorder.kernel.pegging import Demand, Held, Out, Supply
from bench.figure import Figure

SUPPLIES = 5


def measure(scale: float) -> Iterator[Figure]:
    """Interpreted on some, compiled on ten million lines over 100,000 items."""
    import numpy as np

    few = max(1_000, int(300_000 * scale))
    columns: list[Any] = [
        type(part)(*(column.tolist() for column in part)) for part in _columns(np, few, max(10, few // 100))
    ]
    begin = time.process_time()
    pegging.serve(columns[0], columns[1], columns[2], 0, columns[3])
    rate = few / (time.process_time() - begin) / 1e6
    yield Figure("pegging, interpreted", f"{rate:.2f} million lines/s", ">= 0.5 million lines/s", rate >= 0.5)
    if compiled.available():
        yield from _compiled(np, max(10_000, int(10_000_000 * scale)))


def _compiled(np: Any, lines: int) -> Iterator[Figure]:
    serve = compiled.compiled_serve()
    serve(*_columns(np, 1_000, 10)[:3], 0, _columns(np, 1_000, 10)[3])  # compile
    supply, demand, held, out = _columns(np, lines, lines // 100)
    free = supply.free.copy()
    times = []
    for _ in range(3):
        supply.free[:] = free
        begin = time.process_time()
        serve(supply, demand, held, 0, out)
        times.append(time.process_time() - begin)
    shuffled = np.random.default_rng(1).permutation(demand.group)
    begin = time.process_time()
    np.argsort(shuffled, kind="stable")
    sorting = time.process_time() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    took = min(times)
    result = f"{took:.2f} s of CPU (sorting them {sorting:.2f} s)"
    yield Figure(f"pegging {lines:,} lines, compiled", result, "<= 0.5 s of CPU", took <= 0.5)
    yield Figure("its memory, the benchmark's own data included", f"{memory:.2f} GiB", "<= 1 GB", memory <= 0.93)


def _columns(np: Any, lines: int, items: int) -> tuple[Supply, Demand, Held, Out]:
    """Lines of one to three units, in order of item; five supplies an item that cover nearly all."""
    chance = np.random.default_rng(1)
    kind = np.int32
    group = np.sort(chance.integers(0, items, lines)).astype(kind)
    nothing = np.zeros(lines, kind)
    supply = Supply(
        first=(np.arange(items + 1) * SUPPLIES).astype(kind),
        candidates=np.arange(items * SUPPLIES, dtype=kind),
        day=np.tile(np.arange(SUPPLIES) * 7 + 20_000, items).astype(kind),
        free=np.full(items * SUPPLIES, lines // items * 2 // SUPPLIES, kind),
        kept=np.zeros(items * SUPPLIES, kind),
        stock=np.zeros(items * SUPPLIES, kind),
    )
    demand = Demand(
        turn=np.arange(lines + 1, dtype=kind),
        group=group,
        need=chance.integers(1, 4, lines).astype(kind),
        late=nothing,
        floor=nothing,
        lead=np.full(lines, NEVER, kind),
        promise=nothing,
        reserve=nothing,
    )
    held = Held(np.zeros(lines + 1, kind), np.zeros(0, kind), np.zeros(0, kind))
    room = lines + items * SUPPLIES
    out = Out(np.zeros(lines + 1, kind), np.zeros(room, kind), np.zeros(room, kind), np.zeros(lines, kind))
    return supply, demand, held, out
