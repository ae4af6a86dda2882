"""What customers bought, kept for the cancellations that come later."""

from collections.abc import Container, Iterator
from datetime import datetime
from typing import NamedTuple


class Purchase(NamedTuple):
    """Units of an order line that were not cancelled yet; `refused` where the order was not taken."""

    order: str
    line: str
    at: datetime
    units: int
    refused: bool


class Purchases:
    """Purchases by customer and item, of the pairs that some cancellation will name."""

    def __init__(self, wanted: Container[tuple[str, str]]) -> None:
        self._wanted = wanted
        self._bought: dict[tuple[str, str], list[Purchase]] = {}

    def add(self, customer: str, sku: str, purchase: Purchase) -> None:
        """A line was ordered."""
        if (customer, sku) in self._wanted:
            self._bought.setdefault((customer, sku), []).append(purchase)

    def take(self, customer: str, sku: str, units: int, at: datetime) -> Iterator[Purchase]:
        """What the customer last bought of the item before a moment, up to so many units; they are not given again."""
        bought = self._bought.get((customer, sku), [])
        for n in range(len(bought) - 1, -1, -1):
            if not units:
                return
            if bought[n].at > at:
                continue
            taken = min(units, bought[n].units)
            units -= taken
            yield bought[n]._replace(units=taken)
            left = bought[n].units - taken
            if left:
                bought[n] = bought[n]._replace(units=left)
            else:
                del bought[n]
