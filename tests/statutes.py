"""The law of delayed orders, place by place, written from its text by hand: by whom the auditor judges (`auditor.py`).

Nothing of the package is used here. What no law says and the house decided is called a house rule.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays

DAY = timedelta(days=1)
FEDERAL = holidays.country_holidays("US")
UNION = ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
         "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK")  # fmt: skip


def local(moment: datetime, zone: str) -> date:
    """The day that the clock on the wall shows."""
    return moment.astimezone(ZoneInfo(zone)).date()


def end_of(day: date, zone: str) -> datetime:
    """The moment at which a day is over in a zone: the first one of the next."""
    after = day + DAY
    return datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


class Statute(NamedTuple):
    """What one law says. `asks`: a delay has to be put to the buyer, and silence means something then.

    `leave_after` are the days after the limit from which the buyer may leave because it is late; None where they have
    to set a last day first. `kept`: a day that the buyer accepts does not take the place of the contract's.
    """

    name: str
    delivery: bool
    days: int | None = 30  # after the order, where no day was told
    asks: bool = False
    leave_after: int | None = 0
    kept: bool = False
    refund_days: int = 14
    working: bool = False

    def limit(self, ordered: date, today: date) -> date | None:
        """The day that counts where none was told: the law's own, from today where it passed before anybody watched."""
        if self.days is None:
            return None
        return ordered + self.days * DAY if ordered + self.days * DAY >= today else today + self.days * DAY

    def refund_by(self, vested: date) -> date:
        """The last day for the money, the first one counted being the one after the right came to be."""
        day, left = vested, self.refund_days
        while left:
            day += DAY
            left -= not self.working or (day.weekday() < 5 and day not in FEDERAL)
        return day


FTC = Statute("us-ftc", delivery=False, asks=True, refund_days=7, working=True)  # 16 CFR 435.1(b), 435.2
CALIFORNIA = Statute("us-ca", delivery=False, asks=True, refund_days=7)  # B&P 17538; one week in Los Angeles County
EUROPE = Statute("eu", delivery=True, leave_after=None)  # 2011/83 article 18; fourteen days are a house rule
BRITAIN = Statute("gb", delivery=True, leave_after=None)  # CRA 2015 s.28; so are they here
ONTARIO = Statute("ca-on", delivery=True, days=0, leave_after=30, refund_days=15)
QUEBEC = Statute("ca-qc", delivery=True, days=0, leave_after=30, refund_days=15, kept=True)
COLUMBIA = Statute("ca-bc", delivery=True, days=0, leave_after=30, refund_days=15)
AUSTRALIA = Statute("au", delivery=False)  # ACL s.36: supply; fourteen days are a house rule
CHINA = Statute("cn", delivery=True, days=None, refund_days=7)  # E-Commerce Law 49, 51; seven days are a house rule
BUSINESS = Statute("b2b", delivery=False, refund_days=30)  # house rules
ELSEWHERE = Statute("elsewhere", delivery=True)  # house rules


def statutes(country: str | None, region: str | None, buyer: str) -> list[Statute]:
    """The laws of a place; `region` is of ISO 3166-2, with the country or without.

    The federal rule speaks of buyers; everything else protects consumers.
    """
    found = [FTC] if country == "US" else []
    part = region if region and region.startswith(f"{country}-") else f"{country}-{region}"
    if buyer == "consumer":
        provinces = {"CA-ON": ONTARIO, "CA-QC": QUEBEC, "CA-BC": COLUMBIA, "US-CA": CALIFORNIA}
        countries = {"GB": BRITAIN, "AU": AUSTRALIA, "CN": CHINA} | dict.fromkeys(UNION, EUROPE)
        found += [law for law in (countries.get(country or ""), provinces.get(part)) if law]
    return found or [BUSINESS if buyer == "business" else ELSEWHERE]


class Need(NamedTuple):
    """What a law wants told of a delay: `kind`, the last day to tell it, and until when an answer is awaited."""

    kind: str  # short, long, indefinite, renewed
    by: date
    answer_by: date
    law: str


@dataclass
class Standing:
    """How one line stands under one law that asks: until which day the shop may still ship.

    Days are ship days. `right` of None: the buyer waits without a day. Days that have passed are looked at by whoever
    asks: once `right` is over the right to the money came to be, and nothing that is told or answered changes it.
    """

    law: Statute
    limit: date
    right: date | None = None
    told_before: bool = False  # of a delay, or they agreed to one: what follows is a renewed notice
    offer: tuple[date | None] | None = None  # what the last question offered, until it is answered
    consents: bool = False  # that question was told to be agreed to by silence
    letters: dict[int, tuple] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.right = self.limit

    def over(self, today: date) -> bool:
        """Whether the last day has passed."""
        return self.right is not None and today > self.right

    def need(self, planned: date | None) -> Need | None:
        """What has to be told now that it is planned for a day, None for unknown; None for nothing."""
        if self.right is None or (planned is not None and planned <= self.right):
            return None
        if self.offer == (planned,):
            return None  # the question stands already; any other day asks it anew
        if self.told_before:
            return Need("renewed", self.right, self.right, self.law.name)
        last = self.limit + 30 * DAY
        if planned is not None and planned <= last:
            return Need("short", self.right, planned, self.law.name)
        return Need("indefinite" if planned is None else "long", self.right, last, self.law.name)

    def told(self, letter: int, planned: date | None, consents: bool, answer_by: date | None) -> None:
        """A notice went, in time. `consents`: it said that silence agrees; else that it ends with `answer_by`."""
        before = (self.right, self.told_before, self.offer, self.consents)
        if answer_by is None or self.right is None or (planned is not None and planned <= self.right):
            return
        self.letters[letter] = before
        first, last = not self.told_before, self.limit + 30 * DAY
        self.told_before, self.offer, self.consents = True, (planned,), False
        if not first:
            return  # (b)(2): a renewed question moves no day
        short = planned is not None and planned <= last
        if short and consents:  # (b)(1)(ii), and only because the notice said so
            self.right, self.consents = planned, True
        elif short and answer_by is not None:  # told to end without an answer, so it does
            self.right = min(planned, max(self.limit, answer_by))
        else:  # (b)(1)(iii)
            self.right = last

    def bounced(self, letter: int, today: date) -> None:
        """A notice came back. Up to the limit it is as if none had gone; afterwards silence agrees to nothing."""
        if letter not in self.letters or letter != max(self.letters):
            return  # another one was told since, or it told of no delay
        right, told_before, offer, consents = self.letters.pop(letter)
        if told_before:  # a renewed question: nobody was asked it
            if self.offer is not None:
                self.offer, self.consents = None, False
        elif self.offer is not None and today <= self.limit:
            self.right, self.told_before, self.offer, self.consents = right, told_before, offer, consents
        else:
            self.consents = False

    def agreed(self, to: date | None) -> None:
        """They expressly agreed to wait until a day, None for without one. Who answers was reached."""
        self.letters = {}
        if to is None:
            self.right, self.offer, self.told_before = None, None, True
        elif self.right is not None and (to > self.right or (to == self.right and self.told_before)):
            asked = self.offer
            self.right, self.consents, self.told_before = to, False, True
            if asked is not None and asked[0] is not None and asked[0] <= to:
                self.offer = None  # the question is answered

    @property
    def cause(self) -> str:
        """Why it ended, once it is over."""
        return "silence" if self.offer is not None and not self.consents else "missed"


@dataclass
class Delivery:
    """How one line stands under a law that asks nothing: from when it is late, and from when the buyer may leave."""

    law: Statute
    limit: date
    leave_from: date | None = None
    without_day: bool = False

    def __post_init__(self) -> None:
        if self.law.leave_after is not None:
            self.leave_from = self.limit + (self.law.leave_after + 1) * DAY

    def agreed(self, to: date | None) -> None:
        """A later day that the buyer accepted is the one that counts, unless the law keeps to the contract's."""
        if self.law.kept or (to is not None and to <= self.limit):
            return
        if to is None:
            self.without_day, self.leave_from = True, None
        else:
            self.limit, self.without_day = to, False
            self.leave_from = None if self.law.leave_after is None else to + (self.law.leave_after + 1) * DAY

    def called(self, today: date, to: date) -> None:
        """The buyer set a last day; a day that has passed already says that the first one was essential."""
        from_day = max(today, to + DAY, self.limit + DAY)  # nobody is late before the day that was promised
        self.leave_from = from_day if self.leave_from is None else min(self.leave_from, from_day)

    def late(self, today: date) -> bool:
        """Whether it is late."""
        return not self.without_day and today > self.limit
