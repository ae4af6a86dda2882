"""The benchmarks run, at a hundredth of their size; nothing is said about time."""

from bench.figures import run


def test_every_figure_can_be_measured() -> None:
    said: list[str] = []
    figures = run([], said.append, scale=0.01)
    assert len(figures) == 64
    assert len(said) == len(figures) + 1


def test_an_unknown_figure_is_named_with_the_known_ones() -> None:
    said: list[str] = []
    assert run(["speed"], said.append) == []
    assert "orders" in said[0]
