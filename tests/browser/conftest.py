"""The browser that the tests of this folder drive, and where what it saw is kept."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium: the one that BACKORDER_TEST_CHROMIUM names, or Debian's. No lock brings one."""
    program = os.environ.get("BACKORDER_TEST_CHROMIUM") or shutil.which("chromium")
    if program is None:
        pytest.skip("there is no chromium here")
    with sync_playwright() as run:
        found = run.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Path:
    """A folder for the screenshots of a file of tests, which are there after it: a new one takes the place of the old.

    It is in build/screenshots, or in the folder that BACKORDER_TEST_SHOTS names.
    """
    named = os.environ.get("BACKORDER_TEST_SHOTS")
    folder = Path(named) if named else request.config.rootpath / "build" / "screenshots"
    folder /= request.path.stem.removeprefix("test_")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
