"""The status page in words, before it has a form: what an order's customer reads, and what they may choose."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from backorder.adapters.status import words as w
from backorder.adapters.status.history import entries, names
from backorder.kernel.calendars import day_date, day_number, moment_datetime
from backorder.kernel.cases import MINUTE
from backorder.kernel.phrases import Money, OnDay, Phrase, Said, Value
from backorder.kernel.sentences import language_of
from backorder.languages import Language
from backorder.queries.evidence import NoticeSent
from backorder.queries.status import LineStatus, Option, Status

LINES_MAX = 40  # that are shown, the latest first: a page stays small


class Day(msgspec.Struct):
    """A day in words, with the first one that was told where that is another."""

    says: str
    first: str | None = None
    bad: bool = False


class Line(msgspec.Struct):
    """A line of the order: goods, units, where they are, and what its day stands on."""

    goods: str
    units: str
    day: Day
    parts: list[str]
    basis: str | None


class Radio(msgspec.Struct):
    """A choice among those that apply."""

    value: str
    title: str
    note: str


class Letter(msgspec.Struct):
    """A message as it went; `tag` is its language, which `note` names where it is not the page's."""

    title: str
    subject: str
    text: str
    note: str | None
    tag: str


class Pending(msgspec.Struct):
    """What was chosen, of which goods where there are others, and can be taken back; no button once it cannot."""

    chosen: str
    goods: str | None
    effect: str
    undo: str | None


class Page(msgspec.Struct):
    """The page of an order."""

    title: str
    eyebrow: str
    heading: str
    lead: list[str]
    bad: bool
    lines: list[Line]
    more: str | None
    history: list[tuple[str, str]]
    letter: Letter | None
    choose: str
    radios: list[Radio]
    pending: Pending | None
    contact: str | None


class Box(msgspec.Struct):
    """Goods that a choice is about, as a box to tick; `value` is the line."""

    value: str
    goods: str


class Confirm(msgspec.Struct):
    """The second page of a choice. `said` is all that it says, to be kept with the choice."""

    title: str
    says: list[str]
    goods: list[str]
    boxes: list[Box]
    consent: str | None
    effect: str
    button: str
    said: str


class Note(msgspec.Struct):
    """A page that says one thing."""

    title: str
    text: str


class Teller(NamedTuple):
    """In which language, as of which day in the order's zone."""

    language: Language
    today: int

    def __call__(self, said: Phrase, **values: Value) -> str:
        """A phrase in the language."""
        return self.sentence(Said(said, values))

    def sentence(self, said: Said) -> str:
        """The same of a phrase that has its values."""
        values = {name: self.spoken(one) if isinstance(one, OnDay) else one for name, one in said.values.items()}
        return self.language.say(Said(said.phrase, values))

    def spoken(self, on: OnDay) -> str:
        """A day in words that stay on one line."""
        return self.language.day(on).replace(" ", "\u00a0")

    def day(self, line: LineStatus) -> Value:
        """The promised day of a line."""
        assert line.promise is not None, "there is a day"
        return w.on(line.promise, self.today)


def value_of(option: Option) -> str:
    """What a choice is called in a form: an answer; of a substitute with the line and the item, by a digest."""
    if option.answer != "substitute":
        return option.answer
    return f"substitute-{hashlib.sha256(f'{option.lines[0]} {option.sku}'.encode()).hexdigest()[:16]}"


def page(found: Status, language: Language, now: int) -> Page:
    """The page of an order; `now` is the moment in microseconds."""
    tell = Teller(language, found.today)
    order = w.isolated(found.evidence.order)
    heading, bad = _heading(found, tell)
    shown = sorted(found.lines, key=_worst, reverse=True)[:LINES_MAX] if len(found.lines) > LINES_MAX else found.lines
    more = len(found.lines) - len(shown)
    lead = list(_lead(found, tell))
    if _held(found):
        lead.append(tell(w.HELD))
    return Page(
        title=tell(w.TITLE, order=order),
        eyebrow=tell(w.ORDER, order=order),
        heading=heading,
        lead=lead,
        bad=bad,
        lines=[_line(line, tell) for line in shown],
        more=tell(w.MORE_LINES, count=more) if more else None,
        history=[_entry(tell, at.date(), said) for at, said in entries(found)],
        letter=_letter(found, tell),
        choose=_ask(found, tell),
        radios=[_radio(option, found, tell) for option in found.options],
        pending=_pending(found, tell, now),
        contact=None if found.contact is None else tell(w.CONTACT, contact=w.plain(found.contact)),
    )


def _worst(line: LineStatus) -> tuple[bool, bool, bool, int]:
    """Lines by how bad their news is."""
    still = bool(line.waiting or line.here)
    return still, still and line.promise is None, line.late, 0 if line.promise is None else day_number(line.promise)


def _entry(tell: Teller, at: date, said: Sequence[Said]) -> tuple[str, str]:
    return tell.spoken(w.on(at, tell.today)), " ".join(map(tell.sentence, said))


def _still(found: Status) -> list[LineStatus]:
    return [line for line in found.lines if line.waiting or line.here]


def _held(found: Status) -> bool:
    return bool(_still(found)) and any(hold.released_at is None for hold in found.evidence.holds)


def _heading(found: Status, tell: Teller) -> tuple[str, bool]:
    """The worst that is true of the order, in one sentence, and whether it is bad news."""
    still = _still(found)
    if not still:
        sent = [line for line in found.lines if line.sent]
        if not sent:
            return tell(w.ALL_CANCELLED), False
        return tell(w.ALL_SENT if len(sent) == len(found.lines) else w.ALL_OVER), False
    undated = [line for line in still if line.promise is None]
    if undated:
        return tell(w.NO_DATE if len(undated) == len(found.lines) else w.PART_NO_DATE), True
    latest = max(still, key=lambda line: line.promise or day_date(0))
    late = [line for line in still if line.late]
    if late and latest.late:
        return tell(w.LATE, day=tell.day(min(late, key=lambda line: line.promise or day_date(0)))), True
    whole = len(still) == len(found.lines) and not any(line.sent for line in found.lines)
    return tell(w.SHIPS_BY if whole else w.REST_SHIPS_BY, day=tell.day(latest)), _days_later(latest) > 0


def _days_later(line: LineStatus) -> int:
    return 0 if line.promise is None or line.first_promise is None else (line.promise - line.first_promise).days


def _lead(found: Status, tell: Teller) -> Iterator[str]:
    """How the worst day differs from the one that was told first."""
    still = _still(found)
    if not still:
        return
    undated = next((line for line in still if line.promise is None), None)
    if undated is not None:
        if undated.first_promise is not None:
            yield tell(w.LOST_DATE, day=w.on(undated.first_promise, tell.today))
        return
    worst = max(still, key=lambda line: (line.promise or day_date(0), _days_later(line)))
    days = _days_later(worst)
    if days > 0:
        yield tell(w.LATER, count=days)
    elif days < 0:
        yield tell(w.SOONER, count=-days)
    elif not worst.late:
        yield tell(w.AS_TOLD)


def _line(line: LineStatus, tell: Teller) -> Line:
    units = [
        (line.here, w.UNITS_HERE),
        (line.waiting, w.UNITS_WAITING),
        (line.sent, w.UNITS_SENT),
        (line.cancelled, w.UNITS_CANCELLED),
    ]
    several = [tell(said, count=count) for count, said in units if count]
    first = line.first_promise
    moved = first is not None and bool(line.waiting or line.here) and line.promise != first
    assert first is not None or not moved
    day = _day(line, tell)
    if moved and first is not None:
        day.first = tell.spoken(w.on(first, tell.today))
    basis = w.BASES.get(line.basis or "") if line.waiting and line.promise is not None else None
    return Line(
        goods=w.plain(line.goods),
        units=tell(w.UNITS, count=line.quantity),
        day=day,
        parts=several if len(several) > 1 else [],
        basis=None if basis is None else tell(basis),
    )


def _day(line: LineStatus, tell: Teller) -> Day:
    if line.where in {"sent", "cancelled"}:
        return Day(tell(w.LINE_SENT if line.where == "sent" else w.LINE_CANCELLED))
    if line.promise is None:
        return Day(tell(w.LINE_HERE_UNDATED), bad=False) if not line.waiting else Day(tell(w.LINE_NO_DATE), bad=True)
    if line.late:
        return Day(tell(w.LINE_LATE if line.waiting else w.LINE_HERE_LATE, day=tell.day(line)), bad=True)
    later = _days_later(line) > 0
    return Day(tell(w.LINE_SHIPS if line.waiting else w.LINE_HERE, day=tell.day(line)), bad=later)


def _letter(found: Status, tell: Teller) -> Letter | None:
    """The message that waits for an answer, word for word; else the last that told of a delay which still stands."""
    one = found.asking or _last_told(found)
    if one is None or one.sent_at is None or one.text is None:
        return None
    tag = language_of(one.version)
    spoken = tag.partition("-")[0]
    note = None if spoken == tell.language.code else tell(w.LETTER_LANGUAGE, language=tell.language.name_of(spoken))
    day = w.on(one.sent_at.date(), tell.today)
    text = "\n".join(map(w.plain, one.text.split("\n")))
    return Letter(tell(w.LETTER, day=day), w.plain(one.subject or ""), text, note, tag)


def _last_told(found: Status) -> NoticeSent | None:
    if not _still(found):
        return None
    told = [one for one in found.evidence.notices if one.sent_at is not None and one.kind not in {"still", "cancelled"}]
    return told[-1] if told else None


def _ask(found: Status, tell: Teller) -> str:
    if found.asking is not None and found.asking.answer_by is not None:
        return tell(w.CHOOSE_ASKED, day=w.on(found.asking.answer_by, tell.today))
    return tell(w.CHOOSE_FREELY)


def _goods(found: Status, line: str) -> str:
    return w.isolated(next(one.goods for one in found.lines if one.line == line))


def _radio(option: Option, found: Status, tell: Teller) -> Radio:
    value = value_of(option)
    match option.answer:
        case "wait":
            days = {line.promise for line in found.lines if line.line in option.lines}
            if days == {None}:
                return Radio(value, tell(w.WAIT), tell(w.WAIT_NOTE_NO_DATE))
            only = next(iter(days)) if len(days) == 1 else None
            if only is None:
                return Radio(value, tell(w.WAIT), tell(w.WAIT_NOTE_DAYS))
            return Radio(value, tell(w.WAIT), tell(w.WAIT_NOTE, day=w.on(only, tell.today)))
        case "cancel":
            return Radio(value, tell(w.CANCEL), tell(w.CANCEL_NOTE))
        case "ship_available":
            return Radio(value, tell(w.READY), tell(w.READY_NOTE))
        case "substitute":
            return Radio(value, tell(w.SUBSTITUTE, **_swap(option, found)), _swap_note(option, tell))


def _swap(option: Option, found: Status) -> dict[str, Value]:
    return {"new": w.isolated(option.goods or ""), "old": _goods(found, option.lines[0])}


def _swap_note(option: Option, tell: Teller) -> str:
    assert option.promise is not None, "only what has a day is offered"
    return tell(w.SUBSTITUTE_NOTE, day=w.on(option.promise, tell.today))


def _pending(found: Status, tell: Teller, now: int) -> Pending | None:
    one = found.pending
    if one is None:
        return None
    about = {line for line, _ in one.shown}
    goods = names([line.goods for line in found.lines if line.line in about]) if len(found.lines) > 1 else None
    if one.effective_at <= now:
        return Pending(tell(w.CHOSEN[one.answer]), goods, tell(w.TAKING_EFFECT), None)
    moment = moment_datetime(one.effective_at).astimezone(found.evidence.placed_at.tzinfo)
    return Pending(tell(w.CHOSEN[one.answer]), goods, tell(w.PENDING, time=w.clock_time(moment)), tell(w.UNDO))


def confirm(
    found: Status, option: Option, language: Language, effective_at: int, now: int, money: tuple[int, str] | None
) -> Confirm:
    """The second page of a choice: what it means, and when it takes effect. `money` would go back, if that is known."""
    tell = Teller(language, found.today)
    minutes = (effective_at - now) // MINUTE
    effect = tell(w.LATER_EFFECT, count=minutes) if minutes else tell(w.AT_ONCE)
    lines = [line for line in found.lines if line.line in option.lines]
    goods = [_of_choice(option, line, tell) for line in lines]
    consent = None
    match option.answer:
        case "wait":
            title, says, button = w.CONFIRM_WAIT, [], w.DO_WAIT
        case "cancel":
            back = tell(w.CANCEL_MONEY) if money is None else tell(w.CANCEL_AMOUNT, amount=Money(*money))
            title, says, button = w.CONFIRM_CANCEL, [tell(w.CANCEL_SAYS), back], w.DO_CANCEL
        case "ship_available":
            title, says, button = w.CONFIRM_READY, [tell(w.READY_SAYS)], w.DO_READY
        case "substitute":
            swap = _swap(option, found)
            says = [tell(w.SUBSTITUTE_SAYS, **swap), _swap_note(option, tell)]
            title, button, consent = w.CONFIRM_SUBSTITUTE, w.DO_SUBSTITUTE, tell(w.SUBSTITUTE_CONSENT, **swap)
    chosen = option.answer in {"wait", "cancel"} and 1 < len(lines) <= LINES_MAX
    boxes = [Box(line.line, text) for line, text in zip(lines, goods, strict=True)] if chosen else []
    shown = [] if option.answer == "substitute" else goods
    every = [tell(title), *says, *shown, *([consent] if consent else []), effect, tell(button)]
    text = "\n".join(every)
    listed = shown if len(shown) <= LINES_MAX else [names([line.goods for line in lines])]
    return Confirm(tell(title), says, [] if boxes else listed, boxes, consent, effect, tell(button), text)


def _of_choice(option: Option, line: LineStatus, tell: Teller) -> str:
    """The goods of a line, and of an agreement to wait the day that it is for."""
    units = line.waiting + line.here
    goods = f"{w.isolated(line.goods)}, {tell(w.UNITS, count=units)}"
    if option.answer != "wait":
        return goods
    if line.promise is None:
        return tell(w.WAIT_LINE_NO_DATE, goods=goods)
    return tell(w.WAIT_LINE, goods=goods, day=tell.day(line))
