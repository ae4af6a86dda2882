"""Bring the catalogues of `src/backorder/locale` to what the code says: new phrases empty, those that went gone.

    python tools/update_languages.py [CODE ...]

A CODE that has no catalogue yet gets one. What is to be translated then is every `msgstr ""`.
"""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).parent.parent / "src" / "backorder"
FOLDER = SOURCE / "locale"
KEYWORDS = {"phrase": None, "phrases": (1, 2), "_": None, "_n": (1, 2)}  # in Python; in the console's templates
METHODS = [("**.py", "python"), ("adapters/console/**.html", "jinja2")]
OPTIONS = {"adapters/console/**.html": {"silent": "false"}}
NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # a catalogue says nothing that changes by itself


def said() -> Catalog:
    """Every phrase of the code."""
    found = Catalog(charset="utf-8")
    for _, _, text, _, _ in extract_from_dir(SOURCE, METHODS, OPTIONS, KEYWORDS):
        found.add(text, flags=("python-brace-format",) if "{" in str(text) else ())
    return found


def written(code: str) -> bytes:
    """The catalogue of a language as it should be, with the translations that it has."""
    path = FOLDER / f"{code}.po"
    if path.exists():
        with path.open("rb") as file:
            known = read_po(file, locale=code, abort_invalid=True)
    else:
        known = Catalog(locale=code, charset="utf-8")
    whole = Catalog(locale=code, charset="utf-8", fuzzy=False)
    for message in said():
        if message.id:
            there = known.get(message.id[0] if isinstance(message.id, tuple) else message.id)
            kept = (
                None
                if there is None or isinstance(there.string, str) == isinstance(message.id, tuple)
                else there.string
            )
            whole.add(message.id, kept, flags=message.flags)  # one that became a plural is to be said anew
    out = io.BytesIO()
    write_po(out, whole, width=0, omit_header=True, sort_output=True)
    plural = get_plural(code)
    head = (
        f"# {Locale.parse(code).english_name}.\n"
        'msgid ""\nmsgstr ""\n'
        f'"Language: {code}\\n"\n"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: {plural.plural_forms}\\n"\n\n'
    )
    return head.encode() + out.getvalue().strip() + b"\n"


def main(codes: list[str]) -> None:
    """Write every catalogue, and those named."""
    for code in sorted({*codes, *(path.stem for path in FOLDER.glob("*.po"))}):
        (FOLDER / f"{code}.po").write_bytes(written(code))


if __name__ == "__main__":
    main(sys.argv[1:])
