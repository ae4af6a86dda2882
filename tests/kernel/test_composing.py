"""Text in one form, in time that grows with its length."""

from unicodedata import normalize

import pytest
from msgspec import ValidationError, convert

from backorder.kernel.composing import MARKS_MAX, composed
from backorder.kernel.keys import Key


def test_what_any_language_writes_is_composed() -> None:
    assert composed("Ame\u0301lie") == "Am\u00e9lie"
    heap = "e" + "\u0301" * MARKS_MAX
    assert composed(heap) == normalize("NFC", heap)


def test_what_no_language_writes_stays_as_it_is() -> None:
    heap = "e" + "\u0301" * (MARKS_MAX + 1)
    assert composed(heap) == heap
    assert composed(composed(heap)) == heap


def test_heaps_of_marks_take_no_longer_than_their_length() -> None:
    """Putting n marks of two kinds in order takes n * n steps: for these, longer than a test may run."""
    heap = "a" + "\u0316\u0301" * 500_000
    assert composed(heap) == heap
    assert composed("e\u0301" * 500_000) == "\u00e9" * 500_000


@pytest.mark.parametrize("end", ["\n", "\r", "\x00", "\x7f"])
def test_an_id_does_not_end_in_what_cannot_be_seen(end: str) -> None:
    assert convert("SO-1", Key) == "SO-1"
    with pytest.raises(ValidationError):
        convert(f"SO-1{end}", Key)
