"""The second speed of the loops: compiled by Numba, where the extra `[fast]` is installed. One source, two speeds.

Below COMPILED_FROM lines the interpreted loops are done before the compiler would be.
"""

import importlib.util
from functools import lru_cache
from types import FunctionType, SimpleNamespace
from typing import Any

from backorder.kernel import comparing, matching, pegging, quotas, serving, sharing, taking_part
from backorder.kernel.pegging import Column, Demand, Held, Out, Supply

COMPILED_FROM = 2_000_000  # lines: interpreted about two seconds, compiling about ten, loaded once a process

_MODULES = (pegging, serving, sharing, quotas, matching, taking_part, comparing)  # each names its loops in PARTS


def available() -> bool:
    """Whether the compiler is installed."""
    return importlib.util.find_spec("numba") is not None


@lru_cache(maxsize=2)
def loops(arrays: bool) -> Any:
    """All loops by name: compiled for arrays of int64, interpreted for lists."""
    if arrays:
        return _compiled()
    return SimpleNamespace(**{part: getattr(module, part) for module in _MODULES for part in module.PARTS})


@lru_cache(maxsize=1)
def _compiled() -> Any:
    """The functions call one another by name, so each is compiled as a copy that looks names up among the compiled."""
    import numba

    names: dict[str, Any] = {}
    for module in _MODULES:
        names |= vars(module)
    for module in _MODULES:
        for part in module.PARTS:
            names[part] = numba.njit(FunctionType(getattr(module, part).__code__, names, part))
    return SimpleNamespace(**{part: names[part] for module in _MODULES for part in module.PARTS})


def compiled_serve() -> Any:
    """`pegging.serve`, compiled. Takes arrays of int32 or int64 where the interpreted one takes lists."""
    return _compiled().serve


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
