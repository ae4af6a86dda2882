"""The service's log: one JSON object a line, on standard error. No bodies, no tokens, no addresses of people."""

import logging
import sys
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
        if record.exc_info and record.exc_info[0] is not None:
            said["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(said).decode()


def begin(form: str) -> None:
    """Let the service log as the setting says: `json`, or `none`, which still tells what failed."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(Lines())
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(logging.WARNING)
    logging.getLogger("backorder").setLevel(logging.INFO if form == "json" else logging.ERROR)
