"""A sheet as PDF/A-2b, for the archive: set by Typst, to whose template the sheet is data and never code."""

import subprocess
import sys
from importlib.resources import as_file, files
from importlib.util import find_spec

import msgspec

from backorder.adapters.documents.sheet import Sheet
from backorder.kernel.errors import BackorderError

ROWS_MAX = 6_000  # some seconds, and under a gigabyte while it lasts
SECONDS_MAX = 120


class NotInstalled(BackorderError):
    """PDF cannot be made here; the message says what to install."""


class TooLong(BackorderError):
    """The document is too long for PDF; the message says what to ask for."""


def render(sheet: Sheet) -> bytes:
    """The file. The same sheet gives the same bytes, with the same version of Typst and the same fonts.

    Raises NotInstalled where the extra `documents` is missing, TooLong for more than ROWS_MAX rows or what cannot be
    set in time.
    """
    if find_spec("typst") is None:
        raise NotInstalled('PDF needs Typst: install it with pip install "backorder[documents]", or ask for HTML')
    if sheet.rows > ROWS_MAX:
        raise TooLong(f"the document has {sheet.rows:,} rows, PDF takes {ROWS_MAX:,}: ask for HTML")
    with as_file(files("backorder.adapters.documents")) as folder:
        command = [sys.executable, "-P", str(folder / "typeset.py")]
        try:
            done = subprocess.run(  # noqa: S603  # our own program, and what it is given is data
                command, input=msgspec.json.encode(sheet), capture_output=True, timeout=SECONDS_MAX, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise TooLong("the document cannot be set as PDF in time: ask for HTML") from error
    if done.returncode < 0:  # its limits ended it
        raise TooLong("the document takes more to be set as PDF than it may: ask for HTML")
    if done.returncode:
        raise RuntimeError(f"Typst could not set the document: {done.stderr.decode(errors='replace')[-500:]}")
    return done.stdout
