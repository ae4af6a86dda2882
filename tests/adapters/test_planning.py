"""Planning without a database: Arrow tables in and out, the same from and to Parquet, and tables that are bad."""

import json
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from backorder.adapters.arrow import BadTable, plan_tables
from backorder.adapters.cli import cli
from backorder.kernel.segments import Filter, Policy, Segment

TODAY = date(2026, 12, 1)


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def lines(*rows: tuple[str, str, int, int, str]) -> pa.Table:
    """Lines as (order, sku, waiting, priority, tier), each the only one of its order."""
    names = ("order", "sku", "waiting", "priority", "tier")
    table = pa.table({name: [row[n] for row in rows] for n, name in enumerate(names)})
    return table.append_column("line", pa.array(["1"] * len(rows)))


def supplies(*rows: tuple[str, str, int, int]) -> pa.Table:
    """Supplies as (supply, sku, ships in so many days, quantity)."""
    return pa.table(
        {
            "supply": [row[0] for row in rows],
            "sku": [row[1] for row in rows],
            "ships_on": pa.array([day(row[2]) for row in rows], pa.date32()),
            "quantity": [row[3] for row in rows],
        }
    )


def pegs(*rows: tuple[str, str, int]) -> pa.Table:
    """Pegs as (order, supply, units)."""
    return pa.table(
        {
            "order": [row[0] for row in rows],
            "line": ["1"] * len(rows),
            "supply": [row[1] for row in rows],
            "units": [row[2] for row in rows],
        }
    )


def policy(*segments: Segment, **said: Any) -> Policy:
    return Policy(policy="P", segments=segments, **said)


EVERYBODY = policy(Segment(name="all", strategy="redistribute", ranking=("priority",)))


def days_after(planned: Any) -> dict[str, date | None]:
    return dict(
        zip(planned.lines.column("order").to_pylist(), planned.lines.column("day_after").to_pylist(), strict=True)
    )


def test_who_is_first_gets_the_first_supply_and_gives_up_what_it_held() -> None:
    """Buyer 3 of four, promoted: it takes the first purchase order, and the others follow in their order.

    The published example of item based allocation: four purchase orders of 5, four orders of 5.
    """
    ours = lines(*((f"SO{n}", "X", 5, 9 if n == 3 else 0, "") for n in (1, 2, 3, 4)))
    coming = supplies(*((f"PO{n}", "X", n, 5) for n in (1, 2, 3, 4)))
    held = pegs(*((f"SO{n}", f"PO{n}", 5) for n in (1, 2, 3, 4)))
    planned = plan_tables(ours, coming, EVERYBODY, TODAY, pegs=held)
    assert days_after(planned) == {"SO3": day(1), "SO1": day(2), "SO2": day(3), "SO4": day(4)}
    assert dict(zip(planned.lines["order"].to_pylist(), planned.lines["outcome"].to_pylist(), strict=True)) == {
        "SO1": "lost",
        "SO2": "lost",
        "SO3": "gained",
        "SO4": "unchanged",
    }
    after = planned.pegs.to_pylist()
    assert sorted((peg["order"], peg["supply"], peg["units"]) for peg in after) == [
        ("SO1", "PO2", 5),
        ("SO2", "PO3", 5),
        ("SO3", "PO1", 5),
        ("SO4", "PO4", 5),
    ]


def test_the_rows_may_stand_in_any_order() -> None:
    chance = random.Random(1)
    rows = [(f"O{n:02}", chance.choice("XYZ"), chance.randint(1, 5), chance.randint(0, 2), "") for n in range(30)]
    coming = [(f"S{n}", "XYZ"[n % 3], n + 1, 6) for n in range(9)]
    first = plan_tables(lines(*rows), supplies(*coming), EVERYBODY, TODAY)
    for _ in range(5):
        chance.shuffle(rows)
        chance.shuffle(coming)
        again = plan_tables(lines(*rows), supplies(*coming), EVERYBODY, TODAY)
        assert again.lines.equals(first.lines)
        assert again.pegs.equals(first.pegs)


def test_no_supply_is_held_more_than_there_is_of_it() -> None:
    chance = random.Random(2)
    rows = [(f"O{n:03}", chance.choice("XY"), chance.randint(1, 9), chance.randint(0, 3), "") for n in range(100)]
    coming = {f"S{n}": 20 for n in range(10)}
    planned = plan_tables(
        lines(*rows), supplies(*((name, "XY"[n % 2], n, 20) for n, name in enumerate(coming))), EVERYBODY, TODAY
    )
    sku_of = {row[0]: row[1] for row in rows}
    for peg in planned.pegs.to_pylist():
        coming[peg["supply"]] -= peg["units"]
        assert "XY"[int(peg["supply"][1:]) % 2] == sku_of[peg["order"]]
    assert set(coming.values()) == {0}  # more is wanted than there is: nothing is left either


def test_only_sites_that_a_line_names_serve_it() -> None:
    ours = lines(("A", "X", 2, 0, ""), ("B", "X", 2, 0, "")).append_column(
        "sites", pa.array([["SOUTH"], ["NORTH", "SOUTH"]])
    )
    coming = supplies(("S1", "X", 1, 2), ("S2", "X", 5, 2)).append_column("site", pa.array(["NORTH", "SOUTH"]))
    assert days_after(plan_tables(ours, coming, EVERYBODY, TODAY)) == {"A": day(5), "B": day(1)}


def test_lines_that_no_segment_takes_keep_what_they_hold_and_are_named() -> None:
    ours = lines(("A", "X", 1, 0, "gold"), ("B", "X", 1, 0, ""))
    gold = policy(Segment(name="gold", strategy="redistribute", filter=Filter(tier=("gold",))))
    planned = plan_tables(
        ours, supplies(("S1", "X", 1, 1), ("S2", "X", 2, 1)), gold, TODAY, pegs=pegs(("B", "S1", 1), ("A", "S2", 1))
    )
    assert planned.lines["segment"].to_pylist() == ["gold", None]
    assert planned.lines["outcome"].to_pylist() == ["unchanged", "unmatched"]


BAD = [
    (lines(("A", "X", 1, 0, "")).drop_columns(["sku"]), None, "lines: the column sku is missing"),
    (lines(("A", "X", 1, 0, ""), ("A", "X", 2, 0, "")), None, "lines: A 1 stands there twice"),
    (lines(("A", "X", -1, 0, "")), None, "lines.waiting: there are fewer than no units"),
    (lines(("A", "X", 1, 0, "")).append_column("colour", pa.array(["red"])), None, "lines.colour: no such column"),
    (
        lines(("A", "X", 1, 0, "")).append_column("promise", pa.array(["soon"])),
        None,
        "lines.promise: string is neither",
    ),
    (lines(("A", "X", 1, 0, "")), pegs(("B", "S1", 1)), "pegs.line: a peg names a line that is not among the lines"),
    (lines(("A", "X", 1, 0, "")), pegs(("A", "S9", 1)), "pegs.supply: a peg names a supply that is not among"),
    (lines(("A", "X", 9, 0, "")), pegs(("A", "S1", 9)), "supplies.quantity: lines hold more of S1 than there is"),
]


@pytest.mark.parametrize(("ours", "held", "message"), BAD)
def test_bad_tables_are_refused_by_name(ours: pa.Table, held: pa.Table | None, message: str) -> None:
    with pytest.raises(BadTable) as caught:
        plan_tables(ours, supplies(("S1", "X", 1, 5)), EVERYBODY, TODAY, pegs=held)
    assert str(caught.value).startswith(message)


def test_parquet_files_are_planned_from_the_command_line(tmp_path: Path) -> None:
    pq.write_table(lines(("A", "X", 2, 0, ""), ("B", "X", 2, 5, "")), tmp_path / "lines.parquet")
    pq.write_table(supplies(("S1", "X", 1, 2), ("S2", "X", 5, 2)), tmp_path / "supplies.parquet")
    said = {"policy": "P", "segments": [{"name": "all", "strategy": "redistribute"}]}
    (tmp_path / "policy.json").write_text(json.dumps(said))
    at = {name: str(tmp_path / f"{name}.parquet") for name in ("lines", "supplies", "out", "pegs")}
    asked = ["plan", str(tmp_path / "policy.json"), "--lines", at["lines"], "--supplies", at["supplies"]]
    asked += ["--today", "2026-12-01", "--out", at["out"], "--pegs-out", at["pegs"]]
    result = CliRunner().invoke(cli, asked)
    assert (result.exit_code, result.output) == (0, "2 lines: 2 gained\n")
    assert pq.read_table(at["out"])["day_after"].to_pylist() == [day(5), day(1)]
    assert pq.read_table(at["pegs"])["supply"].to_pylist() == ["S2", "S1"]
    (tmp_path / "policy.json").write_text(json.dumps(said | {"ranking": ["charm"]}))
    result = CliRunner().invoke(cli, asked)
    assert result.exit_code == 2
    assert "policy.json: ranking[0]: there is no key 'charm'" in result.output
