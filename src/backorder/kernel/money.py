"""Money as whole minor units: reading decimal text, writing it back. No floats anywhere."""

from decimal import Decimal, InvalidOperation

AMOUNT_MAX = 10**15

# ISO 4217 currencies whose minor unit is not a hundredth.
_DECIMALS = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
_DECIMALS |= {"CLF": 4, "UYW": 4, "XAF": 0, "XOF": 0, "XPF": 0}


class BadAmount(ValueError):
    """The text is not an amount of this currency."""


def decimals(currency: str) -> int:
    """How many decimals the currency's minor unit has (ISO 4217)."""
    return _DECIMALS.get(currency, 2)


def minor_units(text: str, currency: str) -> int:
    """The amount `text` (a plain decimal such as `12.50`) in minor units of `currency`.

    Raises BadAmount for anything but ASCII digits with one optional sign and point, for more decimals
    than the currency has, and for amounts beyond 10^15 minor units.
    """
    if text == "0":
        return 0
    places = decimals(currency)
    body = text[1:] if text[:1] == "-" else text
    if not (body.isascii() and body.replace(".", "", 1).isdigit()):
        raise BadAmount(f"write the amount as a decimal such as 12.50, not {text[:40]!r}")
    try:
        amount = Decimal(text).scaleb(places)
    except InvalidOperation as error:
        raise BadAmount(f"write the amount as a decimal such as 12.50, not {text[:40]!r}") from error
    if amount != amount.to_integral_value():
        raise BadAmount(f"{currency} has {places} decimals, {text[:40]} has more")
    if abs(amount) > AMOUNT_MAX:
        raise BadAmount(f"the amount is beyond {AMOUNT_MAX} minor units")
    return int(amount)


def text(amount: int, currency: str) -> str:
    """Minor units as a decimal string: `1250` of EUR is `12.50`."""
    places = decimals(currency)
    if places == 0:
        return str(amount)
    sign, digits = ("-", str(-amount)) if amount < 0 else ("", str(amount))
    digits = digits.rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"
