"""`backorder serve`, `work` and `settings`; what the first two do is handed in, because adapters do not know others."""

from collections.abc import Callable

import click

from backorder import settings
from backorder.adapters.cli.main import Clock, cli, database_option
from backorder.kernel.errors import BackorderError
from backorder.settings import HOST, PORT, SETTINGS, WORKER

Serve = Callable[[str, str, int, bool, Clock, Callable[[str], None]], None]
Work = Callable[[str, Clock, Callable[[str], None]], None]


def serving(serve: Serve, work: Work) -> tuple[click.Command, click.Command]:
    """The commands `serve`, which runs the service, and `work`, which runs its worker alone."""

    @click.command("serve")
    @click.option("--host", default=lambda: settings.value(HOST), show_default=f"${HOST.name} or {HOST.default}")
    @click.option(
        "--port",
        type=click.IntRange(1, 65_535),
        default=lambda: settings.value(PORT),
        show_default=f"${PORT.name} or {PORT.default}",
    )
    @click.option(
        "--worker/--no-worker",
        "working",
        default=lambda: settings.yes(WORKER),
        help=f"Whether it sees to timers and messages too (${WORKER.name}).",
    )
    @database_option
    @click.pass_obj
    def serve_(clock: Clock, host: str, port: int, working: bool, database: str) -> None:
        """Run the service: the HTTP API with the writer behind it, and the worker.

        It makes or upgrades its database, prints its address and, while nobody can sign in, a link that signs the
        admin in once. Stop it with Ctrl-C or SIGTERM: what is being applied is finished.
        """
        serve(database, host, port, working, clock, click.echo)

    @click.command("work")
    @database_option
    @click.pass_obj
    def work_(clock: Clock, database: str) -> None:
        """Run the worker alone: what is due happens, messages go out. For services that run with --no-worker.

        Several may run against one PostgreSQL database. Stop it with Ctrl-C or SIGTERM.
        """
        work(database, clock, click.echo)

    return serve_, work_


@cli.command("settings")
def show() -> None:
    """Print each setting, its value and where that comes from."""
    from backorder.storage.db import shown

    wide = max(len(setting.name) for setting in SETTINGS)
    try:
        for setting in SETTINGS:
            said, source = settings.source(setting)
            plain = shown(said) if said and setting is settings.DATABASE else said
            plain = "..." if said and setting is settings.OPENID_SECRET else plain
            click.echo(f"{setting.name:{wide}}  {plain or setting.default}  ({source})")
    except settings.Wrong as error:
        raise Unusable(str(error)) from error


class Unusable(BackorderError):
    """Settings that cannot be meant."""
