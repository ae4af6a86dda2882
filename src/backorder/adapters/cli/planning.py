"""`backorder plan`: a plan from and to Parquet files, without a database."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from backorder.adapters.cli.main import cli
from backorder.adapters.cli.policies import read_policy

_IN = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)


@cli.command()
@click.argument("policy", type=_IN)
@click.option("--lines", type=_IN, required=True, help="Open lines: order, line, sku, waiting, and what filters name.")
@click.option("--supplies", type=_IN, required=True, help="Supplies: supply, sku, ships_on, quantity.")
@click.option("--pegs", type=_IN, help="What lines hold now: order, line, supply, units.")
@click.option("--fallback", type=_IN, help="The policy by which items are planned where this one is violated.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day it is planned on.")
@click.option("--out", type=_OUT, required=True, help="Where the lines go, with what becomes of them.")
@click.option("--pegs-out", type=_OUT, help="Where the pegs go that lines hold afterwards.")
def plan(
    policy: Path, lines: Path, supplies: Path, pegs: Path | None, fallback: Path | None, today: datetime, out: Path,
    pegs_out: Path | None,
) -> None:  # fmt: skip
    """Plan a backlog in Parquet files by the POLICY in a JSON file. No database is read or written."""
    tables = [None if file is None else _read(file) for file in (lines, supplies, pegs)]
    from backorder.adapters.arrow import BadTable, plan_tables

    day = date(today.year, today.month, today.day)
    wanted = [None if file is None else read_policy(file, day) for file in (policy, fallback)]
    assert wanted[0] is not None
    try:
        planned = plan_tables(tables[0], tables[1], wanted[0], day, pegs=tables[2], fallback=wanted[1])
    except BadTable as error:
        raise click.UsageError(str(error)) from None
    _write(planned.lines, out)
    if pegs_out is not None:
        _write(planned.pegs, pegs_out)
    counts: dict[str, int] = {}
    for word in planned.lines.column("outcome").to_pylist():
        counts[word] = counts.get(word, 0) + 1
    click.echo(f"{len(planned.lines):,} lines: " + ", ".join(f"{n:,} {word}" for word, n in sorted(counts.items())))
    if len(planned.violations):
        click.echo(f"{len(planned.violations):,} exceptions: a win or a gain could not be kept.")


def _read(file: Path) -> Any:
    try:
        import numpy  # noqa: F401, ICN001  # the planner's columns
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        message = 'planning from Parquet needs pyarrow and numpy: install them with pip install "backorder[fast,full]"'
        raise click.ClickException(message) from None
    try:
        return pq.read_table(file)
    except pa.ArrowInvalid as error:
        raise click.UsageError(f"{file}: {error}") from None


def _write(table: Any, file: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, file)
