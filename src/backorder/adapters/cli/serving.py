"""`backorder serve`, `work` and `settings`; what the first two do is handed in, because adapters do not know others."""

import re
from collections.abc import Callable
from datetime import datetime

import click

from backorder import settings
from backorder.adapters.cli.main import Clock, cli, database_option
from backorder.kernel.errors import BackorderError
from backorder.settings import HOST, PORT, SETTINGS, WORKER

_PASSWORD = re.compile(r"(://[^:@/]*:).*(@)")
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
    @click.option(
        "--since",
        metavar="MOMENT",
        callback=_moment,
        help="Let time pass from this moment on (ISO 8601 with offset): for a rehearsal on data of the past.",
    )
    @database_option
    @click.pass_obj
    def serve_(clock: Clock, host: str, port: int, working: bool, since: int | None, database: str) -> None:
        """Run the service: the console, the HTTP API with the writer behind it, and the worker.

        It makes or upgrades its database, prints its addresses and, while nobody can sign in, a link that signs the
        admin in once. Stop it with Ctrl-C or SIGTERM: what is being applied is finished.
        """
        serve(database, host, port, working, clock if since is None else _passing(clock, since), click.echo)

    @click.command("work")
    @database_option
    @click.pass_obj
    def work_(clock: Clock, database: str) -> None:
        """Run the worker alone: what is due happens, messages go out. For services that run with --no-worker.

        Several may run against one PostgreSQL database. Stop it with Ctrl-C or SIGTERM.
        """
        work(database, clock, click.echo)

    return serve_, work_


def _moment(_context: click.Context, _option: click.Parameter, said: str | None) -> int | None:
    """The moment that was said, in microseconds since 1970."""
    from backorder.kernel.calendars import moment_number

    if said is None:
        return None
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise click.BadParameter(f"{said!r} is no moment with its offset, such as 2026-12-01T09:00:00+00:00")
    return moment_number(moment)


def _passing(clock: Clock, since: int) -> Clock:
    """A clock that showed this moment when it was made, and goes as fast as the other."""
    behind = clock() - since
    return lambda: clock() - behind


@cli.command("settings")
def show() -> None:
    """Print each setting, its value and where that comes from."""
    from backorder.storage.db import shown

    wide = max(len(setting.name) for setting in SETTINGS)
    try:
        for setting in SETTINGS:
            said, source = settings.source(setting)
            plain = said
            if said and setting is settings.DATABASE:
                plain = shown(said)
            elif said and setting is settings.MAIL:
                plain = _PASSWORD.sub(r"\1***\2", said)
            elif said and setting in {settings.OPENID_SECRET, settings.CHANNELS}:  # tokens stand all over the latter
                plain = "..."
            click.echo(f"{setting.name:{wide}}  {plain or setting.default}  ({source})")
    except settings.Wrong as error:
        raise Unusable(str(error)) from error


class Unusable(BackorderError):
    """Settings that cannot be meant."""
