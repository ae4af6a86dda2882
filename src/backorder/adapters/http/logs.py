"""The service's log: one JSON object a line, on standard error. No bodies, no tokens, no addresses of people."""

import logging
import sys
import traceback
from datetime import UTC, datetime

import msgspec


class Lines(logging.Formatter):
    """A record as a JSON object; what came from outside is a value in it, so no line can be forged."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            said["error"] = "\n".join(_told(record.exc_info[1]))
        return msgspec.json.encode(said).decode()


def _told(error: BaseException) -> list[str]:
    """What happened and where, causes first. Of what an exception says the first line: in the others databases quote
    rows, and so people.
    """
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = [] if cause is None else [*_told(cause), "which led to:"]
    says = next(iter(str(error).splitlines()), "")
    return [*before, *"".join(traceback.format_tb(error.__traceback__)).splitlines(), f"{type(error).__name__}: {says}"]


def begin(form: str) -> None:
    """Let the service log as the setting says: `json`, or `none`, which still tells what failed."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(Lines())
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(logging.WARNING)
    logging.getLogger("backorder").setLevel(logging.INFO if form == "json" else logging.ERROR)
