"""`backorder policies`: how the backlog is reallocated, as data."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.give import by_option, give, tell
from backorder.adapters.cli.main import Clock, as_of_option, cli, database_option, json_option

if TYPE_CHECKING:
    from backorder.kernel.segments import Policy  # loaded when a command runs

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@cli.group()
def policies() -> None:
    """Reallocation policies: who may gain, who may lose, and in which order, as JSON."""


@policies.command("list")
@json_option
@database_option
def list_(as_json: bool, database: str) -> None:
    """List policies by name, each in its latest version."""
    import msgspec

    from backorder.adapters.cli.tables import table
    from backorder.queries.reallocation import list_policies

    with opened(database) as db:
        found = list_policies(db)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    if not found:
        click.echo("No policy was put yet: write one, and put it with `backorder policies put FILE`.")
    rows = [
        (
            one.policy,
            one.version,
            ", ".join(f"{segment.name} ({segment.strategy})" for segment in one.body.segments),
            "-" if one.next_run is None else f"{one.next_run:%Y-%m-%d %H:%M}",
        )
        for one in found
    ]
    table(("policy", "version", "segments", "next run (UTC)"), rows, ("version",), ("policy",))


@policies.command("show")
@click.argument("policy")
@click.option("--version", type=click.IntRange(1), help="Not the latest, but this one.")
@database_option
def show(policy: str, version: int | None, database: str) -> None:
    """Print POLICY as JSON.

    Kept in a file and changed, it can be put again.
    """
    import msgspec

    from backorder.queries.reallocation import show_policy

    with opened(database) as db:
        found = show_policy(db, policy, version)
    if found is None:
        click.echo(f"There is no policy {policy}{'' if version is None else f' in version {version}'}.", err=True)
        sys.exit(MISSING)
    click.echo(msgspec.json.format(msgspec.json.encode(found.body), indent=2).decode())


@policies.command("put")
@click.argument("file", type=_FILE)
@by_option
@database_option
@click.pass_obj
def put(clock: Clock, /, file: Path, by: str, database: str) -> None:
    """Put the policy in FILE, as a whole: what it leaves out has its default.

    Runs go by the version that is there when they begin; older versions stay to be read.
    """
    said = _read(file)
    outcome = give(clock, database, {**said, "do": "put_policy", "by": by})
    tell(outcome, f"Policy {outcome.subject} holds from now on.")


@policies.command("preview")
@click.argument("policy")
@as_of_option
@json_option
@database_option
def preview(policy: str, now: int, as_json: bool, database: str) -> None:
    """Say how many lines each segment of POLICY takes now: the name of one that was put, or a file.

    Nothing is planned or written.
    """
    import msgspec

    from backorder.adapters.cli.tables import table
    from backorder.queries.reallocation import preview as look

    with opened(database) as db:
        found = look(db, now, _wanted(db, policy, now))
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    rows: list[Any] = [(one.segment, one.strategy, one.lines, one.orders, one.units) for one in found.segments]
    rows.append(("(no segment)", "untouched", found.unmatched, "", ""))
    table(("segment", "strategy", "lines", "orders", "units"), rows, ("lines", "orders", "units"))
    click.echo(f"{found.lines:,} lines are open.")


def _wanted(db: Any, policy: str, now: int) -> "Policy":
    """The policy of a name, or that in a file, which could be put."""
    from datetime import UTC

    from backorder.kernel.calendars import moment_datetime
    from backorder.queries.reallocation import show_policy

    known = show_policy(db, policy)
    if known is not None:
        return known.body
    if not Path(policy).is_file():
        click.echo(f"There is no policy {policy}, and no file of that name.", err=True)
        sys.exit(MISSING)
    return read_policy(Path(policy), moment_datetime(now).astimezone(UTC).date())


def read_policy(file: Path, today: date) -> "Policy":
    """The policy in a file. Ends with what is wrong with it where it could not be put on that day."""
    from backorder.commands import decode
    from backorder.commands.reallocation import PutPolicy, policy_of
    from backorder.kernel.calendars import day_number
    from backorder.kernel.outcomes import Outcome
    from backorder.kernel.segments import trouble

    command = decode({**_read(file), "do": "put_policy"})
    if isinstance(command, Outcome):
        raise click.UsageError(f"{file}: {command.field}: {command.message}")
    assert isinstance(command, PutPolicy)
    found = policy_of(command)
    wrong = trouble(found, day_number(today))
    if wrong is not None:
        raise click.UsageError(f"{file}: {wrong[0]}: {wrong[1]}")
    return found


def _read(file: Path) -> dict[str, Any]:
    """The JSON object in a file. Ends with what is wrong with it where there is none."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise click.UsageError(f"{file} is not valid UTF-8") from None
    except json.JSONDecodeError as error:
        raise click.UsageError(f"{file}:{error.lineno}: {error.msg}: a policy is a JSON object") from None
    if not isinstance(said, dict):
        raise click.UsageError(f"{file}: a policy is a JSON object")
    return said
