"""The commands that people type, their options and exit codes."""

from collections.abc import Callable
from typing import Any

import click

from backorder.adapters.cli.exits import FAILED
from backorder.settings import DATABASE, value

EXIT_CODES = """\b
Exit codes:
  0  it ran (a refused command is an answer, not a failure)
  1  the database could not be reached, read or written
  2  the input or an option could not be understood
  3  `check` found something, or what was asked for is not there
"""

Clock = Callable[[], int]


class Group(click.Group):
    """Lists its commands in the order in which one meets them, and turns failures into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of definition."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what failed outside is said in one line, without a traceback."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError, KeyboardInterrupt):
            raise
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
        default=lambda: value(DATABASE),
        show_default=f"${DATABASE.name} or {DATABASE.default}",
        help="Path of a SQLite file, or URL of a PostgreSQL database.",
    )(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`, for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


@cli.command()
@database_option
def init(database: str) -> None:
    """Make the database, or upgrade it to this version. Safe to repeat."""
    from backorder.storage.migrate import upgrade

    upgrade(database)
    click.echo(f"The database at {database} is ready.")


@cli.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--replay", is_flag=True, help="Let commands say when they happen (`at`): for replays of the past.")
@database_option
@click.pass_obj
def apply(clock: Clock, file: str, replay: bool, database: str) -> None:
    """Apply commands from a JSON Lines FILE (`-` for standard input), one outcome per line, in order.

    A line that cannot be read is answered `invalid` with its number; the others still run.
    """
    from backorder.adapters.cli.apply import apply_file

    apply_file(file, database, clock, replay=replay)


@cli.command()
@click.argument("kind", type=click.Choice(["order", "line", "item", "supply"]))
@click.argument("ref", nargs=-1, required=True)
@json_option
@database_option
@click.pass_obj
def show(clock: Clock, kind: str, ref: tuple[str, ...], as_json: bool, database: str) -> None:
    """Show one thing: `show order SO-1`, `show line SO-1 2`, `show item CHAIR`, `show supply PO-1`."""
    from backorder.adapters.cli import read

    if len(ref) != (2 if kind == "line" else 1):
        raise click.UsageError("name a line by its order and line: show line SO-1 2" if kind == "line" else "name one")
    read.show(kind, ref, database, clock(), as_json=as_json)


@cli.command("list")
@click.argument("what", type=click.Choice(["lines", "orders", "items", "supplies"]))
@click.option("--waiting", is_flag=True, help="Only what waits for supply.")
@click.option("--ready", is_flag=True, help="Lines with units to ship.")
@click.option("--late", is_flag=True, help="Lines past their promise, planned after it, or without one.")
@click.option("--at-risk", is_flag=True, help="Waiting lines whose promise may not be kept.")
@click.option("--overdue", is_flag=True, help="Supplies that should have come.")
@click.option("--open", "still_open", is_flag=True, help="Supplies still to come.")
@click.option("--sku", help="Only of this item.")
@click.option("--customer", help="Only of this customer.")
@click.option("--order", help="Only of this order.")
@click.option("--supply", help="Only lines that stand on this supply.")
@click.option("--after", nargs=2, metavar="ORDER LINE", help="Continue behind this line.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@database_option
@click.pass_obj
def list_(clock: Clock, /, what: str, database: str, as_json: bool, **filters: Any) -> None:
    """List lines, orders, items or supplies."""
    from backorder.adapters.cli import read

    read.list_things(what, database, clock(), as_json=as_json, **filters)


@cli.command()
@click.argument("sku")
@click.argument("quantity", type=click.IntRange(1, 10**9), default=1)
@click.option("--customer", help="For this customer.")
@click.option("--region", help="Shipped to this region.")
@click.option("--site", "sites", multiple=True, help="Only from this site; may be given again.")
@click.option("--requested-on", type=click.DateTime(["%Y-%m-%d"]), help="Not before this day.")
@json_option
@database_option
@click.pass_obj
def quote(clock: Clock, /, database: str, as_json: bool, **question: Any) -> None:
    """What QUANTITY of SKU would be promised if it were ordered now. Nothing is written."""
    from backorder.adapters.cli import read

    read.quote(database, clock(), question, as_json=as_json)


@cli.command()
@click.argument("order")
@click.argument("line")
@database_option
@click.pass_obj
def explain(clock: Clock, order: str, line: str, database: str) -> None:
    """Why a line has its date: what it stands on, who is ahead, how the date came about."""
    from backorder.adapters.cli import read

    read.explain(order, line, database, clock())


@cli.command()
@json_option
@database_option
def check(database: str, as_json: bool) -> None:
    """Verify every invariant on a live database and say what disagrees. Exits 3 if something does."""
    from backorder.adapters.cli import read

    read.check(database, as_json=as_json)


@cli.command()
@click.argument("table", required=False)
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option("--folder", type=click.Path(file_okay=False), help="Write every table, or the one named, to files here.")
@database_option
def export(table: str | None, form: str, folder: str | None, database: str) -> None:
    """Export a TABLE to standard output, or all of them to files in a folder."""
    from backorder.adapters.cli import read

    read.export(table, form, folder, database)


@cli.command()
@click.option("--database", "-d", default="demo.db", show_default=True, help="A new database, made for the demo.")
@click.option("--seed", default=1, show_default=True, help="Another seed draws other delays of the suppliers.")
@click.option("--force", is_flag=True, help="Replace a demo database that is there already.")
def demo(database: str, seed: int, force: bool) -> None:
    """Replay some weeks of a real shop: orders accepted while out of stock, promised, slipped, served, shipped."""
    from backorder.adapters.cli.demo import demo as run_demo

    run_demo(database, seed, force=force)


@cli.command()
@click.argument("names", nargs=-1)
def bench(names: tuple[str, ...]) -> None:
    """Measure the figures of docs/benchmarks.md, all or some by NAME; needs a checkout of the project."""
    try:
        from bench import run
    except ImportError as error:
        raise click.ClickException("the benchmarks are part of the project's checkout: run this from there") from error
    run(list(names), click.echo)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a SHELL: `eval "$(backorder completion bash)"`."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "backorder", "_BACKORDER_COMPLETE").source())
