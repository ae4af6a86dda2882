"""Text in one form, in time that grows with its length."""

import random
from unicodedata import combining, normalize

import pytest
from msgspec import ValidationError, convert

from backorder.commands import decode
from backorder.commands._batch import Currency
from backorder.commands.catalogue import HolidayCode
from backorder.kernel.composing import MARKS_MAX, Overloaded, composed
from backorder.kernel.keys import Key
from backorder.kernel.outcomes import Outcome, Word

BELOW, ABOVE = "\u0316", "\u0301"  # of two kinds: what is below a letter comes first
APART = "\u0f73"  # says of itself that it is no mark, and is two when it is taken apart


def test_what_any_language_writes_is_composed() -> None:
    assert composed("Ame\u0301lie") == "Am\u00e9lie"
    heap = "q" + (ABOVE + BELOW) * (MARKS_MAX // 2)
    assert composed(heap) == "q" + BELOW * (MARKS_MAX // 2) + ABOVE * (MARKS_MAX // 2)


@pytest.mark.parametrize("mark", [BELOW, ABOVE, APART])
def test_one_mark_more_is_refused_wherever_it_stands(mark: str) -> None:
    for before in range(2 * MARKS_MAX + 4):
        for letter in ("a", "\u00e9", "\u6f22"):
            text = letter * before + mark * MARKS_MAX
            assert composed(text + letter) == normalize("NFC", text + letter)
            with pytest.raises(Overloaded):
                composed(text + mark + letter)


def test_rows_of_any_length_between_letters_are_told_apart() -> None:
    """Against counting, letter by letter."""
    draw = random.Random(7)
    refused = 0
    for _ in range(2_000):
        text = "".join(
            "ab\u00e9"[draw.randrange(3)] + draw.choice((ABOVE, BELOW)) * draw.choice((0, 1, 2, 29, 30, 31))
            for _ in range(draw.randrange(1, 6))
        )
        longest = run = 0
        for letter in text:
            run = run + 1 if combining(letter) else 0
            longest = max(longest, run)
        try:
            assert composed(text) == normalize("NFC", text)
            assert longest <= MARKS_MAX
        except Overloaded:
            assert longest > MARKS_MAX
            refused += 1
    assert 200 < refused < 1_800


@pytest.mark.parametrize("marks", [(BELOW, ABOVE), (APART,)])
def test_heaps_of_marks_take_no_longer_than_their_length(marks: tuple[str, ...]) -> None:
    """Putting n marks of two kinds in order takes n * n steps: for these, longer than a test may run."""
    heap = "a" + "".join(marks) * 500_000
    with pytest.raises(Overloaded):
        composed(heap)
    assert composed("e\u0301" * 500_000) == "\u00e9" * 500_000


def test_a_command_with_a_heap_of_marks_is_refused_and_not_left_as_it_is() -> None:
    """Left as it is, it would bring the order's id in a form under which nobody finds it again."""
    lines = [{"line": "1", "sku": "A", "quantity": 1}]
    said = {"do": "place_order", "id": "i", "order": "Ame\u0301lie", "lines": lines}
    assert decode(said).order == "Am\u00e9lie"
    for marks in (31, 1_999):
        found = decode(said | {"tags": ["a" + ABOVE * marks]})
        assert isinstance(found, Outcome)
        assert (found.outcome, found.id) == (Word.INVALID, "i")
        assert "marks" in found.message


@pytest.mark.parametrize("end", ["\n", "\r", "\x00", "\x7f"])
@pytest.mark.parametrize(("kind", "said"), [(Key, "SO-1"), (Currency, "EUR"), (HolidayCode, "DE"), (HolidayCode, "")])
def test_an_id_or_a_code_does_not_end_in_what_cannot_be_seen(kind: type, said: str, end: str) -> None:
    assert convert(said, kind) == said
    with pytest.raises(ValidationError):
        convert(f"{said}{end}", kind)
