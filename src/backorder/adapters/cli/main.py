"""The commands that people type, their options and exit codes."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from backorder.adapters.cli.exits import FAILED, INTERRUPTED
from backorder.settings import DATABASE, value

EXIT_CODES = """\b
Exit codes:
  0    it ran (for `apply` a refused command is an answer, not a failure)
  1    the database or a file could not be reached, read or written, or what was to be done was refused
  2    the input or an option could not be understood
  3    `check` found something, or what was asked for is not there
  130  it was interrupted
"""

Clock = Callable[[], int]

_NOON = timedelta(hours=12)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Group(click.Group):
    """Lists its commands in the order in which one meets them, and turns failures into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of definition."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what failed outside is said in one line, without a traceback."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"Error: {where}{error.strerror}", err=True)
            ctx.exit(FAILED)
        except Exception as error:
            from backorder.kernel.errors import BackorderError

            if not isinstance(error, BackorderError):
                raise
            click.echo(f"Error: {error}", err=True)
            ctx.exit(FAILED)


@click.group(cls=Group, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="backorder")
def cli() -> None:
    """Keep selling while an item is out of stock, with dates you can stand behind.

    Start with `backorder demo`, or with `backorder init` and `backorder apply FILE.jsonl`.
    """


def database_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--database`, everywhere the same."""
    return click.option(
        "--database",
        "-d",
        metavar="PLACE",
        default=lambda: value(DATABASE),
        show_default=f"${DATABASE.name} or {DATABASE.default}",
        help="Path of a SQLite file, or URL of a PostgreSQL database.",
    )(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`, for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


def as_of_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--as-of`, for everything whose answer depends on the day; the command gets it as a moment called `now`."""

    def moment(ctx: click.Context, _parameter: click.Parameter, day: datetime | None) -> int:
        clock: Clock = ctx.obj
        if day is None:
            return clock()
        return (day.replace(tzinfo=UTC) + _NOON - _EPOCH) // timedelta(microseconds=1)

    return click.option(
        "--as-of",
        "now",
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="DAY",
        callback=moment,
        help="Answer as if it were noon (UTC) of this day.",
    )(command)


@cli.command()
@database_option
def init(database: str) -> None:
    """Make the database, or upgrade it to this version. Safe to repeat."""
    from backorder.storage.db import shown
    from backorder.storage.migrate import upgrade

    upgrade(database)
    click.echo(f"The database at {shown(database)} is ready.")


@cli.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--replay", is_flag=True, help="Let commands say when they happen (`at`): for replays of the past.")
@database_option
@click.pass_obj
def apply(clock: Clock, file: str, replay: bool, database: str) -> None:
    """Apply commands from a JSON Lines FILE (`-`: standard input).

    Prints one outcome per command, in order, as JSON lines. A line that cannot be read is answered `invalid` with
    its number; the others still run.
    """
    from backorder.adapters.cli.apply import apply_file

    apply_file(file, database, clock, replay=replay)


@cli.command("import")
@click.argument("kind", type=click.Choice(["sites", "suppliers", "items", "customers", "stock", "supplies", "orders"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--preset", type=click.Choice(["northwind", "odoo", "shopify", "woocommerce"]), help="A ready mapping.")
@click.option("--mapping", type=click.Path(exists=True, dir_okay=False), help="A mapping that was saved.")
@click.option("--save-mapping", type=click.Path(dir_okay=False), help="Save the mapping here for the next time.")
@click.option("--set", multiple=True, metavar="FIELD=HEADER", help="Take this column for a field.")
@click.option("--value", multiple=True, metavar="FIELD=TEXT", help="Set a field for all rows that do not say it.")
@click.option("--dates", type=click.Choice(["ymd", "dmy", "mdy"]), help="How the file writes days.")
@click.option("--decimal", type=click.Choice([".", ","]), help="The file's decimal sign.")
@click.option("--zone", help="Time zone of moments that name none, such as Europe/London; else UTC.")
@click.option("--sheet", help="The sheet of a workbook; else its first.")
@click.option("--rejects", type=click.Path(dir_okay=False), help="Where rows go that were not taken.")
@click.option("--dry-run", is_flag=True, help="Do all of it and give it up: says what would happen.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_option
@click.pass_obj
def import_(clock: Clock, /, kind: str, file: str, database: str, **options: Any) -> None:
    """Take over a running business from a CSV or XLSX FILE of some KIND.

    Which column is which field is guessed from the headers and shown before anything is done. Sites and items come
    first, then stock and supplies, then open orders with the promises they were given. The same file twice changes
    nothing. Rows that cannot be taken go to a file of rejects, to be mended and imported again.
    """
    from backorder.adapters.cli.import_file import import_file

    import_file(kind, file, database, clock(), options)


SHOWN = [
    *("order", "line", "item", "supply", "document", "shipment", "notice"),
    *("site", "supplier", "customer", "category"),
]


@cli.command()
@click.argument("kind", type=click.Choice(SHOWN))
@click.argument("ref", nargs=-1, required=True)
@as_of_option
@json_option
@database_option
def show(kind: str, ref: tuple[str, ...], now: int, as_json: bool, database: str) -> None:
    """Show one thing: an order, a line, an item, a supply, a document (a purchase order), a shipment and so on.

    For example `show order SO-1`, `show line SO-1 2`, `show item CHAIR`, `show supply PO-1`, `show document PO-1`,
    `show notice SO-1 1`.
    """
    from backorder.adapters.cli import read

    if len(ref) != (2 if kind in {"line", "notice"} else 1):
        named = {"line": "name a line by its order and line: show line SO-1 2"}
        named["notice"] = "name a notice by its order and number: show notice SO-1 1"
        raise click.UsageError(named.get(kind, "name one"))
    if kind == "notice" and not (ref[1].isascii() and ref[1].isdecimal() and len(ref[1]) < 8):
        raise click.UsageError("name a notice by its order and number: show notice SO-1 1")
    read.show(kind, ref, database, now, as_json=as_json)


FILTERS = {  # which of the filters narrow what
    "lines": {"waiting", "ready", "late", "at_risk", "held", "sku", "customer", "order", "supply", "site", "after"},
    "orders": {"waiting", "late", "held", "customer", "channel", "since", "until"},
    "items": {"waiting", "category", "supplier"},
    "supplies": {"overdue", "open", "sku", "site", "supplier", "document"},
    "stock": {"sku", "site"},
    "shipments": {"order", "customer", "since", "until"},
    "sites": {"country", "region"},
    "suppliers": set(),
    "customers": {"kind", "tier"},
    "categories": set(),
}


_DAYS = click.DateTime(["%Y-%m-%d"])


def _day(_ctx: click.Context, _parameter: click.Parameter, day: datetime | None) -> int | None:
    """The day's first moment, UTC, in microseconds."""
    return None if day is None else (day.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


@cli.command("list")
@click.argument("what", type=click.Choice(list(FILTERS)))
@click.option("--waiting", is_flag=True, help="Lines, orders, items: only what waits for supply.")
@click.option("--ready", is_flag=True, help="Lines with units to ship.")
@click.option("--late", is_flag=True, help="Lines past their promise, planned after it, or without one; their orders.")
@click.option("--at-risk", is_flag=True, help="Waiting lines whose promise may not be kept.")
@click.option("--held", is_flag=True, help="Orders on hold; their open lines.")
@click.option("--overdue", is_flag=True, help="Supplies that should have come.")
@click.option("--open", is_flag=True, help="Supplies still to come.")
@click.option("--sku", help="Lines, supplies, stock: only of this item.")
@click.option("--customer", help="Lines, orders, shipments: only of this customer.")
@click.option("--order", help="Lines, shipments of this order.")
@click.option("--supply", help="Lines that stand on this supply.")
@click.option("--site", help="Lines that stand on supply at this site; supplies, stock there.")
@click.option("--supplier", help="Supplies, items from this supplier.")
@click.option("--document", help="Supplies of this purchase order.")
@click.option("--category", help="Items of this category.")
@click.option("--channel", help="Orders from this channel.")
@click.option("--kind", type=click.Choice(["consumer", "business"]), help="Customers of this kind.")
@click.option("--tier", help="Customers of this tier.")
@click.option("--country", help="Sites in this country.")
@click.option("--region", help="Sites in this region.")
@click.option("--since", callback=_day, type=_DAYS, metavar="DAY", help="Orders, shipments of this day (UTC) or later.")
@click.option("--until", callback=_day, type=_DAYS, metavar="DAY", help="Orders, shipments before this day (UTC).")
@click.option("--after", nargs=2, metavar="ORDER LINE", help="Lines behind this one: the next page.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_of_option
@json_option
@database_option
def list_(what: str, now: int, database: str, as_json: bool, limit: int, **filters: Any) -> None:
    """List things of one kind: lines, orders, items, supplies, stock, shipments and so on."""
    from backorder.adapters.cli import read

    given = {name: chosen for name, chosen in filters.items() if chosen}
    foreign = sorted(given.keys() - FILTERS[what])
    if foreign:
        known = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(FILTERS[what]))
        use = f": use {known}" if known else ""
        raise click.UsageError(f"--{foreign[0].replace('_', '-')} does not narrow {what}{use}")
    read.list_things(what, database, now, as_json=as_json, limit=limit, filters=given)


@cli.command()
@click.argument("sku")
@click.argument("quantity", type=click.IntRange(1, 10**9), default=1)
@click.option("--customer", help="For this customer.")
@click.option("--region", help="Shipped to this region.")
@click.option("--site", "sites", multiple=True, help="Only from this site; may be given again.")
@click.option("--priority", type=click.IntRange(-1_000, 1_000), help="Of an order with this priority.")
@click.option("--requested-on", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Not before this day.")
@click.option("--accept-by", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Not after this day.")
@as_of_option
@json_option
@database_option
def quote(now: int, database: str, as_json: bool, **question: Any) -> None:
    """What QUANTITY of SKU would be promised if it were ordered now.

    Nothing is written.
    """
    from backorder.adapters.cli import read

    read.quote(database, now, question, as_json=as_json)


@cli.command()
@click.argument("order")
@click.argument("line")
@click.option(
    "--earlier", type=click.IntRange(1, 3_650), metavar="DAYS", help="What would bring it so many days sooner."
)
@click.option("--spoken", is_flag=True, help="Only what a customer can be told.")
@as_of_option
@json_option
@database_option
def explain(order: str, line: str, earlier: int | None, spoken: bool, now: int, as_json: bool, database: str) -> None:
    """Why a line has its date.

    What it stands on, who is ahead of it, how the date came about and who gained, and what would change it: the
    smallest changes that bring it to the day it was first promised or is wanted for, else one working day sooner.
    """
    from backorder.adapters.cli import read

    read.explain(order, line, database, now, earlier, spoken=spoken, as_json=as_json)


@cli.command()
@json_option
@database_option
def check(database: str, as_json: bool) -> None:
    """Verify every invariant on a live database.

    Says what disagrees, and exits 3 if something does.
    """
    from backorder.adapters.cli import read

    read.check(database, as_json=as_json)


@cli.command()
@click.option(
    "--from", "since", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Accepted on this day or later."
)
@click.option("--to", "until", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Accepted on this day or before.")
@as_of_option
@json_option
@database_option
def measures(now: int, database: str, as_json: bool, since: datetime | None, until: datetime | None) -> None:
    """How well promises were made and kept.

    Fill rates, backorders and their age, promises kept by the first and by the last date told, slippage,
    cancellations: of the orders accepted in a time, or of all.
    """
    from backorder.adapters.cli.measures import measures as show_measures

    days = (None if day is None else day.date() for day in (since, until))
    show_measures(database, now, *days, as_json=as_json)


@cli.command()
@click.argument("table", required=False)
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option("--folder", type=click.Path(file_okay=False), help="Write every table, or the one named, to files here.")
@database_option
def export(table: str | None, form: str, folder: str | None, database: str) -> None:
    """Export a TABLE, or all of them to a folder.

    JSON Lines carry every value as it is. In CSV, text that a spreadsheet would run as a formula gets a quote mark
    before it.
    """
    from backorder.adapters.cli import read

    read.export(table, form, folder, database)


@cli.group()
def person() -> None:
    """What is kept about a customer; erase it; see whose data may go."""


@person.command("export")
@click.argument("customer")
@click.option("--out", type=click.Path(dir_okay=False), help="Write it to this file.")
@database_option
def person_export(customer: str, out: str | None, database: str) -> None:
    """Everything that is kept about a CUSTOMER, as JSON."""
    from backorder.adapters.cli import people

    people.export(customer, out, database)


@person.command("erase")
@click.argument("customer", required=False)
@click.option("--due", is_flag=True, help="Everybody whose data may go (`person due`).")
@click.option(
    "--list", "listed", type=click.Path(exists=True, dir_okay=False), help="Everybody in this file, one id a line."
)
@click.option("--reason", help="Why; it is kept, so do not name them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_of_option
@database_option
def person_erase(
    customer: str | None, due: bool, listed: str | None, reason: str | None, yes: bool, now: int, database: str
) -> None:
    """Erase the personal data of a CUSTOMER. Orders and ledgers stay, as those of nobody.

    --list erases again, after a backup was restored, those who were erased since it was made; who is not there is
    passed over.
    """
    from backorder.adapters.cli import people

    if (customer is not None) + due + (listed is not None) != 1:
        raise click.UsageError("name a customer, or say --due or --list")
    if listed is not None:
        chosen = people.known(Path(listed), database)
    else:
        chosen = people.due(now, database) if customer is None else [customer]
    people.erase(chosen, reason, now, database, ask=not yes)


@person.command("due")
@as_of_option
@database_option
def person_due(now: int, database: str) -> None:
    """Customers who ordered longer ago than the shop keeps personal data (`put_shop keep_people_days`)."""
    from backorder.adapters.cli import people

    people.due(now, database)


@cli.command()
@click.option(
    "--database",
    "-d",
    metavar="PLACE",
    default="demo.db",
    show_default=True,
    help="A new SQLite file, made for the demo; with --full also the URL of an empty PostgreSQL database.",
)
@click.option("--seed", default=1, show_default=True, help="Another seed draws other delays of the suppliers.")
@click.option("--force", is_flag=True, help="Replace a file that the demo did not make.")
@click.option(
    "--full",
    metavar="PATH",
    type=click.Path(exists=True, dir_okay=False),
    help="Replay the whole year from UCI's Online Retail, as Parquet or CSV.",
)
def demo(database: str, seed: int, force: bool, full: str | None) -> None:
    """Replay six weeks of a real shop.

    Orders are accepted while out of stock, promised, slipped, served and shipped; the database stays to explore.
    With --full it is the whole year, every invoice line accounted for, which takes minutes.
    """
    from backorder.adapters.cli import demo as demos

    if full is None:
        demos.demo(database, seed, force=force)
    else:
        demos.full(full, database, seed, force=force)


@cli.command()
@click.argument("names", nargs=-1)
def bench(names: tuple[str, ...]) -> None:
    """Measure what docs/benchmarks.md shows.

    All figures, or some by NAME; needs a checkout of the project.
    """
    checkout = Path(__file__).parents[4]
    if not (checkout / "bench" / "__init__.py").exists():
        raise click.ClickException("the benchmarks are not installed: run this from a checkout of the project")
    sys.path.insert(0, str(checkout))
    from bench import run

    run(list(names), click.echo)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a SHELL.

    For example: eval "$(backorder completion bash)"
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "backorder", "_BACKORDER_COMPLETE").source())
