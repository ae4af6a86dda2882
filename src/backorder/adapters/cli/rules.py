"""`backorder packs`: rule packs, those that come along and the merchant's own."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.give import give, tell
from backorder.adapters.cli.main import Clock, cli, database_option, json_option

if TYPE_CHECKING:
    from backorder.kernel.rules import Pack  # loaded when a command runs

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@cli.group()
def packs() -> None:
    """Rule packs: what the law of a place makes of a delayed order, as data."""


@packs.command("list")
@json_option
@database_option
def list_(as_json: bool, database: str) -> None:
    """List rule packs by name, those that come along and your own."""
    import msgspec

    from backorder.adapters.cli.tables import table
    from backorder.queries.rules import list_packs

    with opened(database) as db:
        found = list_packs(db, limit=10_000)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    rows = [
        (one.pack, one.title, _places(one.places), ", ".join(one.buyers), "yes" if one.own else "") for one in found
    ]
    table(("pack", "title", "places", "buyers", "own"), rows)


def _places(places: Any) -> str:
    """Few places by their names, many by their number."""
    return "-" if not places else ", ".join(places) if len(places) <= 6 else f"{len(places)} places"


@packs.command("show")
@click.argument("pack")
@json_option
@database_option
def show(pack: str, as_json: bool, database: str) -> None:
    """Print the text of PACK, which is TOML.

    Kept in a file and changed, it can be put as your own.
    """
    import msgspec

    from backorder.queries import rules

    with opened(database) as db:
        found = rules.pack(db, pack)
    if found is None:
        click.echo(f"There is no rule pack {pack}.", err=True)
        sys.exit(MISSING)
    click.echo(msgspec.json.encode(found).decode() if as_json else found.text, nl=as_json or found.text[-1:] != "\n")


@packs.command("check")
@click.argument("file", type=_FILE)
def check(file: Path) -> None:
    """Say whether the rule pack in FILE could be used; write nothing."""
    pack = _read(file)[0]
    places = _places(pack.places)
    where = "where it is named" if places == "-" else f"where goods go to {places}"
    click.echo(f"{pack.pack} can be used: {pack.title}. It holds for {' and '.join(pack.buyers)} buyers, {where}.")


@packs.command("put")
@click.argument("file", type=_FILE)
@database_option
@click.pass_obj
def put(clock: Clock, /, file: Path, database: str) -> None:
    """Put the rule pack in FILE as your own.

    Orders placed from now on go by it. One that could not be used is refused with the reason.
    """
    pack, text = _read(file)
    outcome = give(clock, database, {"do": "put_pack", "pack": pack.pack, "text": text})
    tell(outcome, f"{pack.pack} holds for orders that are placed from now on.")


@packs.command("withdraw")
@click.argument("pack")
@database_option
@click.pass_obj
def withdraw(clock: Clock, /, pack: str, database: str) -> None:
    """Withdraw your own PACK.

    Orders that began with it go on by it. Where one of the same name comes along, that holds again.
    """
    outcome = give(clock, database, {"do": "put_pack", "pack": pack, "text": None})
    tell(outcome, f"{pack} is withdrawn.")


def _read(file: Path) -> "tuple[Pack, str]":
    """The pack in a file, and its text. Ends with what is wrong with it where it could not be used."""
    from backorder.kernel.rules import BadPack, read_pack

    try:
        text = file.read_text(encoding="utf-8")
        return read_pack(text), text
    except UnicodeDecodeError:
        raise click.UsageError(f"{file} is not valid UTF-8") from None
    except BadPack as error:
        raise click.UsageError(f"{file}: {error}") from None
