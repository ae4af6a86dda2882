"""An order as its customer is owed it: its lines with their clocks, what was told, what has to be paid back."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec

from backorder.kernel.calendars import NEVER
from backorder.kernel.notices import RUNNING, Clock, Completed, State
from backorder.kernel.rules import Pack
from backorder.kernel.tongues import Tongue

MINUTE = 60_000_000
HOUR = 60 * MINUTE


class Policy(NamedTuple):
    """What the merchant says on how customers are told: `rules` names packs that hold for every order besides.

    `wait` and `closing` are microseconds: how long a change is waited out before it is told, and how long before the
    end of a promised day goods that have not left count as late. `translated` has where customers answer and when money
    is taken in languages by their codes, as far as that is said there.
    """

    rules: tuple[str, ...]
    answers: str
    contact: str
    charging: str
    wait: int = 30 * MINUTE
    margin_days: int = 3
    heartbeat_days: int = 14
    closing: int = 2 * HOUR
    translated: tuple[tuple[str, str | None, str | None], ...] = ()

    def spoken(self, tag: str) -> tuple[str, str]:
        """Where customers answer and when money is taken, as a letter in a language says it."""
        code = tag.partition("-")[0]
        _, answers, charging = next((one for one in self.translated if one[0] == code), ("", None, None))
        return answers or self.answers, charging or self.charging


class Said(NamedTuple):
    """Something that somebody said or did of an order or one of its lines, which its clocks have to hear of."""

    kind: str
    line: str | None = None
    to: int | None = None  # a day, NEVER for without one
    notice: int | None = None
    by: str | None = None
    means: str | None = None
    note: str | None = None
    answer_by: int | None = None


class Evidence(NamedTuple):
    """An entry of the order's evidence, without the order and its number there; `to_day` of NEVER is kept as null.

    `answer_by` of what was told is the day with which it was said to end without an answer; None where it was not.

    `quantity` are units; where a refund was made, how many are still to be made.
    """

    at: int
    on_day: int
    line: str | None
    kind: str
    to_day: int | None = None
    quantity: int | None = None
    notice: int | None = None
    by: str | None = None
    means: str | None = None
    note: str | None = None
    answer_by: int | None = None


class Wait(msgspec.Struct):
    """A clock of a line under one pack, and what it began with; `stated` is in the pack's own basis."""

    pack: Pack
    completed: Completed
    clock: Clock
    fresh: bool = False

    @property
    def runs(self) -> bool:
        """Whether the clock has not ended."""
        return self.clock.state in RUNNING


class Line(msgspec.Struct):
    """A line of the order. Days are ship days; `told` is the one its customer knows of (NEVER: that there is none)."""

    line: str
    goods: str
    quantity: int
    waiting: int
    allocated: int
    shipped: int
    cancelled: int
    promise: int | None
    price: int | None
    told: int = NEVER
    seen: int = 0  # cancelled units that were seen to
    transit: int = 0
    waits: list[Wait] = []

    @property
    def open(self) -> int:
        """Units still to be shipped."""
        return self.waiting + self.allocated

    @property
    def planned(self) -> int:
        """The ship day that is promised now; NEVER without one."""
        return NEVER if self.promise is None else self.promise

    @property
    def came_back(self) -> bool:
        """Whether units are to be shipped although a clock says that all were: a shipment had not left after all."""
        for wait in self.waits:
            if wait.clock.state is State.SHIPPED:
                return self.open > 0
        return False

    def earlier(self, wait: Wait, day: int) -> int:
        """The ship day behind a day as the pack counts it."""
        return day if day == NEVER or wait.pack.limit.basis == "ship" else day - self.transit

    def later(self, wait: Wait, day: int) -> int:
        """A ship day as the pack counts it: where delivery counts, the transit days later."""
        return day if day == NEVER or wait.pack.limit.basis == "ship" else day + self.transit


class Notice(msgspec.Struct):
    """A notice as it stands. `gist` is what it would tell, `deadline` the last moment of what it waits for."""

    n: int
    kind: str
    state: str
    made_at: int
    changed_at: int
    send_at: int | None
    deadline: int | None
    gist: str
    trouble: str | None = None
    sent_at: int | None = None
    answer_by: int | None = None
    silence: Literal["consent", "cancel", "none"] = "none"
    facts: str | None = None
    subject: str | None = None
    text: str | None = None
    version: str | None = None
    digest: str | None = None
    by: str | None = None
    means: str | None = None
    reason: str | None = None
    to: str | None = None  # the address that it went to


class Refund(msgspec.Struct):
    """Money that has to go back for lines: minor units, None where a person has to say how much."""

    n: int
    made_at: int
    cause: str
    vested_on: int
    refund_by: int
    deadline: int
    amount: int | None
    lines: tuple[str, ...] = ()
    state: str = "due"
    ended_at: int | None = None
    refunded: int | None = None
    form: str | None = None
    reference: str | None = None
    by: str | None = None

    @property
    def due(self) -> bool:
        """Whether nobody recorded it yet."""
        return self.state != "refunded"


class Head(NamedTuple):
    """What holds for the order as a whole; `email` is the address to write to, if there is one.

    `tongue` finds the language to write in, which few who load a case have to know.
    """

    order: str
    zone: str
    placed_at: int
    authorised_at: int | None
    email: str | None
    currency: str | None
    paid: int
    shipping: int
    tax: int
    discount: int
    packs: tuple[Pack, ...]
    tongue: Callable[[], Tongue]


class Case(msgspec.Struct):
    """All of it, with what is new since it was loaded."""

    head: Head
    lines: list[Line]
    notices: list[Notice] = []
    refunds: list[Refund] = []
    cancelled_by: dict[str, str] = {}  # of lines with cancelled units: by whom the last were
    joined: set[str] = set()  # lines that the order was not placed with; only where units were cancelled
    causes: dict[str, str] = {}  # of lines: why their promise moved last
    history: list[Evidence] = []  # only where a shipment came back
    said: list[Said] = []
    evidence: list[Evidence] = []
    events: list[tuple[str, dict[str, object]]] = []

    def pending(self) -> Notice | None:
        """The notice on its dates that is still to be sent."""
        for one in self.notices:
            if one.state == "due" and one.kind != "cancelled":
                return one
        return None

    @property
    def next_notice(self) -> int:
        """The number of the next notice."""
        return max((one.n for one in self.notices), default=0) + 1

    def note(self, at: int, on_day: int, said: Said, quantity: int | None = None) -> None:
        """Write something down as evidence."""
        told = said.notice, said.by, said.means, said.note, said.answer_by
        self.evidence.append(Evidence(at, on_day, said.line, said.kind, said.to, quantity, *told))

    def find(self, line: str) -> Line:
        """The line by its id."""
        return next(one for one in self.lines if one.line == line)
