"""The benchmarks run, at a hundredth of their size; nothing is said about time."""

import pytest

from bench import paint
from bench.figures import groups, run

# How many each group has; the year has none without its data.
FIGURES = {
    "orders": 2,
    "feeds": 10,
    "imports": 2,
    "item-page": 8,
    "mail": 4,
    "receipts": 4,
    "owed": 10,
    "pages": 34,
    "paint": 2,
    "pegging": 3,
    "reallocation": 3,
    "reallocation-db": 3,
    "quotes": 2,
    "explain": 4,
    "service": 13,
    "start": 2,
    "status": 4,
    "webhooks": 2,
    "year": 0,
}


def test_every_group_is_measured() -> None:
    assert set(FIGURES) == set(groups())


@pytest.mark.parametrize("group", FIGURES)
def test_every_figure_can_be_measured(group: str) -> None:
    if group == "paint" and paint.program() is None:
        pytest.skip("there is no chromium here")
    said: list[str] = []
    figures = run([group], said.append, scale=0.01)
    assert len(figures) == FIGURES[group]
    assert len(said) == len(figures) + 1


def test_an_unknown_figure_is_named_with_the_known_ones() -> None:
    said: list[str] = []
    assert run(["speed"], said.append) == []
    assert "orders" in said[0]
