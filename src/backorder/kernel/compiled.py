"""The engine's second speed: the loops of `pegging` compiled by Numba, where the extra `[fast]` is installed.

Below COMPILED_FROM lines the interpreted loops are done before the compiler would be.
"""

import importlib.util
from functools import lru_cache
from types import FunctionType
from typing import Any

from backorder.kernel import pegging
from backorder.kernel.pegging import Column, Demand, Held, Out, Supply

COMPILED_FROM = 2_000_000  # lines: interpreted about two seconds, compiling about ten, loaded once a process

_PARTS = ("take", "take_late", "give_back", "firm_day", "line_day", "serve_turn", "serve")


def available() -> bool:
    """Whether the compiler is installed."""
    return importlib.util.find_spec("numba") is not None


@lru_cache(maxsize=1)
def compiled_serve() -> Any:
    """`pegging.serve`, compiled. Takes arrays of int32 or int64 where the interpreted one takes lists.

    The functions call one another by name, so each is compiled as a copy that looks names up among the compiled ones.
    """
    import numba

    names: dict[str, Any] = dict(vars(pegging))
    for part in _PARTS:
        source = getattr(pegging, part)
        names[part] = numba.njit(FunctionType(source.__code__, names, part))
    return names["serve"]


def serve(supply: Supply, demand: Demand, held: Held, guarded: int, out: Out) -> int:
    """`pegging.serve` on lists, at the speed that suits their length; the lists of `out` and `free` are changed."""
    if len(demand.need) < COMPILED_FROM or not available():
        return pegging.serve(supply, demand, held, guarded, out)
    supply_arrays, out_arrays = Supply(*map(_array, supply)), Out(*map(_array, out))
    pegs = int(
        compiled_serve()(supply_arrays, Demand(*map(_array, demand)), Held(*map(_array, held)), guarded, out_arrays)
    )
    supply.free[:] = supply_arrays.free.tolist()
    for before, after in zip(out, out_arrays, strict=True):
        before[:] = after.tolist()
    return pegs


def _array(column: Column) -> Any:
    import numpy as np

    return np.array(column, dtype=np.int64)
