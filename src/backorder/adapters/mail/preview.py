"""Every message as it would look: with an order's own data or with made up ones. Nothing is sent or written."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import msgspec

from backorder.adapters.mail import Merchant, Notice, framed, in_name_of, rendered, values_of
from backorder.commands.communication import Wording, misworded
from backorder.kernel import letters, sentences
from backorder.kernel.calendars import NEVER
from backorder.kernel.letters import About, Draft, Goods
from backorder.kernel.notices import Owed
from backorder.kernel.rules import Element
from backorder.kernel.sentences import language_of
from backorder.kernel.tongues import ENGLISH, Tongue
from backorder.kernel.wording import parts, worded_as
from backorder.languages import known, language, tongue
from backorder.queries.communication import CommunicationView, WordingView
from backorder.queries.preview import Material, material
from backorder.storage.db import Database

LINK = "https://example.com/your-order"  # in the place of a customer's own, which nobody but they may know
_UNSAID = {"shop_name": "Your shop", "contact": "help@example.com", "answers": "0800 000 000", "charging": ""}

# The kinds of notices of a delay, by how many days later than the promise the goods are said to be (NEVER: no day).
_LATER = {"short": 14, "long": 45, "indefinite": NEVER, "renewed": 30, "delay": 7}


class Preview(msgspec.Struct):
    """A message as it would look. `language` is the one that it is in, `wanted` the one that it was wanted in.

    They differ where that one cannot say what has to be said: `lacking` names the phrases. `left_out` are wordings that
    name something which there is not this time, `unsaid` what the shop has not said yet. `made_up` says that it is
    about no order of anybody's.
    """

    kind: str
    language: str
    wanted: str
    subject: str
    text: str
    html: str
    made_up: bool
    lacking: list[str]
    left_out: list[str]
    unsaid: list[str]
    pack: str | None


def _about(of: Material) -> tuple[About, list[Goods]]:
    return About(of.order, of.today, of.name, LINK), [Goods(one.quantity, one.item, one.day) for one in of.goods]


def _confirmation(of: Material, said: CommunicationView) -> Draft:
    return letters.confirmation(*_about(of), said.charging or "")


def _ready(of: Material, _said: CommunicationView) -> Draft:
    about, goods = _about(of)
    return letters.partly_ready(about, goods[:1], goods[1:] or goods[:1])


def _shipped(of: Material, _said: CommunicationView) -> Draft:
    return letters.shipped(*_about(of), of.tracking)


def _back(of: Material, _said: CommunicationView) -> Draft:
    about, goods = _about(of)
    return letters.back_in_stock(about, goods[0].item)


_LETTERS: dict[str, Callable[[Material, CommunicationView], Draft]] = {
    "confirmation": _confirmation,
    "ready": _ready,
    "shipped": _shipped,
    "back": _back,
}
_BETTER = Owed("better", NEVER, ("order",), "none", NEVER)
PREVIEWS = (
    "confirmation",
    *_LATER,
    "still",
    "better",
    "cancelled",
    *(kind for kind in _LETTERS if kind != "confirmation"),
)


def previews(
    db: Database,
    now: int,
    order: str | None,
    kinds: Sequence[str],
    spoken: Sequence[str],
    *,
    tried: Sequence[Wording] = (),
    saying: Mapping[str, str | None] = MappingProxyType({}),
    named: bool = True,
) -> list[Preview] | None:
    """Kinds of messages in languages; all kinds, and all languages, where none are named. None: no such order.

    `tried` are wordings to be tried in place of those that are kept, which are free of `misworded`, and `saying` what
    else the shop would say, which is not `unfit`. `named` says whether the customer's name may be shown.
    """
    said, of = material(db, now, order)
    if of is None:
        return None
    said = msgspec.structs.replace(said, **saying)
    trying = []
    for one in tried:
        opening, closing = said.wording(one.kind, one.language)
        opening = opening if one.opening is None else one.opening
        trying.append(WordingView(one.kind, one.language, opening, closing if one.closing is None else one.closing))
    said.wordings = [*trying, *said.wordings]  # the first of a kind and language is the one that is said
    if order is not None and not named:
        of = of._replace(name=None)
    wanted = [(kind, code) for kind in kinds or PREVIEWS for code in spoken or known()]
    return [_preview(said, of, kind, code, made_up=order is None) for kind, code in wanted]


def to_try(
    kinds: Sequence[str], spoken: Sequence[str], opening: str | None, closing: str | None
) -> tuple[list[Wording], tuple[str, str] | None]:
    """Wordings to try in kinds of messages and languages, all where none are named; and what is wrong: field, message.

    What is left out is said as it is kept.
    """
    if opening is None and closing is None:
        return [], None
    worded = dict.fromkeys(worded_as(kind) for kind in kinds or PREVIEWS)
    found = [Wording(kind, code, opening, closing) for kind in worded for code in spoken or known()]
    return found, next((wrong for one in found if (wrong := misworded(one)) is not None), None)


def _preview(said: CommunicationView, of: Material, kind: str, code: str, *, made_up: bool) -> Preview:
    worded = worded_as(kind)
    unsaid = [name for name in _UNSAID if getattr(said.spoken(code), name) is None]
    whole = msgspec.structs.replace(said, **{name: _UNSAID[name] for name in _UNSAID if getattr(said, name) is None})
    speaks = language(code, of.country)
    about, goods = _about(of)
    if kind in _LETTERS:
        wanted = speaks.tag
        merchant = in_name_of(whole, worded, speaks.code)
        values = values_of(about, goods, speaks)
        letter = rendered(_LETTERS[kind](of, whole.spoken(code)), speaks, merchant, values)
        there = letter.lacking == ()
        if not there:
            letter = rendered(_LETTERS[kind](of, whole.spoken(speaks.source().code)), speaks, merchant, values)
    else:
        wanted = tongue(code, of.country).tag
        notice = _notice(kind, of, whole.spoken(code), tongue(code, of.country))
        if notice.lacking:
            english = _notice(kind, of, whole.spoken(ENGLISH.tag), ENGLISH)
            notice = english._replace(lacking=notice.lacking)
        speaks = speaks.source() if notice.lacking else speaks
        merchant = in_name_of(whole, worded, speaks.code)
        values = values_of(about, goods, speaks)
        kept = Notice(notice.subject, notice.text, language_of(notice.version), LINK)
        letter, there = framed(kept, merchant, values, notice.lacking), True
    return Preview(
        kind,
        letter.language,
        wanted,
        letter.subject,
        letter.text,
        letter.html,
        made_up,
        list(letter.lacking),
        _left_out(merchant, values, there=there),
        unsaid,
        of.pack.pack if kind in _LATER and kind != "delay" else None,
    )


def _left_out(merchant: Merchant, values: Mapping[str, str], *, there: bool) -> list[str]:
    """The wordings that do not stand in the letter: what they name is not there, or it is not in their language."""
    own = {"opening": merchant.opening, "closing": merchant.closing}
    known = {*values, "shop", "contact"}
    return [
        name
        for name, wording in own.items()
        if wording and (not there or any(piece.place not in known for piece in parts(wording) if piece.place))
    ]


def _notice(kind: str, of: Material, said: CommunicationView, wanted: Tongue) -> sentences.Letter:
    """A notice as the law of the order's pack asks for it; or word that the days still stand, or are sooner."""
    if kind == "cancelled":
        return sentences.goodbye(_gone(of, said), wanted)
    goods = [(sentences.Units(one.quantity, one.item), NEVER if one.day is None else one.day) for one in of.goods]
    later = _LATER.get(kind, 0)
    found = tuple(
        sentences.Part((name,), told, NEVER if NEVER in {told, later} else told + later) for name, told in goods
    )
    facts = sentences.Facts(
        of.order,
        found,
        sentences.REASONS["rescheduled"].one,
        said.answers or "",
        said.charging or "",
        said.contact or "",
        of.today + said.heartbeat_days,
    )
    if kind == "still":
        return sentences.beat(facts, wanted)
    if kind == "better":
        sooner = tuple(
            sentences.Part((name,), day, of.today + 14) if day == NEVER else sentences.Part((name,), day + 7, day)
            for name, day in goods
        )
        return sentences.render(facts._replace(parts=sooner), _BETTER, wanted)
    says, silence = _asked(kind, of)
    asked = Owed(kind, of.today, says, silence, of.today + 10)  # type: ignore[arg-type]  # one of its kinds
    return sentences.render(facts, asked, wanted)


def _gone(of: Material, said: CommunicationView) -> sentences.Gone:
    """All of an order as goods that the shop cannot deliver, with what was paid for it."""
    goods = [one.item for one in of.goods]
    money = None if of.currency is None else (of.paid, of.currency)
    charged, forms = of.paid > 0, of.pack.refund.forms
    return sentences.Gone(of.order, goods, "seller", money, of.today + 7, forms, said.contact or "", charged)


def _asked(kind: str, of: Material) -> tuple[tuple[Element, ...], Literal["consent", "cancel", "none"]]:
    """What the pack asks a kind of notice to say, and what no answer means to it."""
    delays = {delay.kind: delay for delay in of.pack.delay}
    asked = of.pack.renewed if kind == "renewed" else delays.get(kind)  # type: ignore[call-overload]  # of another kind: none
    return ((), "none") if asked is None else (asked.says, asked.silence)
