"""A sheet as PDF/A-2b, for the archive: set by Typst, to whose template the sheet is data and never code."""

import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import msgspec

from backorder.adapters.documents.sheet import Section, Sheet
from backorder.adapters.documents.words import code
from backorder.kernel.errors import BackorderError

STANDARD = "a-2b"
ROWS_MAX = 10_000  # some seconds, and under a gigabyte
_REFUSED = re.compile(r"the text `\"(?:\\u\{([0-9a-f]+)\}|(.))")
_PLAIN = re.compile("[^\n -~\u00a0-\u024f]")  # letters that every font has are not in this
_CODED = "Letters that no font here has are shown by their code, such as U+4E2D; the HTML of this document has them."
# Each letter by itself, so that each that cannot be shown is named.
_PROBE = b'#set text(font: "Libertinus Serif")\n#for letter in json(bytes(sys.inputs.data)) [#letter ]\n'


class NotInstalled(BackorderError):
    """PDF cannot be made here; the message says what to install."""


class TooLong(BackorderError):
    """The document is too long for PDF; the message says what to ask for."""


def render(sheet: Sheet) -> bytes:
    """The file. The same sheet gives the same bytes, with the same version of Typst and the same fonts.

    Raises NotInstalled where the extra `documents` is missing, TooLong for more than ROWS_MAX rows.
    """
    typst = _typst()
    if sheet.rows > ROWS_MAX:
        raise TooLong(f"the document has {sheet.rows:,} rows, PDF takes {ROWS_MAX:,}: ask for HTML")
    text = msgspec.json.encode(sheet).decode()
    strange = _strange(set(_PLAIN.findall(text)))
    if strange:
        sheet = _coded(sheet, re.compile(f"[{''.join(map(re.escape, sorted(strange)))}]"))
    try:
        return _set(typst, sheet)
    except typst.TypstError:  # letters that can be shown each by itself, and not beside one another
        return _set(typst, _coded(sheet, _PLAIN))


def _typst() -> Any:
    try:
        import typst
    except ImportError:
        raise NotInstalled(
            'PDF needs Typst: install it with pip install "backorder[documents]", or ask for HTML'
        ) from None
    return typst


def _set(typst: Any, sheet: Sheet) -> bytes:
    source = files("backorder.adapters.documents").joinpath("sheet.typ").read_bytes()
    data = {"data": msgspec.json.encode(sheet).decode()}
    made: bytes = typst.compile(source, format="pdf", sys_inputs=data, pdf_standards=STANDARD, timestamp=sheet.made)
    return made


def _coded(sheet: Sheet, letters: re.Pattern[str]) -> Sheet:
    """The sheet with these letters by their code, and a word on that."""
    text = letters.sub(code, msgspec.json.encode(sheet).decode())
    found = msgspec.json.decode(text, type=Sheet)
    found.sections.append(Section("Letters", says=[_CODED]))
    return found


_known: dict[str, bool] = {}  # whether a letter can be shown


def _strange(letters: Iterable[str]) -> set[str]:
    """Those of the letters that no font here has. Typst names them all, where PDF/A refuses them."""
    typst, asked = _typst(), {letter for letter in letters if letter not in _known}
    while asked:
        refused = _refused(typst, sorted(asked))
        if refused is None:
            break
        refused = refused & asked or asked  # what was said cannot be read: none of them is safe
        _known.update(dict.fromkeys(refused, False))
        asked -= refused
    _known.update(dict.fromkeys(asked, True))
    return {letter for letter in letters if not _known[letter]}


def _refused(typst: Any, letters: list[str]) -> set[str] | None:
    """The letters that PDF/A refuses, as far as Typst names them; None where it refuses none."""
    try:
        data = {"data": msgspec.json.encode(letters).decode()}
        typst.compile(_PROBE, format="pdf", sys_inputs=data, pdf_standards=STANDARD)
    except typst.TypstError as error:
        return {chr(int(number, 16)) if number else letter for number, letter in _REFUSED.findall(error.diagnostic)}
    return None
