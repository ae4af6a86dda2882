"""Amounts: decimal text in, minor units inside, the same text out; nothing is rounded."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backorder.kernel.money import AMOUNT_MAX, BadAmount, decimals, minor_units, text

# empty, half, a comma, an exponent, words, a digit of another script, a blank, a fraction of a cent, too much
WRONG = ["", "-", ".", "1,5", "1e3", "NaN", "Infinity", "\u0661", "0x1", " 1", "1.005", "10000000000000.01"]

currencies = st.sampled_from(["EUR", "JPY", "KWD", "CLF"])


@given(st.integers(-AMOUNT_MAX, AMOUNT_MAX), currencies)
def test_an_amount_goes_there_and_back(amount: int, currency: str) -> None:
    assert minor_units(text(amount, currency), currency) == amount


@given(st.integers(0, AMOUNT_MAX), currencies)
def test_the_text_is_the_amount(amount: int, currency: str) -> None:
    assert Decimal(text(amount, currency)) == Decimal(amount).scaleb(-decimals(currency))


@pytest.mark.parametrize(
    "wrong", ["", "-", ".", "1,5", "1e3", "NaN", "Infinity", "\u0661", "0x1", " 1", "1.005", "10000000000000.01"]
)
def test_what_is_no_amount_is_refused(wrong: str) -> None:
    with pytest.raises(BadAmount):
        minor_units(wrong, "EUR")
