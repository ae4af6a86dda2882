"""An auditor of what customers were owed: from the raw list of what happened to an order, and of what the shop did.

It imports nothing of the package. It goes through the list moment by moment, holds it against the statutes, and writes
down every deadline that was missed, everything that was done early, and every sum that is not as the law has it.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from statutes import DAY, Delivery, Need, Standing, end_of, local, statutes

HOUR = timedelta(hours=1)


class Line(NamedTuple):
    """Goods that were ordered; `transit` are the days on their way, `price` minor units for one."""

    goods: str
    quantity: int
    price: int | None
    transit: int


class Fact(NamedTuple):
    """Something that happened: to a line (`cancelled`, `promise`, `agreed`, `called`) or to the order.

    `word` is by whom it was cancelled, whether an answer named a day (`until`) or meant the one told (`told`), the
    shipment, the address for mail, or the place that goods go to from now on.
    """

    at: datetime
    what: str
    line: str | None = None
    day: date | None = None
    units: int = 0
    n: int | None = None
    word: str = ""


class Letter(NamedTuple):
    """A notice that was sent. `lines` are those it told a day, None for that there is none."""

    n: int
    at: datetime
    kind: str
    lines: dict[str, date | None]
    answer_by: date | None
    text: str
    means: str


class Money(NamedTuple):
    """A refund that the shop holds to be due: its last day, and what became of it."""

    n: int
    at: datetime
    cause: str
    vested: date
    by: date
    amount: int | None
    lines: tuple[str, ...]
    ended_at: datetime | None = None
    refunded: int | None = None
    overdue_at: datetime | None = None


class Stand(NamedTuple):
    """How the shop says that a line stands under a law, at a moment."""

    at: datetime
    line: str
    law: str
    ended: bool
    limit: date
    until: date | None
    leave_from: date | None


@dataclass
class Record:
    """All of one order, as it was kept."""

    order: str
    zone: str
    buyer: str
    country: str | None
    region: str | None
    email: str
    placed_at: datetime
    paid: int
    shipping: int
    tax: int
    discount: int
    lines: dict[str, Line]
    facts: list[Fact]
    letters: list[Letter]
    money: list[Money]
    stands: list[Stand] = field(default_factory=list)
    queued: list[str | None] = field(default_factory=list)  # notices still to be sent at the end: their troubles


class Shop(NamedTuple):
    """What the merchant said, and when the worker ran."""

    runs: list[datetime]
    answers: str
    wait: timedelta = timedelta(minutes=30)
    margin: timedelta = 3 * DAY
    closing: timedelta = 2 * HOUR

    def first_run(self, since: datetime) -> datetime | None:
        """When the worker ran next, that moment included."""
        at = bisect_left(self.runs, since)
        return self.runs[at] if at < len(self.runs) else None


@dataclass
class _Own:
    """A line as the auditor has it."""

    line: Line
    began: datetime
    promise: date | None
    told: date | None
    asking: list[Standing]
    others: list[Delivery]
    cancelled: int = 0
    shipped: int = 0
    ended: date | None = None  # all that had not left was cancelled, with effect from this day
    why: str = ""
    before: dict[int, date | None] = field(default_factory=dict)  # what was known before a letter
    since: datetime | None = None  # since when something is to be told of it

    @property
    def open(self) -> int:
        return self.line.quantity - self.cancelled - self.shipped

    def need(self) -> list[Need]:
        return [need for law in self.asking if (need := law.need(self.promise)) is not None]

    def over(self, today: date) -> bool:
        return self.ended is not None or any(law.over(today) for law in self.asking)

    def ends(self, today: date) -> list[tuple[date, str]]:
        """From when on it is over, and why; empty while it is not."""
        found = [(law.right + DAY, law.cause) for law in self.asking if law.right is not None and law.over(today)]
        return found if self.ended is None else [*found, (self.ended, self.why)]


_RANK = {"moved": 0, "cancelled": 1, "promise": 2, "shipped": 2, "unshipped": 2, "letter": 9}


def audit(shop: Shop, record: Record) -> list[str]:
    """What was not as the law has it, in words; empty where all was."""
    return _Audit(shop, record).run()


class _Audit:
    def __init__(self, shop: Shop, record: Record) -> None:
        self.shop, self.record = shop, record
        self.places = [(record.country, record.region)]
        self.lines: dict[str, _Own] = {}
        self.email, self.bounced = record.email, False
        self.reached_at = record.placed_at
        self.muted: frozenset | None = None
        self.pending: frozenset = frozenset()  # what is to be told, and since when it is just that
        self.changed_at = record.placed_at
        self.parcels: dict[str, dict[str, int]] = {}
        self.letters = {letter.n: letter for letter in record.letters}
        self.found: list[str] = []
        self.group: list[Fact] = []  # what happens at the moment

    def say(self, at: datetime, what: str) -> None:
        self.found.append(f"{self.record.order} {at:%Y-%m-%d %H:%M}: {what}")

    def run(self) -> list[str]:
        told = [Fact(letter.at, "letter", n=letter.n) for letter in self.record.letters]
        facts = sorted([*self.record.facts, *told], key=lambda fact: (fact.at, _RANK.get(fact.what, 5)))
        moments = [(at, list(group)) for at, group in groupby(facts, key=lambda fact: fact.at)]
        stands = sorted(self.record.stands)
        for n, (at, group) in enumerate(moments):
            while stands and stands[0].at < at:
                self._compare(stands.pop(0))
            today = local(at, self.record.zone)
            self._happen(at, today, group)
            self._paid_back(at, today, [fact for fact in group if fact.what == "cancelled"])
            self._owing(at, moments[n + 1][0] if n + 1 < len(moments) else None)
        for stand in stands:
            self._compare(stand)
        self._overdue()
        return self.found

    # -- what happened ----------------------------------------------------------------------------------------------

    def _happen(self, at: datetime, today: date, group: list[Fact]) -> None:
        self.group = group
        expired = {name for name, own in self.lines.items() if own.open and own.over(today)}
        for fact in group:
            if fact.line is not None and fact.line not in self.lines and fact.what != "promise":
                self.say(at, f"line {fact.line} is {fact.what} before it is there")
            elif fact.what == "letter":
                self._letter(self.letters[fact.n or 0], today, expired)
            else:
                getattr(self, f"_{fact.what}")(fact, today, expired)

    def _promise(self, fact: Fact, today: date, _expired: set[str]) -> None:
        name = fact.line or ""
        if name in self.lines and self.lines[name].began < fact.at:
            self.lines[name].promise = fact.day
            return
        stated = max(today, fact.day or today)
        line = self.record.lines[name]
        own = self.lines[name] = _Own(line, fact.at, fact.day, stated, [], [])
        for place in self.places:
            self._begin(own, place, stated, today)

    def _begin(self, own: _Own, place: tuple[str | None, str | None], stated: date | None, today: date) -> None:
        there = {law.law.name for law in [*own.asking, *own.others]}
        for law in statutes(*place, self.record.buyer):
            if law.name in there:
                continue
            ordered = local(self.record.placed_at, self.record.zone)
            limit = law.limit(ordered, today) if stated is None else None
            if limit is None:
                limit = (stated or today) + (own.line.transit * DAY if law.delivery else 0 * DAY)
            if law.asks:
                own.asking.append(Standing(law, limit))
            else:
                own.others.append(Delivery(law, limit))

    def _moved(self, fact: Fact, today: date, _expired: set[str]) -> None:
        """Goods go somewhere else: the law of that place holds too, and what held before does not stop."""
        country, _, region = fact.word.partition("/")
        place = country, region or None
        for name, own in self.lines.items():
            if own.open:
                days = [own.promise, *(one.day for one in self.group if (one.what, one.line) == ("promise", name))]
                known = next((day for day in days if day is not None and day >= today), None)
                self._begin(own, place, known, today)
        self.places = [place]

    def _cancelled(self, fact: Fact, today: date, expired: set[str]) -> None:
        own = self.lines[fact.line or ""]
        if fact.word == "law" and fact.line not in expired:
            self.say(fact.at, f"line {fact.line} cancelled by law, which had not cancelled it by {today}")
        if not 0 < fact.units <= own.open or (fact.word == "law" and fact.units != own.open):
            self.say(fact.at, f"line {fact.line}: {fact.units} cancelled of {own.open} open")
        own.cancelled += fact.units

    def _shipped(self, fact: Fact, today: date, expired: set[str]) -> None:
        if fact.line in expired:
            self.say(fact.at, f"line {fact.line} shipped, though the law cancelled it before {today}")
        self.lines[fact.line or ""].shipped += fact.units
        self.parcels.setdefault(fact.word, {})[fact.line or ""] = fact.units

    def _unshipped(self, fact: Fact, _today: date, _expired: set[str]) -> None:
        for name, units in self.parcels.pop(fact.word).items():
            self.lines[name].shipped -= units

    def _agreed(self, fact: Fact, _today: date, expired: set[str]) -> None:
        own = self.lines[fact.line or ""]
        if not own.open or fact.line in expired:
            return
        to = fact.day if fact.word == "until" else own.told
        own.told, own.before = to, {}  # who answers was reached
        for law in own.asking:
            law.agreed(to)
        for other in own.others:
            counted = to + own.line.transit * DAY if to is not None and other.law.delivery else to
            other.agreed(counted)

    def _called(self, fact: Fact, today: date, _expired: set[str]) -> None:
        assert fact.day is not None
        for law in self.lines[fact.line or ""].others:
            if law.law.leave_after is None:
                law.called(today, fact.day)

    def _bounced(self, fact: Fact, today: date, _expired: set[str]) -> None:
        mailed = [one.n for one in self.record.letters if one.means == "email" and self.reached_at <= one.at <= fact.at]
        if fact.n == max(mailed, default=0):  # one to another address says nothing of this, nor one before the last
            self.bounced = True
        for own in self.lines.values():
            if fact.n in own.before:
                known = own.before.pop(fact.n)
                later = [n for n in own.before if n > fact.n]
                if later:  # what the next letter was told on top of was not known either
                    own.before[min(later)] = known
                else:
                    own.told = known
                if not own.over(today):  # what was over stays so, even where goods are held to have left meanwhile
                    for law in own.asking:
                        law.bounced(fact.n or 0, today)

    def _readdressed(self, fact: Fact, _today: date, _expired: set[str]) -> None:
        self.email, self.bounced, self.reached_at = fact.word, False, fact.at

    def _suppressed(self, _fact: Fact, _today: date, _expired: set[str]) -> None:
        self.muted = self._to_tell()

    # -- letters ----------------------------------------------------------------------------------------------------

    def _letter(self, letter: Letter, today: date, expired: set[str]) -> None:
        if letter.means == "email" and not self.email:
            self.say(letter.at, f"letter {letter.n} mailed to nobody")
        if letter.kind in {"still", "cancelled"}:
            return
        for name in letter.lines:
            if name in expired:
                self.say(letter.at, f"letter {letter.n} tells of line {name}, whose last day was over")
            if letter.lines[name] != self.lines[name].promise:
                self.say(letter.at, f"letter {letter.n} tells {letter.lines[name]}, not {self.lines[name].promise}")
        needs = {name: self.lines[name].need() for name in letter.lines}
        self.found += [
            f"{self.record.order} {letter.at:%Y-%m-%d %H:%M}: letter {letter.n} {what}"
            for what in contents(self.shop, self.record, letter, needs, {n: own.told for n, own in self.lines.items()})
        ]
        for name, day in letter.lines.items():
            own = self.lines[name]
            own.before[letter.n] = own.told
            own.told = day
            consents, answer_by = read(letter, _goods(self.record, letter, name))
            for law in own.asking:
                law.told(letter.n, day, consents, answer_by)

    # -- what is owed -----------------------------------------------------------------------------------------------

    def _paid_back(self, at: datetime, today: date, cancelled: list[Fact]) -> None:
        made = [money for money in self.record.money if money.at == at]
        cancelled = [fact for fact in cancelled if fact.line in self.lines]
        if not cancelled:
            if made:
                self.say(at, "money is owed back, though nothing was cancelled")
            return
        if len(made) != 1:
            self.say(at, f"{len(made)} refunds are due for what was cancelled")
            return
        money, names = made[0], {fact.line for fact in cancelled}
        if set(money.lines) != names:
            self.say(at, f"refund {money.n} is for lines {money.lines}, cancelled were {sorted(map(str, names))}")
        days = []
        for fact in cancelled:
            own = self.lines[fact.line or ""]
            ends = [day for day, _ in own.ends(today)]
            vested = min([*ends, *([] if fact.word == "law" and ends else [today])])
            days += [(law.law.refund_by(vested), vested) for law in [*own.asking, *own.others]]
        by, vested = min(days)
        if (money.by, money.vested) != (by, vested):
            self.say(at, f"refund {money.n} vested {money.vested}, due {money.by}: by law {vested}, {by}")
        self._sum(at, money)
        self._why(at, money, cancelled, today)

    def _sum(self, at: datetime, money: Money) -> None:
        """Nothing left: all that was paid. Something left: less what the buyer would have paid for that alone."""
        record, owns = self.record, self.lines.values()
        before = sum(
            (one.amount or 0) if one.ended_at is None or one.ended_at > at else one.refunded or 0
            for one in record.money
            if one.n < money.n
        )
        left = sum((own.line.price or 0) * (own.line.quantity - own.cancelled) for own in owns)
        placed = min(own.began for own in owns)  # tax and discount are those of what was ordered then
        whole = sum((own.line.price or 0) * own.line.quantity for own in owns if own.began == placed)
        part = min(Fraction(1), Fraction(left, whole)) if whole else Fraction(0)
        discount = -int(-record.discount * part // 1)  # a part of a cent helps the customer
        kept = max(0, left + record.shipping + int(record.tax * part) - discount)
        if all(own.line.quantity == own.cancelled for own in owns):
            kept = 0
        wanted = max(0, record.paid - kept - before)
        if not record.paid:
            wanted = 0
        if money.amount != wanted:
            self.say(at, f"refund {money.n} is of {money.amount}, by law {wanted}")

    def _why(self, at: datetime, money: Money, cancelled: list[Fact], today: date) -> None:
        """The cause of the refund; and what is over with it: what had not left, and what had not though it was said."""
        allowed = set()
        for fact in cancelled:
            own = self.lines[fact.line or ""]
            said = {"customer": {"buyer"}, "merchant": {"seller"}, "law": set()}[fact.word]
            causes = said | {why for _, why in own.ends(today)}
            allowed |= causes
            if not own.open and own.ended is None:
                own.ended, own.why = min(own.ends(today), default=(today, "")) if not said else (today, min(said))
                own.ended, own.why = min([(own.ended, own.why), *own.ends(today)])
        if money.cause not in allowed:
            self.say(at, f"refund {money.n} because of {money.cause}, by law {sorted(allowed)}")

    def _overdue(self) -> None:
        for money in self.record.money:
            since = max(money.at, end_of(money.by, self.record.zone))
            run = self.shop.first_run(since)
            if money.ended_at is not None and (run is None or money.ended_at < run):
                run = None
            if money.overdue_at != run:
                self.say(money.at, f"refund {money.n} was called overdue at {money.overdue_at}, by law at {run}")
            if money.ended_at is not None and (money.refunded or 0) < (money.amount or 0):
                self.say(money.at, f"refund {money.n} ended with too little")

    def _to_tell(self) -> frozenset:
        """What is still to be told: lines and their days."""
        return frozenset(
            (name, own.promise)
            for name, own in self.lines.items()
            if own.open and own.ended is None and (own.promise != own.told or own.need())
        )

    def _owing(self, at: datetime, until: datetime | None) -> None:
        """What has to be done by the worker before the next thing happens, at `until`; None for never."""
        today, zone = local(at, self.record.zone), self.record.zone
        for name, own in self.lines.items():
            if not own.open:
                continue
            ends = [law.right for law in own.asking if law.right is not None]
            ends += [] if own.ended is None else [own.ended - DAY]
            if ends:
                last = min(ends)
                self._must(max(at, end_of(last, zone)), until, f"line {name} not cancelled, over since {last}")
            if own.promise is not None and not own.over(today):
                close = end_of(own.promise, zone) - self.shop.closing
                run = self.shop.first_run(max(at, close))
                if run is not None and not own.over(local(run, zone)):
                    self._must(max(at, close), until, f"line {name} still promised for {own.promise}")
        self._untold(at, until)

    def _untold(self, at: datetime, until: datetime | None) -> None:
        """Delays that have to be told: once the shop waited for more changes, or when the last day comes near."""
        to_tell = self._to_tell()
        if to_tell != self.pending:
            self.pending, self.changed_at = to_tell, at
        if self.muted is not None and to_tell and to_tell != self.muted:
            self.muted = None
        quiet = not self.email or self.bounced or self.muted is not None
        if until is None and to_tell and (not self.email or self.bounced) and self.muted is None:
            alive = any(self.lines[name].over(local(self.shop.runs[-1], self.record.zone)) for name, _ in to_tell)
            if not self.record.queued and not alive:
                self.say(at, f"{sorted(map(str, to_tell))} cannot be told, and nothing stands in the queue")
        named = {name for name, _ in to_tell}
        for name, own in self.lines.items():
            if name not in named:
                own.since = None
                continue
            if quiet:
                own.since = None
                continue
            own.since = own.since or max(at, self.reached_at)
            due = min(own.since + 2 * self.shop.wait, max(own.since, self.changed_at) + self.shop.wait)
            ends = [end_of(need.by, self.record.zone) for need in own.need()]
            due = min([due, *(max(own.since, end - self.shop.margin) for end in ends)])
            run = self.shop.first_run(max(at, due))
            last = min((law.right for law in own.asking if law.right is not None), default=None)
            if run is not None and (last is None or run < end_of(last, self.record.zone)):
                self._must(max(at, due), until, f"line {name}: {own.promise} not told instead of {own.told}")

    def _must(self, since: datetime, until: datetime | None, what: str) -> None:
        """Something that the first run of the worker has to put right: it had not, when the next thing happened."""
        run = self.shop.first_run(since)
        if run is not None and (until is None or run < until):
            self.say(run, what)

    def _compare(self, stand: Stand) -> None:
        """How the shop says that a line stands, against how it stands."""
        own = self.lines[stand.line]
        today = local(stand.at, self.record.zone)
        if not own.open or own.over(today):
            return
        for law in own.asking:
            if law.law.name == stand.law:
                wanted = (False, law.limit, law.right)
                if (stand.ended, stand.limit, stand.until) != wanted:
                    self.say(stand.at, f"line {stand.line} under {stand.law}: {stand[3:6]}, by law {wanted}")
        for other in own.others:
            if other.law.name == stand.law:
                wanted = (False, other.limit, other.leave_from)
                if (stand.ended, stand.limit, stand.leave_from) != wanted:
                    self.say(stand.at, f"line {stand.line} under {stand.law}: {stand[3:]}, by law {wanted}")


# -- what a letter has to say -----------------------------------------------------------------------------------------

_CONSENTS = "If we do not hear from you before we ship"
_CANCELS = "If you do not agree by"


def plain(day: date) -> str:
    """A day as people write it."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def _goods(record: Record, letter: Letter, name: str) -> str:
    """How a letter has to name what it says of a line: by its goods, and by the line where the goods are not enough."""
    goods = record.lines[name].goods
    alike = [other for other in letter.lines if record.lines[other].goods == goods]
    return f"{goods} (line {name})" if len(alike) > 1 else goods


def read(letter: Letter, goods: str) -> tuple[bool, date | None]:
    """What a letter says of some goods: whether silence agrees, and by when an answer is awaited; None for none."""
    of_goods = [line for line in letter.text.splitlines() if f" of {goods}" in line]
    cancels = [
        line.partition(": if you do not agree by ")[2] for line in of_goods if ": if you do not agree by" in line
    ]
    if cancels:
        return False, _day(cancels[0])
    if any(": if we do not hear from you before we ship" in line for line in of_goods):
        return True, letter.answer_by
    if _CANCELS in letter.text or _CONSENTS in letter.text:
        return _CONSENTS in letter.text, letter.answer_by
    return False, None


def _day(text: str) -> date:
    """The day with which a text begins, as people write it."""
    return datetime.strptime(" ".join(text.split()[:4]).rstrip(","), "%a %d %b %Y").replace(tzinfo=UTC).date()


def contents(
    shop: Shop, record: Record, letter: Letter, needs: dict[str, list[Need]], told: dict[str, date | None]
) -> list[str]:
    """What a letter lacks, or says that is not so. `told` are the days that were known before it."""
    text, kinds, found = letter.text, {need.kind for of_line in needs.values() for need in of_line}, list[str]()

    def must(say: str, yes: bool = True) -> None:
        if (say in text) != yes:
            found.append(f"({letter.kind}) {'does not say' if yes else 'says'}: {say}")

    must(record.order)
    for name, day in letter.lines.items():
        must(_goods(record, letter, name))
        must(plain(day) if day is not None else "unable to give a new day")
        before = told[name]
        if before is not None:
            must(plain(before))
    if kinds:
        must("cancel at any time before it ships for a full and prompt refund")
        must(f"Answering costs you nothing: {shop.answers}")
        found += _answers(record, letter, needs)
        undated = [name for name, day in letter.lines.items() if day is None]
        if not undated or any(need.law == "us-ftc" for name in undated for need in needs[name]):
            must("If you agree to wait without a day, you can still cancel at any time before it ships", bool(undated))
        if undated:
            must("The reason: ")
    else:
        must(_CANCELS, False)
        must(_CONSENTS, False)
        if letter.answer_by is not None:
            found.append("awaits an answer where nothing has to be answered")
    if letter.kind != _kind(kinds, letter, told):
        found.append(f"is {letter.kind}, not {_kind(kinds, letter, told)}")
    return found


def _answers(record: Record, letter: Letter, needs: dict[str, list[Need]]) -> list[str]:
    """What no answer means, and until when: of each line that is asked about, whether or not it is named."""
    text, found = letter.text, list[str]()
    asked = {name: of_line for name, of_line in needs.items() if of_line}
    earliest = min(need.answer_by for of_line in asked.values() for need in of_line)
    if letter.answer_by != earliest:
        found.append(f"awaits an answer by {letter.answer_by}, by law {earliest}")
    alike = {
        (all(need.kind == "short" for need in of_line), min(need.answer_by for need in of_line))
        for of_line in asked.values()
    }
    for name, of_line in asked.items():
        agrees, answer = all(need.kind == "short" for need in of_line), min(need.answer_by for need in of_line)
        if len(alike) == 1 and len(asked) == len(letter.lines):
            latest = plain(letter.lines[name] or date.max)
            wanted = (
                [f"{_CONSENTS}, we take it that you agree to wait until {latest}"]
                if agrees
                else [
                    f"{_CANCELS} {plain(answer)}, and it has not shipped by then, it is cancelled",
                    f"Please answer by {plain(answer)}",
                ]
            )
            found += [f"does not say: {say}" for say in wanted if say not in text]
            found += [f"says: {say}" for say in (_CANCELS if agrees else _CONSENTS,) if say in text]
        else:
            said = read(letter, _goods(record, letter, name))
            if said[0] != agrees or (not agrees and said[1] != answer):
                found.append(f"says of line {name} {said}, by law {(agrees, answer)}")
    return found


def _kind(kinds: set[str], letter: Letter, told: dict[str, date | None]) -> str:
    """What the letter is. Of several lines any of them may name it."""
    if kinds:
        return letter.kind if letter.kind in kinds else min(kinds)
    far = date.max
    worse = any((day or far) > (told[name] or far) for name, day in letter.lines.items())
    return "delay" if worse else "better"
