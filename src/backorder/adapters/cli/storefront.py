"""`backorder storefront` and `backorder feed`: what the shop says of its items."""

import sys
from pathlib import Path

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.main import as_of_option, cli, database_option, json_option
from backorder.kernel.composing import composed


@cli.command()
@click.argument("sku")
@click.argument("quantity", type=click.IntRange(1, 10**9), default=1)
@click.option("--country", help="Where the customer is: two letters.")
@click.option("--language", "wanted", help="What they speak, such as de or fr-CH; else what their country speaks.")
@click.option("--region", help="Shipped to this region.")
@as_of_option
@json_option
@database_option
def storefront(
    sku: str,
    quantity: int,
    country: str | None,
    wanted: str | None,
    region: str | None,
    now: int,
    as_json: bool,
    database: str,
) -> None:
    """What the product page of SKU says, to people and to machines.

    The sentence is of QUANTITY units, the words for machines of one.
    """
    import msgspec

    from backorder.adapters.cli.tables import facts
    from backorder.adapters.feeds.page import page
    from backorder.kernel.places import is_country
    from backorder.languages import language
    from backorder.queries.storefront import front

    if country is not None and not is_country(country):
        raise click.UsageError("name a country by its two letters, such as DE")
    with opened(database) as db:
        found = front(db, now, composed(sku), quantity, region)
    if found is None:
        click.echo(f"There is no item {sku}.", err=True)
        sys.exit(MISSING)
    said = page(found, language(wanted, country))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(said), indent=2).decode())
        return
    dated = "" if said.google.availability_date is None else f", {said.google.availability_date}"
    words = {"schema.org": said.schema_org, "Google": said.google.availability + dated, "Meta": said.meta}
    facts(said.sentence, {"state": said.state.replace("_", " "), **words})


@cli.command()
@click.argument("channel", type=click.Choice(["google", "google-xml", "meta"]))
@click.option("--out", "-o", type=click.Path(dir_okay=False, allow_dash=True), default="-", help="Write it here.")
@as_of_option
@database_option
def feed(channel: str, out: str, now: int, database: str) -> None:
    """Write the feed of every item's availability for a CHANNEL.

    A file is put in its place whole, so that whoever fetches it meanwhile gets the one before.
    """
    from backorder.adapters.feeds import FORMS, encoded
    from backorder.queries.feeds import every
    from backorder.storage.files import written_whole

    with opened(database) as db:
        pieces = encoded(FORMS[channel], every(db, now))
        if out == "-":
            for piece in pieces:
                click.echo(piece, nl=False)
            return
        with written_whole(Path(out), force=True) as part, part.open("wb") as file:
            file.writelines(pieces)
    Path(out).chmod(0o644)  # it is there to be fetched by others
    click.echo(f"{out}: {Path(out).stat().st_size:,} bytes")
