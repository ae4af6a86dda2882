"""Taste as a test: sizes as a ratchet, banned words with what to write instead, one stem in every ring."""

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "backorder"
FILES = sorted(SOURCE.rglob("*.py"))
EVERYWHERE = sorted(
    path
    for folder in ("src", "tests", "tools", "bench", "docs", "deploy")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".md", ".toml", ".sql", ".yaml", ".service", ".conf", ".sh"} and path != Path(__file__)
)

FUNCTION_MAX, FUNCTION_TYPICAL = 70, 40
FILE_MAX, FILE_TYPICAL = 600, 400
# stock rows are supplies, and an answer changes orders and cases: they come and go with those
NO_STORAGE_OF_ITS_OWN = {"stock", "answers"}

# text that may not stand in the source, where it may all the same, and what to write instead
BANNED = {
    r"datetime\.(now|utcnow|today)\(|date\.today\(": ((), "take the moment as an argument"),
    r"\btime\.(time|time_ns|monotonic|sleep)\(": (("app.py",), "take the moment as an argument"),
    r"(?<![.\w])print\(": ((), "answer a value; the command line uses click.echo"),
    r"(?i)\b(class|def) \w*(manager|helper|utils?|handler|service)\b": ((), "name the noun or the verb it is"),
    r"\bdef (handle|process)_": ((), "name what is done"),
    # the heartbeat goes on, and what goes on beside requests has nobody else to tell
    r"except( Exception| BaseException)?:": (("worker.py", "beside.py"), "name what can fail"),
    r"\bfloat\(": ((), "count in whole units and minor units"),
    r"\bassert False\b": ((), "raise AssertionError with a reason"),
}
BANNED_EVERYWHERE = {
    r"\b(TODO|FIXME|XXX)\b": "do it, or write an issue",
    r"/(work|root|home)/\w": "name no machine's folders",
    r"# (noqa|type: ignore)(\[[^\]]*\]|: [A-Z0-9, ]+)?\s*$": "say the reason beside it",
}


def _functions() -> list[tuple[int, str]]:
    return [
        ((node.end_lineno or 0) - node.lineno + 1, f"{path.name}:{node.name}")
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]


def test_functions_are_short() -> None:
    sizes = _functions()
    assert [entry for entry in sizes if entry[0] > FUNCTION_MAX] == []
    long = [entry for entry in sizes if entry[0] > FUNCTION_TYPICAL]
    assert len(long) <= len(sizes) * 0.05, sorted(long, reverse=True)


def test_files_are_short() -> None:
    sizes = {path: path.read_text(encoding="utf-8").count("\n") for path in FILES}
    assert [path for path, size in sizes.items() if size > FILE_MAX] == []
    assert len([path for path, size in sizes.items() if size > FILE_TYPICAL]) <= max(1, len(sizes) * 0.05)
    assert statistics.median(sizes.values()) <= 150


@pytest.mark.parametrize("pattern", BANNED)
def test_banned_words_are_not_used(pattern: str) -> None:
    allowed, instead = BANNED[pattern]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {instead}"
        for path in FILES
        if path.name not in allowed
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == []


@pytest.mark.parametrize("pattern", BANNED_EVERYWHERE)
def test_words_that_belong_nowhere(pattern: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {BANNED_EVERYWHERE[pattern]}"
        for path in EVERYWHERE
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == []


def test_a_feature_has_the_same_stem_in_commands_and_storage() -> None:
    commands = {path.stem for path in (SOURCE / "commands").glob("*.py") if not path.stem.startswith("_")}
    storage = {path.stem for path in (SOURCE / "storage").glob("*.py")}
    assert commands - storage == NO_STORAGE_OF_ITS_OWN


def test_every_module_says_what_it_is_for() -> None:
    for path in FILES:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


def test_the_program_refuses_to_run_without_its_assertions() -> None:
    result = subprocess.run(
        [sys.executable, "-O", "-m", "backorder", "--help"], capture_output=True, text=True, check=False
    )
    assert result.returncode != 0
    assert "python -O" in result.stderr


def test_the_lock_names_no_index() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "--hash=sha256:" in text
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
