"""A backlog from Arrow tables: lines, supplies, and the pegs that lines hold.

lines: `order`, `line`, `sku`, `waiting` (units to peg); and where there are such: `quantity`, `priority`, `placed_at`,
`promise`, `first_promise`, `requested_on`, `deadline`, `price` (minor units), `cost`, `sites` (a list, in order of
preference: nothing else serves the line), `frozen`, `together` (true for an order that ships complete), `tags`, and the
words that filters know: `tier`, `customer`, `kind`, `channel`, `country`, `region`, `category`, `selling`, `currency`.
supplies: `supply`, `sku`, `ships_on`, `quantity` (units that are held or free); and `site`, `kind`.
pegs: `order`, `line`, `supply`, `units`; each pair of line and supply once.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backorder.kernel.backlog import Allocated, Backlog, Pegs, Tags, Words
from backorder.kernel.calendars import NEVER
from backorder.kernel.pegging import Supply

Array = Any  # a NumPy array of int64
_WORDS = ("tier", "customer", "kind", "channel", "country", "region", "category", "selling", "currency")
_NONE, _LATE, _ON_TIME = 0, 1, 3  # codes of backlog.STATES
_KNOWN = {
    "lines": {
        *("order", "line", "sku", "waiting", "quantity", "priority", "placed_at", "promise", "first_promise"),
        *("requested_on", "deadline", "price", "cost", "sites", "frozen", "together", "tags", *_WORDS),
    },
    "supplies": {"supply", "sku", "ships_on", "quantity", "site", "kind"},
    "pegs": {"order", "line", "supply", "units"},
}
_NEEDED = {
    "lines": ("order", "line", "sku", "waiting"),
    "supplies": ("supply", "sku", "ships_on", "quantity"),
    "pegs": ("order", "line", "supply", "units"),
}


class BadTable(ValueError):
    """A table that cannot be planned: which one, which column, and what to do."""


def backlog_of(lines: pa.Table, supplies: pa.Table, pegs: pa.Table | None, today: int) -> tuple[Backlog, pa.Table]:
    """The backlog as arrays, and the lines in the order of its rows: by order and line. `today` is a day number.

    Raises BadTable for columns that are missing, unknown or of another kind, for a line, a supply or a peg that stands
    twice, for pegs of lines or supplies that are not there, and for a supply that holds less than its pegs.
    """
    for name, table in (("lines", lines), ("supplies", supplies), ("pegs", pegs)):
        if table is not None:
            _check_columns(name, table)
    lines = _in_order(lines, "lines", ("order", "line"))
    supplies = _in_order(supplies, "supplies", ("supply",))
    skus = Words(*_coded(pa.concat_tables([lines.select(["sku"]), supplies.select(["sku"])]).column("sku")))
    sku, item = np.split(skus.code, [len(lines)])
    order = Words(*_coded(lines.column("order")))
    held = _held(pegs, lines, supplies)
    supply, group = _candidates(lines, supplies, sku, item, held)
    return _backlog(lines, today, skus._replace(code=sku), order, held, supply, group, item), lines


def _check_columns(name: str, table: pa.Table) -> None:
    for column in _NEEDED[name]:
        if column not in table.column_names:
            raise BadTable(f"{name}: the column {column} is missing")
        if table.column(column).null_count:
            raise BadTable(f"{name}.{column}: a row has no value")
    for column in table.column_names:
        if column not in _KNOWN[name]:
            raise BadTable(f"{name}.{column}: no such column is known: leave it out, or use {sorted(_KNOWN[name])}")


def _in_order(table: pa.Table, name: str, key: tuple[str, ...]) -> pa.Table:
    table = table.sort_by([(column, "ascending") for column in key])
    same = np.ones(max(0, len(table) - 1), dtype=bool)
    for column in key:
        values = table.column(column).combine_chunks()
        same &= pc.equal(values[1:], values[:-1]).to_numpy(zero_copy_only=False).astype(bool)
    if same.any():
        row = int(np.flatnonzero(same)[0])
        raise BadTable(f"{name}: {' '.join(str(table.column(c)[row].as_py()) for c in key)} stands there twice")
    return table


def _coded(column: Any) -> tuple[Array, list[str]]:
    """Words as codes; a null is the word '' of having none."""
    coded = pc.fill_null(column.cast(pa.string()), "").combine_chunks().dictionary_encode()
    return coded.indices.to_numpy(zero_copy_only=False).astype(np.int64), coded.dictionary.to_pylist()


def _numbers(name: str, table: pa.Table, column: str, missing: Array | int) -> Array:
    """A column of whole numbers, days or moments; `missing` where it is null or not there."""
    if column not in table.column_names:
        return np.full(len(table), missing, dtype=np.int64) if isinstance(missing, int) else missing.copy()
    values = table.column(column).combine_chunks()
    if pa.types.is_date(values.type):
        values = values.cast(pa.date32()).cast(pa.int32())
    elif pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("us", values.type.tz)).cast(pa.int64())
    elif pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    elif not pa.types.is_integer(values.type):
        raise BadTable(f"{name}.{column}: {values.type} is neither whole numbers, days nor moments")
    there = values.is_valid().to_numpy(zero_copy_only=False)
    found = pc.fill_null(values.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    return np.where(there, found, missing).astype(np.int64)


def _units(name: str, table: pa.Table, column: str, missing: Array | int) -> Array:
    found = _numbers(name, table, column, missing)
    if (found < 0).any():
        raise BadTable(f"{name}.{column}: there are fewer than no units")
    return found


def _held(pegs: pa.Table | None, lines: pa.Table, supplies: pa.Table) -> Pegs:
    """The pegs by row of their line, and within it by supply."""
    if pegs is None:
        nothing = np.zeros(0, dtype=np.int64)
        return Pegs(np.zeros(len(lines) + 1, dtype=np.int64), nothing, nothing)
    numbered = lines.select(["order", "line"]).append_column("row", pa.array(np.arange(len(lines))))
    pegs = _in_order(pegs, "pegs", ("order", "line", "supply"))
    place = pc.index_in(pegs.column("supply").combine_chunks(), supplies.column("supply").combine_chunks())
    joined = pegs.append_column("at", place).join(numbered, ["order", "line"], join_type="left outer")
    for column, what in (("at", "supply"), ("row", "line")):
        if joined.column(column).null_count:
            raise BadTable(
                f"pegs.{what}: a peg names a {what} that is not among the {'supplies' if what == 'supply' else 'lines'}"
            )
    row = joined.column("row").to_numpy()
    at = joined.column("at").to_numpy().astype(np.int64)
    by_row = np.lexsort([at, row])
    first = np.searchsorted(row[by_row], np.arange(len(lines) + 1))
    return Pegs(first.astype(np.int64), at[by_row], _units("pegs", joined, "units", 0)[by_row])


def _candidates(lines: pa.Table, supplies: pa.Table, sku: Array, item: Array, held: Pegs) -> tuple[Supply, Array]:
    """The supplies, which each group of lines may stand on, and the group of each line."""
    day = _numbers("supplies", supplies, "ships_on", NEVER)
    free = _units("supplies", supplies, "quantity", 0)
    np.subtract.at(free, held.supply, held.units)
    if (free < 0).any():
        name = supplies.column("supply")[int(np.flatnonzero(free < 0)[0])].as_py()
        raise BadTable(f"supplies.quantity: lines hold more of {name} than there is")
    stock = np.zeros(len(supplies), dtype=np.int64)
    if "kind" in supplies.column_names:
        stock = pc.equal(pc.fill_null(supplies.column("kind"), ""), "stock").to_numpy().astype(np.int64)
    routes, route_words = (sku * 0, [""])
    if "sites" in lines.column_names:
        joined = pc.binary_join(lines.column("sites").cast(pa.list_(pa.string())), "\x1f")
        routes, route_words = _coded(joined)
    pairs, group = np.unique(np.stack([sku, routes]), axis=1, return_inverse=True)
    sites = _coded(supplies.column("site")) if "site" in supplies.column_names else (item * 0, [""])
    first, candidates = _by_group(pairs, route_words, item, day, sites)
    nothing = np.zeros(len(supplies), dtype=np.int64)
    return Supply(first, candidates, day, free, nothing, stock), group.reshape(-1).astype(np.int64)


def _by_group(
    pairs: Array, routes: list[str], item: Array, day: Array, sites: tuple[Array, list[str]]
) -> tuple[Array, Array]:
    """The candidates of each pair of item and route, by ship day, the order of the route's sites, and id."""
    of_item = np.lexsort([day, item])
    begin = np.searchsorted(item[of_item], pairs[0], "left")
    end = np.searchsorted(item[of_item], pairs[0], "right")
    if routes == [""]:  # nobody names sites: each group has its item's supplies
        sizes = end - begin
        first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        within = np.arange(first[-1]) - np.repeat(first[:-1], sizes)
        return first, of_item[np.repeat(begin, sizes) + within].astype(np.int64)
    site, words = sites
    firsts, found = [0], list[Array]()
    places = []
    for route in routes:
        named = {word: n for n, word in enumerate(route.split("\x1f"))} if route else dict.fromkeys(words, 0)
        places.append(np.array([named.get(word, -1) for word in words], dtype=np.int64))
    for low, high, route_code in zip(begin, end, pairs[1], strict=True):
        mine = of_item[low:high]
        place = places[route_code][site[mine]]
        mine, place = mine[place >= 0], place[place >= 0]
        found.append(mine[np.lexsort([mine, place, day[mine]])])
        firsts.append(firsts[-1] + len(mine))
    return np.array(firsts, dtype=np.int64), np.concatenate(found).astype(np.int64)


def _backlog(
    lines: pa.Table, today: int, sku: Words, order: Words, held: Pegs, supply: Supply, group: Array, item: Array
) -> Backlog:
    count = len(lines)
    zero = np.zeros(count, dtype=np.int64)
    waiting = _units("lines", lines, "waiting", 0)
    promise = _numbers("lines", lines, "promise", NEVER)
    first_promise = _numbers("lines", lines, "first_promise", promise)
    requested = _numbers("lines", lines, "requested_on", NEVER)
    price, cost = (_units("lines", lines, name, 0) for name in ("price", "cost"))
    placed_at = _numbers("lines", lines, "placed_at", 0)
    whole = _numbers("lines", lines, "together", 0) > 0
    due = _due(held, supply, waiting)
    state = np.where(promise == NEVER, _NONE, np.where(due > promise, _LATE, _ON_TIME))
    no_pegs = np.zeros(0, dtype=np.int64)
    return Backlog(
        today=today,
        sku=sku,
        order=order,
        tags=_tags(lines),
        **{name: _word(lines, name) for name in _WORDS},
        state=state.astype(np.int64),
        quantity=_units("lines", lines, "quantity", waiting),
        waiting=waiting,
        priority=_numbers("lines", lines, "priority", 0),
        value=price * waiting,
        margin=(price - cost) * waiting,
        placed_at=placed_at,
        placed_on=placed_at // 86_400_000_000,
        promise=promise,
        first_promise=first_promise,
        requested_on=requested,
        deadline=_numbers("lines", lines, "deadline", NEVER),
        wanted=np.where(requested == NEVER, first_promise, requested),
        group=group,
        need=waiting,
        late=((requested != NEVER) | whole).astype(np.int64),
        floor=np.where(requested == NEVER, 0, requested),
        firm=zero,
        lead=np.full(count, NEVER, dtype=np.int64),
        lead_anew=np.full(count, NEVER, dtype=np.int64),
        together=np.where(whole, order.code, -1),
        reserve=zero + 1,
        frozen=_numbers("lines", lines, "frozen", 0),
        held=zero,
        pegs=held,
        allocated=Allocated(zero[:0].repeat(0) if count == 0 else np.zeros(count + 1, np.int64), *(no_pegs,) * 3),
        supply=supply,
        item=item,
    )


def _due(held: Pegs, supply: Supply, waiting: Array) -> Array:
    """The ship day of each line's last unit; NEVER where units are uncovered."""
    row = np.repeat(np.arange(len(waiting)), np.diff(held.first))
    due, covered = np.zeros(len(waiting), dtype=np.int64), np.zeros(len(waiting), dtype=np.int64)
    np.maximum.at(due, row, supply.day[held.supply])
    np.add.at(covered, row, held.units)
    return np.where(covered < waiting, NEVER, due)


def _word(lines: pa.Table, name: str) -> Words:
    if name not in lines.column_names:
        return Words(np.zeros(len(lines), dtype=np.int64), [""])
    return Words(*_coded(lines.column(name)))


def _tags(lines: pa.Table) -> Tags:
    if "tags" not in lines.column_names:
        nothing = np.zeros(0, dtype=np.int64)
        return Tags(np.zeros(len(lines) + 1, dtype=np.int64), nothing, [])
    column = lines.column("tags").combine_chunks().cast(pa.list_(pa.string()))
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    code, words = _coded(pa.chunked_array([column.flatten()]))
    return Tags(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), code, words)
