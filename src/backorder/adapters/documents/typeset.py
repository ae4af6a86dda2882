"""Set a sheet as PDF/A: JSON from the input, PDF to the output. Run by its path, by `pdf`, in a process of its own.

Typst keeps what it has set in memory, for documents like it: a service would hold the ten largest for ever. It bounds
its own memory and time as well. Nothing of the package is loaded, so that it starts at once.
"""

import json
import re
import resource
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import typst

MEMORY_MAX = 4 * 2**30  # bytes of addresses; what is in use is a fourth of it
SECONDS_MAX = 60
STANDARD: Literal["a-2b"] = "a-2b"
_REFUSED = re.compile(r"the text `\"(?:\\u\{([0-9a-f]+)\}|(.))")
_PLAIN = re.compile("[^\n -~\u00a0-\u024f]")  # letters that every font has are not in this
_CODED = "Letters that no font here has are shown by their code, such as U+4E2D; the HTML of this document has them."
# Each letter by itself, so that each that cannot be shown is named.
_PROBE = b'#set text(font: "Libertinus Serif")\n#for letter in json(bytes(sys.inputs.data)) [#letter ]\n'


def main() -> int:
    """Write the PDF; 1 and the reason if Typst cannot set it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_MAX, SECONDS_MAX))
    sheet = json.load(sys.stdin.buffer)
    strange = _strange(_PLAIN.findall(json.dumps(sheet, ensure_ascii=False)))
    try:
        try:
            made = _set(
                _coded(sheet, re.compile(f"[{''.join(map(re.escape, sorted(strange)))}]")) if strange else sheet
            )
        except typst.TypstError:  # letters that can be shown each by itself, and not beside one another
            made = _set(_coded(sheet, _PLAIN))
    except typst.TypstError as error:
        sys.stderr.write(error.message + "\n")
        return 1
    sys.stdout.buffer.write(made)
    return 0


def _set(sheet: dict[str, Any]) -> bytes:
    source = Path(__file__).with_name("sheet.typ").read_bytes()
    data = {"data": json.dumps(sheet, ensure_ascii=False)}
    made = typst.compile(source, format="pdf", sys_inputs=data, pdf_standards=STANDARD, timestamp=sheet["made"])
    assert isinstance(made, bytes)
    return made


def _coded(sheet: dict[str, Any], letters: re.Pattern[str]) -> dict[str, Any]:
    """The sheet with these letters by their code, and a word on that."""
    text = letters.sub(lambda found: f"[U+{ord(found[0]):04X}]", json.dumps(sheet, ensure_ascii=False))
    found: dict[str, Any] = json.loads(text)
    found["sections"].append({name: [] for name in found["sections"][0]} | {"title": "Letters", "says": [_CODED]})
    return found


def _strange(letters: Iterable[str]) -> set[str]:
    """Those of the letters that no font here has. Typst names them all, where PDF/A refuses them."""
    asked, found = set(letters), set[str]()
    while asked:
        refused = _refused(sorted(asked))
        if refused is None:
            break
        refused = refused & asked or asked  # what was said cannot be read: none of them is safe
        found |= refused
        asked = asked - refused
    return found


def _refused(letters: list[str]) -> set[str] | None:
    """The letters that PDF/A refuses, as far as Typst names them; None where it refuses none."""
    try:
        data = {"data": json.dumps(letters, ensure_ascii=False)}
        typst.compile(_PROBE, format="pdf", sys_inputs=data, pdf_standards=STANDARD)
    except typst.TypstError as error:
        return {chr(int(number, 16)) if number else letter for number, letter in _REFUSED.findall(error.diagnostic)}
    return None


if __name__ == "__main__":
    sys.exit(main())
