"""The documentation cannot lie: all is documented, every session runs as it stands, every link leads somewhere."""

import re
import shutil
from pathlib import Path

import msgspec
import pytest
import reference_words
import sessions
import write_reference

from backorder.app import command_line
from backorder.commands import COMMANDS
from backorder.kernel.outcomes import Word
from backorder.queries.reasons import CAUSES as EXPLAINED
from backorder.storage.tables import CAUSES, metadata

ROOT = sessions.ROOT
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")])
WITH_SESSIONS = [page for page in PAGES if "```console" in page.read_text(encoding="utf-8")]
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


@pytest.mark.parametrize("name", write_reference.pages())
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == write_reference.pages()[name]


def test_every_field_and_column_has_its_words_and_no_word_is_left_over() -> None:
    fields = {field.name for kind in COMMANDS for field in msgspec.structs.fields(kind)}
    assert fields <= set(reference_words.FIELDS)
    columns = {f"{name}.{column.name}" for name, table in metadata.tables.items() for column in table.c}
    plain = {column.split(".")[1] for column in columns}
    assert {words for words in reference_words.COLUMNS if words not in columns | plain} == set()
    assert set(reference_words.TABLES) == set(metadata.tables)


def test_every_command_of_the_command_line_is_documented() -> None:
    page = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")
    assert [name for name in command_line().commands if f"| `{name}" not in page] == []


def test_every_cause_is_explained() -> None:
    page = (ROOT / "docs/how-to/find-out-why-a-date-moved.md").read_text(encoding="utf-8")
    assert [cause for cause in CAUSES if cause not in page] == []
    assert set(EXPLAINED) == set(CAUSES)


def test_every_outcome_has_a_meaning_that_is_a_sentence() -> None:
    assert [word for word in Word if not word.meaning.endswith(".")] == []


@pytest.mark.parametrize("page", WITH_SESSIONS, ids=lambda page: page.stem)
def test_a_session_runs_as_it_is_written(page: Path, tmp_path: Path) -> None:
    if "curl" in page.read_text(encoding="utf-8") and shutil.which("curl") is None:
        pytest.skip("curl, which the page uses, is not among what the tests may expect of a machine")
    for command, told, now in sessions.play(page.read_text(encoding="utf-8"), tmp_path):
        assert _lines(now) == _lines(told), command


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_decision_says_context_decision_and_what_was_given_up() -> None:
    for page in (ROOT / "docs/decisions").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Given up")), page.name


def test_every_dependency_has_its_reason() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = " ".join(page.read_text(encoding="utf-8").lower() for page in (ROOT / "docs/decisions").glob("*.md"))
    names = [re.split(r"[\[><=]", dependency)[0] for dependency in project["dependencies"]]
    assert [name for name in names if name not in said] == []
