"""`backorder serve` and `backorder settings`; what serving means is handed in, because adapters do not know others."""

from collections.abc import Callable

import click

from backorder import settings
from backorder.adapters.cli.main import Clock, cli, database_option
from backorder.kernel.errors import BackorderError
from backorder.settings import HOST, PORT, SETTINGS

Serve = Callable[[str, str, int, Clock, Callable[[str], None]], None]


def serving(serve: Serve) -> click.Command:
    """The command `serve`, which runs the service."""

    @click.command("serve")
    @click.option("--host", default=lambda: settings.value(HOST), show_default=f"${HOST.name} or {HOST.default}")
    @click.option(
        "--port",
        type=click.IntRange(1, 65_535),
        default=lambda: settings.value(PORT),
        show_default=f"${PORT.name} or {PORT.default}",
    )
    @database_option
    @click.pass_obj
    def command(clock: Clock, host: str, port: int, database: str) -> None:
        """Run the service: the HTTP API, and the writer behind it.

        It makes or upgrades its database, prints its address and, while nobody can sign in, a link that signs the
        admin in once. Stop it with Ctrl-C or SIGTERM: what is being applied is finished.
        """
        serve(database, host, port, clock, click.echo)

    return command


@cli.command("settings")
def show() -> None:
    """Print each setting, its value and where that comes from."""
    from backorder.storage.db import shown

    wide = max(len(setting.name) for setting in SETTINGS)
    try:
        for setting in SETTINGS:
            said, source = settings.source(setting)
            plain = shown(said) if said and setting is settings.DATABASE else said
            click.echo(f"{setting.name:{wide}}  {plain or setting.default}  ({source})")
    except settings.Wrong as error:
        raise Unusable(str(error)) from error


class Unusable(BackorderError):
    """Settings that cannot be meant."""
