"""The browser that the tests of this folder drive."""

import os
import shutil
from collections.abc import Iterator
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
