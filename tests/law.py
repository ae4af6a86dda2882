"""What 16 CFR 435.2 makes of one order, told a second time: day by day, from its text, without the package.

Facts are (day, what, about): `told` offers a day or None, `agreed` to a day or None, `left`, `declined`, `shipped`,
`refunded`. Several facts of a day come in their order.
"""

from datetime import date, timedelta

import holidays

ONE = timedelta(days=1)
FEDERAL = holidays.country_holidays("US")


class Order:
    """How the order stands after each day: in words, with the last day that may be waited for, if any."""

    def __init__(self, completed: date, stated: date | None = None, credit: bool = False) -> None:
        self.limit = stated or completed + (50 if credit else 30) * ONE
        self.right: date | None = self.limit  # the last day on which shipping is in time
        self.word, self.told, self.silent = "open", False, False
        self.offer: tuple[date | None] | None = None
        self.vested: date | None = None
        self.day = completed

    def live(self, facts: list[tuple[date, str, date | None]], until: date) -> "Order":
        """All days before `until`, each with what happened on it and then its end; and what happened on `until`."""
        while True:
            for day, what, about in facts:
                if day == self.day:
                    self._happens(what, about)
            if self.day == until:
                return self
            self._ends()
            self.day += ONE

    def _happens(self, what: str, about: date | None) -> None:
        if what == "refunded" and self.word == "refund_due":
            self.word = "refunded"
        if self.word in {"shipped", "refund_due", "refunded"}:
            return  # (c): a cancellation before shipment stands; after shipment there is nothing to cancel
        if what == "shipped":
            self.word = "shipped"
        elif what in {"left", "declined"}:
            self._cancelled(self.day)
        elif what == "told":
            self._is_told(about)
        elif what == "agreed":
            self._agrees(about)

    def _is_told(self, about: date | None) -> None:
        if self.right is None or (about is not None and about <= self.right):
            return  # no delay beyond what was agreed, or the buyer waits without a day
        self.offer = (about,)
        again = self.told or self.word == "waiting"  # whoever agreed to a later day was asked before, in whatever way
        self.told = True
        if again:
            self.word, self.silent = "renewed", False  # (b)(2): never again by silence
            return
        self.word = "asked"
        short = about is not None and about <= self.limit + 30 * ONE
        self.silent = short  # (b)(1)(ii) against (b)(1)(iii)
        self.right = about if short else self.limit + 30 * ONE

    def _agrees(self, about: date | None) -> None:
        if about is None:
            self.word, self.right = "waiting_indefinite", None
            return
        if self.right is None or about < self.right or (about == self.right and self.word == "open"):
            return  # no delay was agreed to
        newer = self.word in {"asked", "renewed"} and self.offer is not None
        still_asked = newer and (self.offer[0] is None or self.offer[0] > about)
        self.right, self.silent = about, False
        self.word = "renewed" if still_asked else "waiting"

    def _ends(self) -> None:
        if self.word in {"shipped", "refund_due", "refunded"} or self.right is None or self.day < self.right:
            return
        self._cancelled(self.day + ONE)

    def _cancelled(self, day: date) -> None:
        self.word, self.vested = "refund_due", day

    @property
    def refund_by(self) -> date | None:
        """Seven working days after the day on which the right vested."""
        if self.vested is None:
            return None
        day, count = self.vested, 0
        while count < 7:
            day += ONE
            count += day.weekday() < 5 and day not in FEDERAL
        return day
