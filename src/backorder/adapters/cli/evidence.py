"""`backorder evidence`: what the customer of an order was promised, told, answered and paid back, as one document."""

import sys
from pathlib import Path

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.main import cli, database_option
from backorder.kernel.composing import composed


@cli.command()
@click.argument("order")
@click.option("--format", "form", type=click.Choice(["html", "pdf", "json"]), default="html", show_default=True)
@click.option("--out", "-o", type=click.Path(dir_okay=False, allow_dash=True), help="Write it here; -: to the output.")
@database_option
def evidence(order: str, form: str, out: str | None, database: str) -> None:
    """Write the evidence of ORDER as one document.

    It has every promise, the rules, every notice as it was sent, answers, refunds and shipments. PDF asks for the extra
    `documents`. Without --out the file is named after the order.
    """
    from backorder.adapters import documents
    from backorder.queries.evidence import of_order

    order = composed(order)
    with opened(database) as db:
        found = of_order(db, order)
    if found is None:
        click.echo(f"There is no order {order}.", err=True)
        sys.exit(MISSING)
    made = documents.FORMS[form].make(found, withheld=False)
    if out == "-":
        click.echo(made, nl=False)
        return
    path = Path(out or documents.file_name(order, form))
    path.write_bytes(made)
    click.echo(f"{path}: {len(made):,} bytes")
