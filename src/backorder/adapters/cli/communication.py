"""`backorder communication`: how customers are told, and turning it on and off."""

from typing import Any

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.give import give, tell
from backorder.adapters.cli.main import Clock, cli, database_option, json_option

_PLACES = "those of the place where goods go to"


@cli.group()
def communication() -> None:
    """How customers are told of delays; without it no clock runs."""


@communication.command("show")
@json_option
@database_option
def show(as_json: bool, database: str) -> None:
    """Show how customers are told."""
    import msgspec

    from backorder.adapters.cli.tables import facts
    from backorder.queries.communication import communication as said

    with opened(database) as db:
        found = said(db)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    on = "Customers are told, and clocks run." if found.rules is not None else "It is turned off: no clock runs."
    facts(
        on,
        {
            "rules": "-" if found.rules is None else ", and ".join([_PLACES, *found.rules]),
            "answers": found.answers or "-",
            "contact": found.contact or "-",
            "charging": found.charging or "-",
            "a change is told": f"after {found.wait_minutes} minutes without another",
            "a notice goes": f"{found.margin_days} days before the law's last day at the latest",
            "who waits is told": f"every {found.heartbeat_days} days",
            "goods are late": f"{found.closing_hours} hours before the end of their day",
            "letters go in the name of": found.shop_name or "-",
            "in the colour": found.colour or "-",
            "signed": found.signature or "-",
            "answers and charging also in": ", ".join(one.language for one in found.translations) or "-",
            "with words of yours in": ", ".join(f"{one.kind} ({one.language})" for one in found.wordings) or "-",
        },
    )


@communication.command("set")
@click.option("--on", is_flag=True, help="Turn it on, with the rule packs of the places where goods go to.")
@click.option(
    "--rule", "rules", multiple=True, metavar="PACK", help="Turn it on, with this pack besides; may be repeated."
)
@click.option("--off", is_flag=True, help="Turn it off: no clock runs.")
@click.option("--answers", help="Where customers answer at your expense: a link, a toll-free number.")
@click.option("--contact", help="Whom they ask.")
@click.option("--charging", help="When you take their money, in one plain sentence.")
@click.option("--wait-minutes", type=click.IntRange(0, 1_440), help="How long nothing has to change before it is told.")
@click.option("--margin-days", type=click.IntRange(0, 30), help="How long before the law's last day a notice goes.")
@click.option("--heartbeat-days", type=click.IntRange(1, 365), help="How often who waits is told that the day stands.")
@click.option("--closing-hours", type=click.IntRange(0, 12), help="How long before the end of its day goods are late.")
@click.option("--shop-name", help="In whose name letters go.")
@click.option("--colour", help="Your colour in letters, as #2f5140; dark enough to be read on white.")
@click.option("--signature", help="What stands at the foot of letters: your address.")
@database_option
@click.pass_obj
def set_(clock: Clock, /, on: bool, rules: tuple[str, ...], off: bool, database: str, **said: Any) -> None:
    """Say how customers are told. What is left out stays as it is."""
    command = {name: value for name, value in said.items() if value is not None}
    if off and (on or rules):
        raise click.UsageError("turn it on or off")
    if on or rules:
        command["rules"] = list(rules)
    elif off:
        command["rules"] = None
    elif not command:
        raise click.UsageError("say what is to be different")
    outcome = give(clock, database, {"do": "put_communication", **command})
    now = " Customers are told from now on." if on or rules else " No clock runs any more." if off else ""
    tell(outcome, f"Done.{now}")


@communication.command("translate")
@click.argument("language")
@click.option("--answers", help="Where customers answer, in this language; empty takes it away.")
@click.option("--charging", help="When you take their money, in this language; empty takes it away.")
@database_option
@click.pass_obj
def translate(clock: Clock, /, language: str, answers: str | None, charging: str | None, database: str) -> None:
    """Say in a LANGUAGE what `set` says for all: letters in it have these words in the place of the others."""
    if answers is None and charging is None:
        raise click.UsageError("say --answers or --charging")
    said = {"language": language, "answers": answers, "charging": charging}
    outcome = give(clock, database, {"do": "put_communication", "translations": [said]})
    tell(outcome, "Done.")


@communication.command("word")
@click.argument("kind")
@click.argument("language")
@click.option("--opening", help="What stands after the greeting; empty takes it away.")
@click.option("--closing", help="What stands at the end; empty takes it away.")
@database_option
@click.pass_obj
def word(clock: Clock, /, kind: str, language: str, opening: str | None, closing: str | None, database: str) -> None:
    """Put words of your own into a KIND of message in a LANGUAGE, beside what has to be said.

    They name {customer}, {order}, {item}, {date}, {shop}, {link} and {contact}; one that names something which there is
    not is left out. `backorder notices preview KIND` shows how it looks.
    """
    if opening is None and closing is None:
        raise click.UsageError("say --opening or --closing")
    said = {"kind": kind, "language": language, "opening": opening, "closing": closing}
    outcome = give(clock, database, {"do": "put_communication", "wordings": [said]})
    tell(outcome, "Done.")
