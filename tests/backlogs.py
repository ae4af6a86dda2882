"""Backlogs for tests, written as rows: a line is a dict, a supply too, and what they leave out has a plain default."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from backorder.kernel.backlog import Allocated, Backlog, Pegs, Tags, Words
from backorder.kernel.calendars import NEVER
from backorder.kernel.pegging import Supply
from backorder.kernel.reallocation import OUTCOMES, Plan
from backorder.kernel.segments import Policy, trouble

TODAY = 100
WORDS = ("tier", "customer", "kind", "channel", "country", "region", "category", "selling", "currency")
LINE = dict.fromkeys(WORDS, "") | {
    "sku": "a", "order": None, "tags": (), "state": 3, "quantity": None, "units": 1, "priority": 0, "value": 0,
    "margin": 0, "placed": 0, "promise": NEVER, "first": None, "requested": NEVER, "deadline": NEVER, "wanted": None,
    "route": None, "late": None, "floor": 0, "firm": 0, "lead": NEVER, "lead_anew": NEVER, "together": -1,
    "reserve": 0, "frozen": 0, "held": 0, "pinned": 0, "pegs": {}, "allocated": {},
}  # fmt: skip
SUPPLY = {"sku": "a", "site": "x", "day": TODAY + 1, "units": 1, "kept": 0, "stock": 0}

Row = dict[str, Any]
Shop = tuple[list[Row], list[Row]]  # supplies and lines; the number of a supply stands in the pegs of lines


def line(units: int = 1, **fields: Any) -> Row:
    """A line that wants units; `pegs` and `allocated` are {supply: units}, of which the first are among `units`."""
    assert fields.keys() <= LINE.keys(), fields.keys() - LINE.keys()
    row = LINE | {"units": units} | fields
    return row | {"first": row["promise"] if row["first"] is None else row["first"]}


def supply(units: int, day: int, **fields: Any) -> Row:
    assert fields.keys() <= SUPPLY.keys(), fields.keys() - SUPPLY.keys()
    return SUPPLY | {"units": units, "day": day} | fields


def policy(*segments: Mapping[str, Any] | str, **fields: Any) -> Policy:
    """A policy of segments, each a strategy for all lines or fields; free of trouble."""
    listed = [{"strategy": one} if isinstance(one, str) else dict(one) for one in segments]
    named = [{"name": f"s{n}"} | one for n, one in enumerate(listed)]
    found = msgspec.convert({"policy": "p", "segments": named} | fields, Policy)
    assert trouble(found, TODAY) is None, trouble(found, TODAY)
    return found


def backlog(supplies: Sequence[Row], lines: Sequence[Row]) -> Backlog:
    """The columns. Units that lines hold are taken from what is free of a supply."""
    held = [0] * len(supplies)
    for row in lines:
        for pegs in (row["pegs"], row["allocated"]):
            for s, units in pegs.items():
                held[s] += units
    free = [one["units"] - units for one, units in zip(supplies, held, strict=True)]
    assert min(free, default=0) >= 0, "more is held than there is"
    skus = sorted({one["sku"] for one in (*supplies, *lines)})
    groups: dict[tuple[str, Any], int] = {}
    first, candidates = [0], []
    for row in lines:
        key = row["sku"], row["route"]
        if key not in groups:
            groups[key] = len(groups)
            mine = [
                s for s, one in enumerate(supplies) if one["sku"] == key[0] and (not key[1] or one["site"] in key[1])
            ]
            candidates += sorted(mine, key=lambda s: (supplies[s]["day"], s))
            first.append(len(candidates))
    columns = {name: words([row[name] for row in lines]) for name in WORDS}
    tags = sorted({tag for row in lines for tag in row["tags"]})
    return Backlog(
        today=TODAY,
        **columns,
        sku=Words([skus.index(row["sku"]) for row in lines], skus),
        order=words([row["order"] or f"o{n}" for n, row in enumerate(lines)]),
        tags=Tags(*_ragged([[tags.index(tag) for tag in row["tags"]] for row in lines]), tags),
        state=[row["state"] for row in lines],
        quantity=[_waiting(row) + _allocated(row) if row["quantity"] is None else row["quantity"] for row in lines],
        waiting=[_waiting(row) for row in lines],
        priority=[row["priority"] for row in lines],
        value=[row["value"] for row in lines],
        margin=[row["margin"] for row in lines],
        placed_at=[row["placed"] for row in lines],
        placed_on=[TODAY - 10 + row["placed"] for row in lines],
        promise=[row["promise"] for row in lines],
        first_promise=[row["first"] for row in lines],
        requested_on=[row["requested"] for row in lines],
        deadline=[row["deadline"] for row in lines],
        wanted=[_wanted(row) for row in lines],
        group=[groups[row["sku"], row["route"]] for row in lines],
        need=[row["units"] for row in lines],
        late=[_late(row) for row in lines],
        floor=[max(row["floor"], 0 if row["requested"] == NEVER else row["requested"]) for row in lines],
        firm=[row["firm"] for row in lines],
        lead=[row["lead"] for row in lines],
        lead_anew=[row["lead_anew"] for row in lines],
        together=[row["together"] for row in lines],
        reserve=[row["reserve"] for row in lines],
        frozen=[row["frozen"] for row in lines],
        held=[row["held"] for row in lines],
        pegs=Pegs(*_pegs([row["pegs"] for row in lines])),
        allocated=Allocated(*_pegs([row["allocated"] for row in lines]),
                            [supplies[s]["day"] for row in lines for s in row["allocated"]]),
        supply=Supply(first, candidates, [one["day"] for one in supplies], free, [one["kept"] for one in supplies],
                      [one["stock"] for one in supplies]),
        item=[skus.index(one["sku"]) for one in supplies],
    )  # fmt: skip


def words(values: Sequence[str]) -> Words:
    known = sorted(set(values))
    return Words([known.index(value) for value in values], known)


def _waiting(row: Row) -> int:
    return row["units"] + row["pinned"]


def _allocated(row: Row) -> int:
    return sum(row["allocated"].values())


def _wanted(row: Row) -> int:
    if row["wanted"] is not None:
        return row["wanted"]
    return row["first"] if row["requested"] == NEVER else row["requested"]


def _late(row: Row) -> int:
    return int(row["requested"] != NEVER or row["together"] >= 0) if row["late"] is None else row["late"]


def _ragged(rows: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    first = [0]
    for row in rows:
        first.append(first[-1] + len(row))
    return first, [value for row in rows for value in row]


def _pegs(rows: Sequence[Mapping[int, int]]) -> tuple[list[int], list[int], list[int]]:
    first, supplies = _ragged([list(row) for row in rows])
    return first, supplies, [units for row in rows for units in row.values()]


def held(pegs: Pegs, row: int) -> dict[int, int]:
    """{supply: units} of a row."""
    low, high = int(pegs.first[row]), int(pegs.first[row + 1])
    found = {int(pegs.supply[p]): int(pegs.units[p]) for p in range(low, high)}
    assert len(found) == high - low, "a supply is named once a row"
    return found


def after(plan: Plan) -> list[dict[int, int]]:
    return [held(plan.after, row) for row in range(len(plan.outcome))]


def outcomes(plan: Plan) -> list[str]:
    return [OUTCOMES[code] for code in plan.outcome]


def committed(shop: Shop, plan: Plan) -> Shop:
    """The shop as the plan leaves it: what lines took of stock is allocated to them."""
    supplies, lines = shop
    rows = []
    for n, row in enumerate(lines):
        given_up = sum(held(plan.before, n).values()) - sum(row["pegs"].values())  # of what was allocated
        stays = dict(row["allocated"]) if not given_up else {}
        pegs: dict[int, int] = {}
        for s, units in held(plan.after, n).items():
            if supplies[s]["stock"]:
                stays[s] = stays.get(s, 0) + units
            else:
                pegs[s] = units
        units = row["units"] + _allocated(row) - sum(stays.values())
        rows.append(row | {"units": units, "pegs": pegs, "allocated": stays})
    return supplies, rows


@st.composite
def shops(draw: st.DrawFn, lines: int = 6, supplies: int = 6, plain: bool = False) -> Shop:
    """Up to two items at up to two sites; lines that hold some of it. `plain`: no safety stock, no complete orders."""
    stores = []
    for _ in range(draw(st.integers(1, supplies))):
        stock = draw(st.integers(0, 3)) == 0
        day = TODAY if stock else TODAY + draw(st.integers(0, 8))
        kept = draw(st.integers(0, 2)) if stock and not plain else 0
        site, sku = draw(st.sampled_from("xy")), draw(st.sampled_from("ab"))
        stores.append(supply(draw(st.integers(0, 5)), day, site=site, sku=sku, stock=int(stock), kept=kept))
    left = [one["units"] for one in stores]
    rows: list[Row] = []
    together = 0
    while len(rows) < lines and (not rows or draw(st.integers(0, 5))):
        complete = not plain and draw(st.integers(0, 3)) == 0
        order = draw(_orders())
        for _ in range(draw(st.integers(1, 2)) if complete else 1):
            sku, route = draw(st.sampled_from("ab")), draw(st.sampled_from([None, None, "x", "y"]))
            mine = [s for s, one in enumerate(stores) if one["sku"] == sku and (not route or one["site"] in route)]
            pegs, allocated = {}, {}
            for s in sorted(draw(st.sets(st.sampled_from(mine), max_size=2)) if mine else ()):
                units = draw(st.integers(0, left[s]))
                if units:
                    left[s] -= units
                    (allocated if stores[s]["stock"] else pegs)[s] = units
            units = sum(pegs.values()) + draw(st.integers(0, 3))
            requested = draw(st.sampled_from([NEVER, NEVER, NEVER, TODAY + 4])) if not plain else NEVER
            lead = draw(st.sampled_from([NEVER, NEVER, NEVER, TODAY + 6])) if not plain else NEVER
            group = together if complete else -1
            goods = {"sku": sku, "route": route, "pegs": pegs, "allocated": allocated, "together": group}
            rows.append(line(units, requested=requested, lead=lead, lead_anew=lead, **goods, **order))
        together += complete
    return stores, rows


@st.composite
def _orders(draw: st.DrawFn) -> Row:
    return {
        "priority": draw(st.integers(0, 2)),
        "reserve": draw(st.integers(0, 1)),
        "placed": draw(st.integers(0, 3)),
        "tier": draw(st.sampled_from(["", "gold", "silver"])),
        "channel": draw(st.sampled_from(["web", "shop"])),
        "promise": draw(st.sampled_from([NEVER, TODAY + 1, TODAY + 4, TODAY + 7])),
        "frozen": int(draw(st.integers(0, 9)) == 0),
        "held": int(draw(st.integers(0, 9)) == 0),
    }


STRATEGIES = ("win", "gain", "redistribute", "fill", "lose", "improve", "skip")
SHARING = ("strict", "proportional", "max_min", "equal")
FILTERS: tuple[Row, ...] = (
    {"tier": ["gold"]},
    {"tier": ["silver", ""]},
    {"channel": ["web"]},
    {"priority": {"at_least": 1}},
    {"sku": ["a"]},
    {"quantity": {"at_most": 3}},
    {"age": {"at_least": 8}},
)
RANKINGS = (["priority", "first_promise", "placed_at"], ["placed_at"], ["-quantity", "tier"], ["tier", "wait"])


@st.composite
def policies(draw: st.DrawFn, strategies: Sequence[str] = STRATEGIES, quotas: bool = True, **fields: Any) -> Policy:
    """Up to three segments, the last of which may take everything."""
    filters = draw(st.lists(st.sampled_from(FILTERS), max_size=2, unique_by=str))
    if not filters or draw(st.booleans()):
        filters = [*filters, {}]
    segments = []
    for one in filters:
        strategy = draw(st.sampled_from(strategies))
        segment = {"strategy": strategy, "filter": one, "ranking": draw(st.sampled_from(RANKINGS))}
        if strategy == "redistribute" and draw(st.booleans()):
            segment["sharing"] = draw(st.sampled_from(SHARING))
        if quotas and strategy not in {"lose", "skip"}:
            low = draw(st.sampled_from([None, None, None, 1, 3]))
            high = draw(st.sampled_from([None, None, None, 3, 4]))
            segment["minimum"] = None if low is None else {"units": low, "days": draw(st.sampled_from([3, 30]))}
            segment["maximum"] = None if high is None else {"units": high, "days": 30}
            if low is not None and high is not None:
                segment["minimum"] = None
        segments.append(segment)
    sharing = draw(st.sampled_from(SHARING))
    return policy(*segments, sharing=sharing, tiers=["gold", "silver"], **fields)
