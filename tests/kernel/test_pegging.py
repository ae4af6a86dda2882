"""The engine against a naive one that knows single units only, and its two speeds against each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backorder.kernel import compiled, pegging
from backorder.kernel.calendars import NEVER
from backorder.kernel.pegging import Demand, Held, Out, Supply


@st.composite
def shops(draw: st.DrawFn) -> dict:
    """Two items with up to five supplies each, up to eight lines in turns, some of which hold pegs already."""
    supplies = [
        {"item": draw(st.integers(0, 1)), "day": draw(st.integers(1, 6)), "free": draw(st.integers(0, 5)), "kept": 0}
        for _ in range(draw(st.integers(1, 8)))
    ]
    for supply in supplies:
        supply["stock"] = int(supply["day"] == 1 or draw(st.integers(0, 5)) == 5)
        if supply["stock"]:
            supply["kept"] = draw(st.integers(0, 3))
    lines, turn = [], [0]
    for _ in range(draw(st.integers(1, 5))):
        together = draw(st.integers(1, 2))
        late = together > 1 or draw(st.booleans())
        reserve, promise = draw(st.integers(0, 1)), draw(st.integers(0, 7))
        for _ in range(together):
            item = draw(st.integers(0, 1))
            held = [
                (s, draw(st.integers(1, 2)))
                for s, supply in enumerate(supplies)
                if supply["item"] == item and draw(st.booleans())
            ][:1]
            lines.append(
                {
                    "item": item,
                    "need": draw(st.integers(0, 5)) + sum(units for _, units in held),
                    "late": int(late),
                    "floor": draw(st.sampled_from([0, 0, 3, 9])),
                    "lead": draw(st.sampled_from([NEVER, NEVER, 4])),
                    "promise": promise,
                    "reserve": reserve,
                    "held": held,
                }
            )
        turn.append(len(lines))
    return {"supplies": supplies, "lines": lines, "turn": turn}


def columns(shop: dict) -> tuple[Supply, Demand, Held, Out]:
    supplies, lines = shop["supplies"], shop["lines"]
    first, candidates = [0], []
    for item in range(2):
        mine = sorted((s for s in range(len(supplies)) if supplies[s]["item"] == item), key=lambda s: _place(shop, s))
        candidates += mine
        first.append(len(candidates))
    plain = {name: [supply[name] for supply in supplies] for name in ("day", "free", "kept", "stock")}
    names = ("need", "late", "floor", "lead", "promise", "reserve")
    demand = Demand(shop["turn"], [line["item"] for line in lines], *([line[name] for line in lines] for name in names))
    held_first = [0]
    for line in lines:
        held_first.append(held_first[-1] + len(line["held"]))
    pegs = [peg for line in lines for peg in line["held"]]
    room = (len(lines) + 1) * (len(supplies) + 1)
    out = Out([0] * (len(lines) + 1), [0] * room, [0] * room, [0] * len(lines))
    held = Held(held_first, [s for s, _ in pegs], [units for _, units in pegs])
    return Supply(first, candidates, *plain.values()), demand, held, out


def _place(shop: dict, s: int) -> tuple[int, int]:
    return shop["supplies"][s]["day"], s


def naive(shop: dict) -> tuple[list[dict[int, int]], list[int], list[int]]:
    """Unit by unit: what each line gets from each supply, each line's day, and what stays free."""
    free = [supply["free"] for supply in shop["supplies"]]
    got: list[dict[int, int]] = [{} for _ in shop["lines"]]
    days = [0] * len(shop["lines"])
    for a, b in zip(shop["turn"], shop["turn"][1:], strict=False):
        for line in shop["lines"][a:b]:
            for s, units in line["held"]:
                free[s] += units
        leader = shop["lines"][a]
        chosen, day, left = _turn(shop, a, b, free, not leader["reserve"])
        if not leader["reserve"] and 0 < leader["promise"] < day:
            other, sooner, rest = _turn(shop, a, b, free, False)
            if sooner < day:
                chosen, day, left = other, sooner, rest
        free = left
        got[a:b], days[a:b] = chosen, [day] * (b - a)
    return got, days, free


def _turn(shop: dict, a: int, b: int, free: list[int], spare: bool) -> tuple[list[dict[int, int]], int, list[int]]:
    lines = shop["lines"][a:b]
    early = list(free)
    chosen = [_take(shop, line, early, spare, lambda s: _place(shop, s)) for line in lines]
    day = max(_day(shop, line, pegs) for line, pegs in zip(lines, chosen, strict=True))
    if not lines[0]["late"] or day == NEVER:
        return chosen, day, early

    def late(s: int) -> tuple:
        when = shop["supplies"][s]["day"]
        return (when > day, -when if when <= day else when, s)

    again = list(free)
    return [_take(shop, line, again, spare, late) for line in lines], day, again


def _take(shop: dict, line: dict, free: list[int], spare: bool, place) -> dict[int, int]:
    pegs: dict[int, int] = {}
    mine = sorted((s for s, supply in enumerate(shop["supplies"]) if supply["item"] == line["item"]), key=place)
    for _ in range(line["need"]):
        for s in mine:
            if free[s] - (shop["supplies"][s]["kept"] if spare else 0) > 0:
                free[s] -= 1
                pegs[s] = pegs.get(s, 0) + 1
                break
    return pegs


def _day(shop: dict, line: dict, pegs: dict[int, int]) -> int:
    supplies = shop["supplies"]
    units = [
        supplies[s]["day"] if supplies[s]["stock"] else min(supplies[s]["day"], line["lead"])
        for s, n in pegs.items()
        for _ in range(n)
    ]
    units += [line["lead"]] * (line["need"] - len(units))
    return max([line["floor"], *units])


def served(shop: dict, speed) -> tuple[list[dict[int, int]], list[int], list[int]]:
    supply, demand, held, out = columns(shop)
    guarded = int(any(supply.kept))
    if speed is not pegging.serve:
        parts = [type(part)(*(np.array(column, dtype=np.int64) for column in part)) for part in (supply, demand, held)]
        target = Out(*(np.array(column, dtype=np.int64) for column in out))
        pegs = speed(*parts, guarded, target)
        supply, out = parts[0], target
    else:
        pegs = speed(supply, demand, held, guarded, out)
    assert pegs == out.first[len(shop["lines"])]
    got = []
    for i in range(len(shop["lines"])):
        low, high = int(out.first[i]), int(out.first[i + 1])
        got.append({int(out.supply[p]): int(out.units[p]) for p in range(low, high)})
        assert len(got[-1]) == high - low, "a supply is named once a line"
    return got, [int(day) for day in out.day], [int(units) for units in supply.free]


@given(shops())
@settings(max_examples=500, deadline=None)
def test_the_engine_does_what_a_naive_one_does(shop: dict) -> None:
    assert served(shop, pegging.serve) == naive(shop)


@given(shops())
@settings(max_examples=200, deadline=None)
def test_compiled_and_interpreted_agree(shop: dict) -> None:
    assert served(shop, compiled.compiled_serve()) == served(shop, pegging.serve)


@given(shops())
@settings(max_examples=300, deadline=None)
def test_no_unit_appears_or_vanishes(shop: dict) -> None:
    got, _, free = served(shop, pegging.serve)
    before = sum(supply["free"] for supply in shop["supplies"])
    before += sum(units for line in shop["lines"] for _, units in line["held"])
    assert sum(sum(pegs.values()) for pegs in got) + sum(free) == before
    assert min(free) >= 0


def test_too_little_room_is_said_and_not_written_past() -> None:
    shop = {
        "supplies": [{"item": 0, "day": day, "free": 1, "kept": 0, "stock": 0} for day in range(1, 6)],
        "lines": [{"item": 0, "need": 5, "late": 0, "floor": 0, "lead": NEVER, "promise": 0, "reserve": 1, "held": []}],
        "turn": [0, 1],
    }
    supply, demand, held, out = columns(shop)
    assert pegging.serve(supply, demand, held, 0, out._replace(supply=[0], units=[0])) == -1


@pytest.mark.parametrize("lines", [10])
def test_a_large_batch_goes_through_the_compiler_and_comes_out_the_same(
    lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shop() -> tuple:
        supply = Supply([0, 2], [0, 1], [1, 2], [7, 30], [0, 0], [1, 0])
        demand = Demand(list(range(lines + 1)), [0] * lines, [2] * lines, *([[0] * lines] * 2), [NEVER] * lines,
                        *([[0] * lines] * 2))  # fmt: skip
        held = Held([0] * (lines + 1), [0], [0])
        return supply, demand, held, Out([0] * (lines + 1), [0] * 40, [0] * 40, [0] * lines)

    slow, fast = shop(), shop()
    pegging.serve(*slow[:3], 0, slow[3])
    monkeypatch.setattr(compiled, "COMPILED_FROM", 1)
    compiled.serve(*fast[:3], 0, fast[3])
    assert fast == slow
