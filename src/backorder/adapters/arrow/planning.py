"""A plan for a backlog in Arrow tables, and the same from and to Parquet files."""

from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from backorder.adapters.arrow.backlog import BadTable, backlog_of
from backorder.kernel.backlog import Backlog, Pegs
from backorder.kernel.calendars import NEVER, day_number
from backorder.kernel.reallocation import OUTCOMES, plan
from backorder.kernel.segments import Policy, trouble

COMPILED_FROM = 500_000  # lines: fewer are planned by interpreted loops before the compiler would be done


class Planned(NamedTuple):
    """What a policy makes of a backlog.

    lines: `order`, `line`, `sku`, `segment` (null: none took it), `outcome`, `day_before`, `day_after` (null: no day),
    `units_before`, `units_after` (covered), in the order of order and line
    pegs: `order`, `line`, `supply`, `units` of every line afterwards
    violations: `order`, `line`, `rule` (win or gain), `wanted`, `got`
    """

    lines: pa.Table
    pegs: pa.Table
    violations: pa.Table


def plan_tables(
    lines: pa.Table,
    supplies: pa.Table,
    policy: Policy,
    today: date,
    *,
    pegs: pa.Table | None = None,
    fallback: Policy | None = None,
) -> Planned:
    """Plan a backlog by a policy; the tables' columns are told in `backlog`. Nothing but the arguments is read.

    Lines stand in the result in the order of order and line, whatever their order was. Raises BadTable for tables that
    cannot be planned, and ValueError for a policy that cannot be meant, naming the field.
    """
    for one in (policy, *([] if fallback is None else [fallback])):
        found = trouble(one, day_number(today))
        if found is not None:
            raise ValueError(f"{one.policy}: {found[0]}: {found[1]}")
    backlog, lines = backlog_of(lines, supplies, pegs, day_number(today))
    made = plan(backlog if len(lines) >= COMPILED_FROM else _listed(backlog), policy, fallback)
    names = [segment.name for segment in policy.segments]
    if fallback is not None:
        names += [segment.name for segment in fallback.segments]
    segment = np.asarray(made.segment) + np.asarray(made.fallen) * len(policy.segments)
    table = lines.select(["order", "line", "sku"])
    for name, column in (
        ("segment", _words(np.where(np.asarray(made.segment) < 0, -1, segment), names)),
        ("outcome", _words(made.outcome, list(OUTCOMES))),
        ("day_before", _days(made.day_before)),
        ("day_after", _days(made.day_after)),
        ("units_before", pa.array(np.asarray(made.units_before))),
        ("units_after", pa.array(np.asarray(made.units_after))),
    ):
        table = table.append_column(name, column)
    rows = pa.array([violation.row for violation in made.violations], pa.int64())
    violations = lines.select(["order", "line"]).take(rows)
    violations = violations.append_column("rule", pa.array([one.rule for one in made.violations], pa.string()))
    for name in ("wanted", "got"):
        days = np.array([getattr(one, name) for one in made.violations], dtype=np.int64)
        violations = violations.append_column(name, _days(days))
    return Planned(table, _pegs(made.after, lines, _by_name(supplies)), violations)


def _listed(backlog: Backlog) -> Backlog:
    """The same backlog with every column a list."""
    return Backlog(**{name: _lists(part) for name, part in backlog._asdict().items()})


def _lists(part: Any) -> Any:
    if isinstance(part, tuple):
        return type(part)(*map(_lists, part))
    return part.tolist() if isinstance(part, np.ndarray) else part


def _by_name(supplies: pa.Table) -> pa.Table:
    """The supplies in the order of the plan's numbers."""
    return supplies.sort_by("supply")


def _words(code: Any, words: list[str]) -> pa.Array:
    """Codes as words; -1 is null."""
    code = np.asarray(code)
    return pa.DictionaryArray.from_arrays(pa.array(code, pa.int32(), mask=code < 0), pa.array(words, pa.string()))


def _days(days: Any) -> pa.Array:
    """Day numbers as dates; NEVER is null."""
    days = np.asarray(days)
    never = days == NEVER
    return pa.array(np.where(never, 0, days).astype(np.int32), pa.int32(), mask=never).cast(pa.date32())


def _pegs(pegs: Pegs, lines: pa.Table, supplies: pa.Table) -> pa.Table:
    first = np.asarray(pegs.first)
    row = np.repeat(np.arange(len(lines)), np.diff(first))
    table = lines.select(["order", "line"]).take(pa.array(row))
    table = table.append_column("supply", supplies.column("supply").take(pa.array(np.asarray(pegs.supply))))
    return table.append_column("units", pa.array(np.asarray(pegs.units)))


__all__ = ["BadTable", "Planned", "plan_tables"]
