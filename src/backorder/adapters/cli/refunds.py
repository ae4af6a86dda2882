"""`backorder refunds`: money that has to go back, and recording that it did."""

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.give import by_option, give, tell
from backorder.adapters.cli.main import Clock, as_of_option, cli, database_option, json_option

_FORMS = ["same_method", "credit_memo", "statement", "cash", "cheque", "transfer"]


@cli.group()
def refunds() -> None:
    """Money that has to go back to customers, and recording that it did."""


@refunds.command("list")
@click.argument("order", required=False)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Of those of all orders.")
@as_of_option
@json_option
@database_option
def list_(order: str | None, limit: int, now: int, as_json: bool, database: str) -> None:
    """List what has to go back, or the refunds of ORDER.

    What has to go back is listed by deadline, overdue first; of ORDER those that were made are listed too.
    """
    from backorder.adapters.cli import owed

    with opened(database) as db:
        if order is None:
            owed.queue(db, now, limit, None, {"what": "refund"}, as_json=as_json)
        else:
            owed.list_refunds(db, order, now, as_json=as_json)


@refunds.command("record")
@click.argument("order")
@click.option(
    "--form", type=click.Choice(_FORMS), required=True, help="How it went back; statement: nothing was charged."
)
@click.option("--refund", type=click.IntRange(1, 10**6), help="This one, by its number, where several are due.")
@click.option("--amount", help="How much went back; else what was due.")
@click.option("--reference", help="The payment's own reference.")
@by_option
@database_option
@click.pass_obj
def record(
    clock: Clock,
    /,
    order: str,
    form: str,
    refund: int | None,
    amount: str | None,
    reference: str | None,
    by: str,
    database: str,
) -> None:
    """Record that the money of ORDER went back.

    It is all that was due, and no voucher.
    """
    said = {"order": order, "form": form, "refund": refund, "amount": amount, "reference": reference, "by": by}
    outcome = give(clock, database, {"do": "record_refund", **said})
    tell(outcome, f"Refund {outcome.quantity} of order {outcome.subject} is recorded.")
