"""What `backorder import` says and asks: the mapping before it runs, the sum of it afterwards."""

import sys
from pathlib import Path
from typing import Any

import click

from backorder.adapters.cli.tables import table
from backorder.adapters.cli.who import who
from backorder.adapters.imports import mapping as mappings
from backorder.adapters.imports import sheets
from backorder.adapters.imports.fields import KINDS
from backorder.adapters.imports.run import Result, run, ways_of, write_rejects
from backorder.adapters.imports.values import Unclear, Ways
from backorder.kernel.tongues import ENGLISH
from backorder.storage.db import open_database

SHOWN_MAX = 20  # rejects on the screen; the file has all of them


def import_file(kind: str, file: str, database: str, now: int, options: dict[str, Any]) -> None:
    """Import one file; what cannot be understood is said with what to do, and ends with exit code 2."""
    try:
        sheet = sheets.read(Path(file), options["sheet"])
        mapping = _mapping(kind, sheet.headers, options)
        ways = ways_of(sheet, mapping)
    except (sheets.Unreadable, mappings.BadMapping, Unclear) as error:
        raise click.UsageError(str(error)) from error
    _show(kind, sheet, mapping, ways)
    if options["save_mapping"]:
        mappings.save(Path(options["save_mapping"]), mapping)
        click.echo(f"The mapping is saved in {options['save_mapping']}.")
    if not options["dry_run"]:
        _ask(options)
    db = open_database(database)
    try:
        result = run(db, now, sheet, mapping, dry=options["dry_run"], actor=None if options["dry_run"] else who())
    finally:
        db.close()
    rejects = Path(options["rejects"]) if options["rejects"] else _fresh(file)
    _report(sheet, result, rejects, ways, dry=options["dry_run"])


def _fresh(file: str) -> Path:
    """A name for the reject file that takes nobody's place: an earlier one may be half mended."""
    path, n = Path(f"{file}.rejects.csv"), 1
    while path.exists():
        n += 1
        path = Path(f"{file}.rejects-{n}.csv")
    return path


def _mapping(kind: str, headers: list[str], options: dict[str, Any]) -> mappings.Mapping:
    if options["mapping"]:
        found = mappings.load(Path(options["mapping"]), kind)
    elif options["preset"]:
        found = mappings.preset(kind, options["preset"])
        found.columns = {name: header for name, header in found.columns.items() if _there(header, headers, name, kind)}
    else:
        found = mappings.guess(kind, headers)
    changes = {name: options[name] for name in ("dates", "decimal", "zone")}
    changes |= {"columns": _pairs(options["set"], "--set"), "values": _pairs(options["value"], "--value")}
    return mappings.fitted(found, headers, changes)


def _there(header: str, headers: list[str], name: str, kind: str) -> bool:
    """Columns that an export can leave out are let go; those that the kind needs are missed with a message."""
    needed = any(field.name == name and field.required for field in KINDS[kind])
    return needed or header in headers


def _pairs(told: tuple[str, ...], option: str) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in told)
    if any("=" not in text for text in told):
        raise click.UsageError(f"{option} takes FIELD=TEXT")
    return pairs


def _show(kind: str, sheet: sheets.Sheet, mapping: mappings.Mapping, ways: Ways) -> None:
    """Which column is taken for what, with what stands in its first row."""
    if sheet.note:
        click.echo(f"Note: {ENGLISH.say(sheet.note)}.")
    first = next((row.cells for row in sheet.rows if row.trouble is None), [])
    rows = []
    for field in KINDS[kind]:
        header = mapping.columns.get(field.name)
        if header is not None:
            place = sheet.headers.index(header)
            rows.append((field.name, header, first[place] if place < len(first) else ""))
        elif field.name in mapping.values:
            rows.append((field.name, "(all rows)", mapping.values[field.name]))
    table(("field", "column", "first row"), rows)
    unused = [header for header in sheet.headers if header and header not in mapping.columns.values()]
    if unused:
        click.echo(f"Not taken: {', '.join(unused[:20])}{', ...' if len(unused) > 20 else ''}")
    rows_there = "1 row" if len(sheet.rows) == 1 else f"{len(sheet.rows):,} rows"
    click.echo(f"{rows_there}; days are {ways.dates}, the decimal sign is {ways.decimal}")


def _ask(options: dict[str, Any]) -> None:
    """Go on where somebody said so beforehand, or says so now."""
    if options["yes"] or options["mapping"] or options["preset"]:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("look at the mapping above, then say --yes, or --dry-run to see what would happen")
    click.confirm("Import them?", abort=True)


def _report(sheet: sheets.Sheet, result: Result, rejects: Path, ways: Ways, *, dry: bool) -> None:
    if dry:
        click.echo("\nThis is what would happen; nothing was written.")
    click.echo()
    for word, count in sorted(result.words.items()):
        click.echo(f"  {word:<32}{count:>10,}")
    if result.left_out:
        click.echo(f"  {'rows left out by the mapping':<32}{result.left_out:>10,}")
    if result.rejects:
        click.echo(f"  {'rows not taken':<32}{len(result.rejects):>10,}")
        for reject in result.rejects[:SHOWN_MAX]:
            reason = str(reject.reason)
            where = "" if reason.startswith("line ") else f"line {reject.row.number}: "
            click.echo(f"    {where}{reason}")
        if len(result.rejects) > SHOWN_MAX:
            click.echo(f"    and {len(result.rejects) - SHOWN_MAX:,} more")
        if not dry:
            write_rejects(rejects, sheet, result.rejects)
            click.echo(f"They are in {rejects}, each with its reason. Mend them there and import that file")
            click.echo(f"in the same way, with --dates {ways.dates} --decimal {ways.decimal}")
