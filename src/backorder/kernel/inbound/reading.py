"""Reading what a shop says, field by field: what is not as it should be is refused by the name of the field."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from backorder.kernel.errors import BackorderError
from backorder.kernel.money import decimals
from backorder.kernel.places import is_country, is_region

LINES_MAX = 1_000
TEXT_MAX = 2_000


class Malformed(BackorderError):
    """What came does not say what it has to; `field` is where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Meant(NamedTuple):
    """What a delivery stands for: commands in their order, or nothing and `why`.

    `order` is the order that it is about. `ends` says that it cancels an order, `begins` that it places one.
    """

    commands: list[dict[str, Any]]
    why: str = ""
    order: str | None = None
    begins: bool = False
    ends: bool = False


class Said:
    """An object that a shop sent, and where it stands in what it sent."""

    def __init__(self, values: object, where: str = "") -> None:
        if not isinstance(values, Mapping):
            raise Malformed(where or "body", "this has to be an object")
        self._values, self._where = values, where

    def name(self, field: str) -> str:
        """A field by its path."""
        return f"{self._where}.{field}" if self._where else field

    def fields(self) -> dict[str, Any]:
        """All that it says, as it is."""
        return dict(self._values)

    def has(self, field: str) -> bool:
        """Whether something is said of it."""
        return self._values.get(field) not in (None, "")

    def text(self, field: str, most: int = TEXT_MAX) -> str | None:
        """A text or a number as text; None where nothing is said."""
        found = self._values.get(field)
        if found is None or found == "":
            return None
        if isinstance(found, bool) or not isinstance(found, str | int):
            raise Malformed(self.name(field), "this has to be a text")
        said = str(found).strip()
        if any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in said):
            raise Malformed(self.name(field), "this has letters that are none")
        if len(said) > most:
            raise Malformed(self.name(field), f"this has more than {most} characters")
        return said or None

    def needed(self, field: str, most: int = TEXT_MAX) -> str:
        """A text that has to be there."""
        said = self.text(field, most)
        if said is None:
            raise Malformed(self.name(field), "this is missing")
        return said

    def whole(self, field: str) -> int:
        """A whole number of units."""
        found = self._values.get(field)
        if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= 10**9:
            raise Malformed(self.name(field), "this has to be a whole number from 0 to 1,000,000,000")
        return found

    def flag(self, field: str, otherwise: bool = False) -> bool:
        """Yes or no; `otherwise` where nothing is said."""
        found = self._values.get(field)
        return otherwise if found is None else found is True

    def amount(self, field: str, currency: str, *, exact: bool = True) -> Decimal | None:
        """An amount; None where nothing is said. Never rounded: what the currency cannot hold is refused if `exact`."""
        found = self._values.get(field)
        if found is None or found == "":
            return None
        if isinstance(found, bool) or not isinstance(found, str | int | float) or len(str(found)) > 40:
            raise Malformed(self.name(field), "this has to be an amount")
        try:
            said = Decimal(str(found))
        except InvalidOperation:
            raise Malformed(self.name(field), "this has to be an amount") from None
        if not said.is_finite() or abs(said) > 10**12:
            raise Malformed(self.name(field), "this has to be an amount of at most 1,000,000,000,000")
        if exact and not is_exact(said, currency):
            raise Malformed(self.name(field), f"this has more than the {decimals(currency)} decimals of {currency}")
        return said

    def inner(self, field: str) -> "Said | None":
        """An object within; None where there is none."""
        found = self._values.get(field)
        return None if found is None else Said(found, self.name(field))

    def several(self, field: str) -> list["Said"]:
        """A list of objects."""
        found = self._values.get(field)
        if not isinstance(found, list):
            raise Malformed(self.name(field), "this has to be a list")
        if len(found) > LINES_MAX:
            raise Malformed(self.name(field), f"this has more than {LINES_MAX} entries")
        return [Said(one, f"{self.name(field)}[{n}]") for n, one in enumerate(found)]


def is_exact(amount: Decimal, currency: str) -> bool:
    """Whether an amount has no more decimals than its currency."""
    exponent = amount.normalize().as_tuple().exponent
    return isinstance(exponent, int) and -exponent <= decimals(currency)


def plain(amount: Decimal) -> str:
    """An amount as commands have it."""
    return format(amount, "f")


def place(address: Said | None, country: str, region: str) -> dict[str, str]:
    """Where goods go to, as commands have it."""
    code = None if address is None else address.text(country, 100)
    if address is None or code is None:
        return {}
    if not is_country(code):
        raise Malformed(address.name(country), "this has to be the two letters of a country (ISO 3166)")
    part = address.text(region, 100)
    return {"country": code} | ({"region": part} if part is not None and is_region(code, part) else {})


def cancelled(order: str, lines: list[str]) -> Meant:
    """All of an order that has not left is cancelled."""
    commands = [{"do": "cancel_line", "order": order, "line": line, "by": "customer"} for line in lines]
    return Meant(commands, order=order, ends=True)
