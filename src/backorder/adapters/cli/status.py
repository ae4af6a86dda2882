"""`backorder status`: links that open an order's status page for its customer, and what was chosen there."""

import sys

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.give import give, tell
from backorder.adapters.cli.main import Clock, cli, database_option, json_option
from backorder.adapters.drawn import draw


@cli.group()
def status() -> None:
    """The page on which an order's customer sees where it is and chooses what to do."""


@status.command("link")
@click.argument("order")
@click.option("--read", "purpose", flag_value="read", default="answer", help="Let nobody choose by it: it only shows.")
@click.option(
    "--days",
    type=click.IntRange(1, 365),
    default=30,
    show_default=True,
    help="How long it works after the order ended.",
)
@click.option(
    "--base", metavar="URL", default="", help="Where the service is for customers: https://orders.example.com"
)
@database_option
@click.pass_obj
def link(clock: Clock, /, order: str, purpose: str, days: int, base: str, database: str) -> None:
    """Make a link to the status page of ORDER and print it, this once.

    Whoever has it can see the order and choose for its customer. Kept is its digest alone.
    """
    drawn = draw()
    said = {"order": order, "digest": drawn.digest, "purpose": purpose, "days": days}
    give(clock, database, {"do": "put_status_link", **said})
    click.echo(base.rstrip("/") + drawn.path)


@status.command("revoke")
@click.argument("order")
@click.option("--link", "number", type=click.IntRange(1, 10**6), help="This one, by its number; else all of them.")
@database_option
@click.pass_obj
def revoke(clock: Clock, /, order: str, number: int | None, database: str) -> None:
    """Let links to the status page of ORDER open nothing any more."""
    outcome = give(clock, database, {"do": "revoke_status_link", "order": order, "link": number})
    count = outcome.quantity or 0
    which = "1 link" if count == 1 else f"{count} links"
    tell(outcome, f"Revoked {which} of order {outcome.subject}.")


@status.command("show")
@click.argument("order")
@json_option
@database_option
def show(order: str, as_json: bool, database: str) -> None:
    """Show the links of ORDER, and what was chosen on its page."""
    import msgspec

    from backorder.adapters.cli.tables import table
    from backorder.kernel.composing import composed
    from backorder.queries.status import links

    with opened(database) as db:
        found = links(db, composed(order))
    if found is None:
        click.echo(f"{order}: No order has this id.", err=True)
        sys.exit(MISSING)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    rows = [
        [str(one.link), one.purpose, f"{one.made_at:%Y-%m-%d %H:%M}", str(one.days), _when(one.revoked_at)]
        for one in found.links
    ]
    table(["link", "opens to", "made (UTC)", "days after the end", "revoked"], rows)
    if found.choices:
        chosen = [
            [
                str(one.choice),
                one.answer,
                ", ".join(one.lines),
                f"{one.at:%Y-%m-%d %H:%M}",
                one.state,
                one.message or "",
            ]
            for one in found.choices
        ]
        table(["choice", "answer", "lines", "at (UTC)", "state", "because"], chosen)


def _when(moment: object) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
