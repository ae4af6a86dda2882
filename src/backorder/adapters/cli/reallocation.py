"""`backorder reallocate` and `backorder runs`: plans that take from one to give to another, seen before they hold."""

import sys
from typing import TYPE_CHECKING, Any

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.give import by_option, give, tell
from backorder.adapters.cli.main import Clock, as_of_option, cli, database_option, json_option

if TYPE_CHECKING:
    from backorder.queries.reallocation import PlanLineView, RunView, TotalsView  # loaded when a command runs


@cli.command()
@click.option("--policy", required=True, help="The policy to plan by.")
@click.option("--run", help="The id of the run; else made of the policy and the moment.")
@click.option("--simulate/--commit", default=True, show_default="simulate", help="Only plan, or let the plan hold.")
@by_option
@json_option
@database_option
@click.pass_obj
def reallocate(
    clock: Clock, /, policy: str, run: str | None, simulate: bool, by: str, as_json: bool, database: str
) -> None:
    """Plan the backlog anew by a policy, and say what would change.

    The plan is kept as a run: look at it with `backorder runs`, and commit it on the same day. Nothing changes before.
    """
    from backorder.kernel.calendars import moment_datetime

    name = run or f"{policy} {moment_datetime(clock()):%Y-%m-%d %H:%M:%S}"
    give(clock, database, {"do": "reallocate", "run": name, "policy": policy, "commit": not simulate, "by": by})
    _show(database, name, as_json=as_json)


@cli.group()
def runs() -> None:
    """Runs of reallocation: what they plan, letting a plan hold, taking it back."""


@runs.command("list")
@click.option("--policy", help="Only those by this policy.")
@click.option("--state", help="Only those in this state, such as simulated or committed.")
@click.option("--after", metavar="RUN", help="What comes behind this one: the next page.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@database_option
def list_(policy: str | None, state: str | None, after: str | None, limit: int, as_json: bool, database: str) -> None:
    """List runs, the newest first."""
    import msgspec

    from backorder.adapters.cli.tables import table
    from backorder.queries.reallocation import list_runs

    with opened(database) as db:
        found = list_runs(db, policy=policy, state=state, after=after, limit=limit)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    rows = [(one.run, f"{one.policy} v{one.version}", one.state, *_short(one.totals)) for one in found]
    table(("run", "policy", "state", "changed", "later", "sooner"), rows, ("changed", "later", "sooner"))


def _short(totals: "TotalsView | None") -> tuple[Any, Any, Any]:
    return ("-", "-", "-") if totals is None else (totals.changed, totals.later, totals.sooner)


@runs.command("show")
@click.argument("run")
@json_option
@database_option
def show(run: str, as_json: bool, database: str) -> None:
    """Show RUN: how far it is, and what its plan comes to."""
    _show(database, run, as_json=as_json)


@runs.command("lines")
@click.argument("run")
@click.option("--segment", help="Only lines that this segment took.")
@click.option("--outcome", help="Only lines that come out so, such as gained or lost.")
@click.option("--exception", type=click.Choice(["win", "gain"]), help="Only lines for which this was not kept.")
@click.option("--applied", help="Only lines of which the commit says this, such as changed.")
@click.option("--order", help="Only lines of this order.")
@click.option("--unmatched", is_flag=True, help="Only lines that no segment took.")
@click.option("--after", type=click.IntRange(0), default=0, metavar="N", help="What comes behind this number.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@database_option
def lines(run: str, as_json: bool, database: str, **asked: Any) -> None:
    """List the lines of RUN that change, in the order in which they were served, before and after."""
    import msgspec

    from backorder.adapters.cli.tables import table
    from backorder.queries.reallocation import list_plan_lines, show_run

    with opened(database) as db:
        if show_run(db, run) is None:
            _missing(run)
        found = list_plan_lines(db, run, **asked)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    table(
        ("n", "order", "line", "segment", "outcome", "promise", "then", "stands on", "then on", "commit"),
        [_row(one) for one in found],
        ("n",),
    )
    if len(found) == asked["limit"]:
        click.echo(f"There may be more: --after {found[-1].n}")


def _row(one: "PlanLineView") -> tuple[Any, ...]:
    outcome = one.outcome if one.exception is None else f"{one.outcome} ({one.exception} not kept)"
    before, after = (" + ".join(f"{held.quantity} {held.supply}" for held in side) or "-"
                     for side in (one.before, one.after))  # fmt: skip
    days = [day or "no day" for day in (one.before_promise, one.after_promise)]
    return one.n, one.order, one.line, one.segment or "-", outcome, *days, before, after, one.applied or "-"


@runs.command("compare")
@click.argument("policies", nargs=-1, required=True)
@as_of_option
@json_option
@database_option
def compare(policies: tuple[str, ...], now: int, as_json: bool, database: str) -> None:
    """Put two or more POLICIES side by side on the backlog as it is now. Nothing is kept."""
    import msgspec

    from backorder.adapters.cli.tables import table
    from backorder.kernel.outcomes import Outcome
    from backorder.queries.reallocation import compare as look

    if len(policies) < 2:
        raise click.UsageError("name two policies or more")
    with opened(database) as db:
        found = look(db, now, policies)
    if isinstance(found, Outcome):
        click.echo(f"There is no policy {found.subject}.", err=True)
        sys.exit(MISSING)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    told = [dict(_facts(side.totals)) for side in found.sides]
    names = list(dict.fromkeys(name for facts in told for name in facts))
    rows = [(name, *(facts.get(name, "-") for facts in told)) for name in names]
    table(("", *(side.policy for side in found.sides)), rows)
    different = [
        (one.order, one.line, *(day or "no day" for day in (one.promise, *one.promises))) for one in found.differences
    ]
    click.echo(f"{found.differing:,} lines come out differently" + (":" if different else "."))
    table(("order", "line", "promise now", *(side.policy for side in found.sides)), different)


@runs.command("commit")
@click.argument("run")
@json_option
@database_option
@click.pass_obj
def commit(clock: Clock, /, run: str, as_json: bool, database: str) -> None:
    """Let the plan of RUN hold. Lines that changed since it was made keep what they have, and are named."""
    tell(give(clock, database, {"do": "commit_plan", "run": run}), f"The plan of {run} holds.")
    _show(database, run, as_json=as_json)


@runs.command("undo")
@click.argument("run")
@json_option
@database_option
@click.pass_obj
def undo(clock: Clock, /, run: str, as_json: bool, database: str) -> None:
    """Take the plan of RUN back. Lines that changed since it held keep what they have, and are named."""
    tell(give(clock, database, {"do": "undo_plan", "run": run}), f"The plan of {run} is taken back.")
    _show(database, run, as_json=as_json)


def _missing(run: str) -> None:
    click.echo(f"There is no run {run}.", err=True)
    sys.exit(MISSING)


def _show(database: str, run: str, *, as_json: bool) -> None:
    import msgspec

    from backorder.adapters.cli.tables import facts
    from backorder.queries.reallocation import show_run

    with opened(database) as db:
        found = show_run(db, run)
    if found is None:
        _missing(run)
        return
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    title = f"Run {found.run}: {found.state}, by policy {found.policy} in version {found.version}"
    told = {"made": f"{found.at:%Y-%m-%d %H:%M} UTC by {found.by or '-'}"} | _state(found)
    facts(title, told | ({} if found.totals is None else dict(_facts(found.totals))))
    if found.totals is not None and found.state == "simulated" and found.totals.changed:
        click.echo(f"Line by line: backorder runs lines '{run}'. To let it hold: backorder runs commit '{run}'.")


def _state(found: "RunView") -> dict[str, str]:
    told = {}
    if found.note is not None:
        told["why"] = found.note
    if found.progress < found.size:
        told["so far"] = f"{found.progress:,} of {found.size:,} lines"
    if found.state == "simulated":
        told["can be committed"] = f"on {found.today}"
    if found.committed_at is not None:
        told["committed"] = f"{found.committed_at:%Y-%m-%d %H:%M} UTC"
    if found.undone_at is not None:
        told["undone"] = f"{found.undone_at:%Y-%m-%d %H:%M} UTC"
    if found.totals is not None and found.committed_at is not None:
        word = "hold it" if found.undone_at is None else "have back what they had"
        told["carried out"] = f"{found.totals.applied:,} lines {word}, {found.totals.refused:,} had changed since"
    return told


def _facts(totals: "TotalsView") -> list[tuple[str, str]]:
    """What a plan comes to, in words, most asked for first."""
    outcomes = ", ".join(f"{count:,} {word}" for word, count in totals.outcomes.items() if count)
    found = [
        ("lines", f"{totals.lines:,} open: {outcomes or 'none'}"),
        ("no segment took", f"{totals.unmatched:,}"),
        ("change", f"{totals.changed:,} lines: {totals.later:,} later, {totals.sooner:,} sooner"),
        ("days lost and got", f"{totals.without_day:,} lose their day, {totals.with_day:,} get one"),
        ("first promises", f"{totals.broken:,} broken, {totals.mended:,} mended"),
        ("lines on time", f"{totals.on_time.before:,} -> {totals.on_time.after:,}"),
        ("units on time", f"{totals.units_on_time.before:,} -> {totals.units_on_time.after:,}"),
        ("orders covered", f"{totals.covered_orders.before:,} -> {totals.covered_orders.after:,}"),
        ("legal deadlines", f"{totals.endangered.before:,} endangered -> {totals.endangered.after:,}"),
        ("customers to tell", f"{totals.notify:,}"),
    ]
    for currency, value in (totals.value_on_time or {}).items():
        found.append((f"on time in {currency}", f"{value.before} -> {value.after}"))
    if totals.win or totals.gain:
        found.append(("exceptions", f"{totals.win:,} win, {totals.gain:,} gain not kept"))
    if totals.stopped:
        found.append(("stopped", "a win or a gain was not kept: the policy says that nothing is planned then"))
    for one in totals.segments:
        words = ", ".join(f"{count:,} {word}" for word, count in one.outcomes.items() if count)
        found.append(
            (f"  {one.segment}", f"{one.strategy}{' (fallback)' if one.fallback else ''}: {words or 'nobody'}")
        )
    return found
