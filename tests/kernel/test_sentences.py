"""What a notice says: all that the law asks for, nothing that contradicts it, and always the worst."""

from collections.abc import Iterable, Sequence
from typing import get_args

import pytest

from backorder.kernel.calendars import NEVER, day_date
from backorder.kernel.notices import Agreed, Completed, Owed, Told, begin, owed, stand, strictest
from backorder.kernel.phrases import Phrase, Said
from backorder.kernel.rules import Element, Pack
from backorder.kernel.sentences import (
    CANCELLED,
    REASONS,
    SENTENCES,
    Ask,
    Facts,
    Gone,
    Part,
    Units,
    beat,
    digest,
    goodbye,
    language_of,
    reason_of,
    render,
)
from backorder.kernel.tongues import ENGLISH, Voice, plain_day
from backorder.languages import language, tongue
from backorder.storage.rules import bundled

START = 20_500
WENT = [
    "a3b0eaeedadc0d1c3e948281339f0735c6c58c2ca02338b22e61b76bf2ce32eb",
    "651b0607f5e52faa4ad7205c375ab181e06313c0b060dd1097585d75dfdbabc6",
    "d07dfba9cd2c5287fcb72392707914c29fa5fa1fbfbc05dcfb8f40e66503a519",
    "b27f71fe1e44ec77793c193ce26b4a59ac4c9fd509934a761f6b10941e5f3d0b",
]
ASKING = [pack for pack in bundled().values() if pack.asks]


def facts(*planned: int, told: int = START + 30) -> Facts:
    parts = tuple(Part((Units(n, "Oak chair"),), told, day) for n, day in enumerate(planned, 1))
    return Facts("SO-1", parts, "the ship is late.", "https://shop.example/a/1", "You pay when it ships.", "0800 1")


@pytest.mark.parametrize("pack", ASKING, ids=lambda pack: pack.pack)
@pytest.mark.parametrize("behind", [1, 30, 31, 400, None])
@pytest.mark.parametrize("again", [False, True])
def test_a_notice_says_each_thing_that_is_asked_for(pack: Pack, behind: int | None, *, again: bool) -> None:
    completed = Completed(START)
    limit = begin(pack, completed).limit
    before = [Told(START, limit + 5), Agreed(START, limit + 5)] if again else []
    planned = NEVER if behind is None else limit + 5 * again + behind
    asked = owed(pack, stand(pack, completed, before, START), planned)
    assert asked is not None
    said = facts(planned)
    notice = render(said, asked)
    for element in asked.says:
        assert SENTENCES[element](said, asked, Voice(ENGLISH)) in notice.text, element
    assert ("we take it that you agree" in notice.text) == (asked.silence == "consent")
    assert ("it is cancelled" in notice.text) == (asked.silence == "cancel")
    assert ("unable to give a new day" in notice.text) == (behind is None)
    for always in ("SO-1", plain_day(START + 30), "1 of Oak chair", "the ship is late.", "full and prompt refund",
                   "https://shop.example/a/1", "You pay when it ships.", "0800 1"):  # fmt: skip
        assert always in notice.text


def test_one_notice_for_an_order_never_hides_the_worst_day() -> None:
    asked = Owed("long", START + 30, ("order", "revised_day", "silence_cancels"), "cancel", START + 60)
    notice = render(facts(START + 40, START + 90, START + 35), asked)
    assert plain_day(START + 90) in notice.subject
    assert all(plain_day(START + later) in notice.text for later in (35, 40, 90))
    without = render(facts(START + 40, NEVER), asked)
    assert "without a new day" in without.subject
    assert "2 of Oak chair: promised for" in without.text


def test_a_notice_is_the_same_whenever_it_is_rendered_and_its_digest_tells_another() -> None:
    found = [owed(pack, begin(pack, Completed(START)), START + 40) for pack in ASKING]
    asked = strictest(tuple(one for one in found if one is not None))
    assert asked is not None
    assert render(facts(START + 40), asked) == render(facts(START + 40), asked)
    assert render(facts(START + 40), asked).digest != render(facts(START + 41), asked).digest


def test_a_notice_reads_like_this() -> None:
    pack = bundled()["us-ftc"]
    asked = owed(pack, begin(pack, Completed(START)), START + 40)
    assert asked is not None
    assert day_date(START + 30).isoformat() == "2026-03-18"
    assert render(facts(START + 40), asked).text == (
        "Your order SO-1 is late. We are sorry.\n\n"
        "- 1 of Oak chair: promised for Wed 18 Mar 2026, now to ship by Sat 28 Mar 2026.\n\n"
        "The reason: the ship is late.\n\n"
        "You can agree to wait, or cancel at any time before it ships for a full and prompt refund.\n\n"
        "Answering costs you nothing: https://shop.example/a/1\n\n"
        "If we do not hear from you before we ship, we take it that you agree to wait until Sat 28 Mar 2026.\n\n"
        "You pay when it ships.\n\n"
        "Questions: 0800 1\n"
    )


def test_what_was_said_in_english_before_there_were_other_languages_is_said_again() -> None:
    """The digests are those of the letters as they went under en-2, when English was all that there was."""
    asked = Owed("long", START, (*get_args(Element)[:-3], "answer_by"), "none", START + 30)
    chairs, lamp = Units(2, "Oak chair"), Units(1, "Lamp", "3")
    parts = (Part((chairs, lamp), START - 10, START + 20), Part((Units(1, "{day}"),), START - 10, NEVER))
    asks = (Ask((chairs,), "cancel", START, START + 20), Ask((lamp,), "consent", START, START + 20))
    said = Facts("SO-1", parts, REASONS["rescheduled"].one, "0800 1", "You pay then.", "help@x", START + 33, asks)
    gone = Gone("SO-1", ["Oak chair"], "missed", (123_450, "EUR"), START, ("by card", "in cash"), "help@x", True)
    better = asked._replace(kind="better")
    sooner = said._replace(parts=parts[:1])
    again = [render(said, asked), render(sooner, better), beat(said), goodbye(gone)]
    assert {one.version for one in again} == {"en-2"}
    assert [one.digest for one in again] == WENT


class Lacking:
    """German without some of its sentences."""

    tag = "de"

    def __init__(self, *sentences: str) -> None:
        self.without = set(sentences)

    def lacking(self, said: Iterable[Said]) -> Sequence[str]:
        return [one.phrase.one for one in said if one.phrase.one in self.without]

    def say(self, said: Said) -> str:
        return language("de").say(said)


@pytest.mark.parametrize(
    "lacks",
    [
        "The reason: {reason}",
        "Order {order}: later than promised, {day}",
        "Your order {order} is late. We are sorry.",
        "{quantity} of {item}",
        "our supplier moved the delivery of the goods.",
        "Questions: {contact}",
    ],
)
def test_a_language_without_one_of_the_sentences_says_none_of_them(lacks: str) -> None:
    asked = Owed("long", START + 30, ("order", "revised_day", "silence_cancels"), "cancel", START + 60)
    said = facts(START + 40)._replace(reason=REASONS["rescheduled"].one)
    letter = render(said, asked, Lacking(lacks))
    assert letter.lacking == (lacks,)
    assert letter == render(said, asked)._replace(lacking=(lacks,))
    assert render(said, asked, Lacking("Please answer by {day}.")).version == "de-1"  # not asked for here


# What each element is by law, as a reader of the language finds it; {day} is the one that it has to name.
ELEMENTS: dict[str, dict[Element, str]] = {
    "de": {
        "order": "Ihre Bestellung SO-1 verspätet sich",
        "revised_day": "Versand jetzt bis {day}",
        "no_day": "wir können keinen neuen Tag nennen",
        "reason": "Der Grund: unser Lieferant",
        "right_to_cancel": "jederzeit vor dem Versand stornieren; dann erhalten Sie den vollen Betrag "
        "unverzüglich zurück",
        "free_answer": "kostet Sie nichts: https://shop.example/a/1",
        "answer_by": "Bitte antworten Sie bis {answer}",
        "silence_consents": "nichts von Ihnen hören, nehmen wir an, dass Sie damit "
        "einverstanden sind, bis {day} zu warten",
        "silence_cancels": "Wenn Sie bis {answer} nicht zustimmen und die Ware bis dahin nicht versandt ist, "
        "wird sie storniert",
        "may_cancel_later": "ohne festen Tag zu warten, können Sie trotzdem jederzeit vor dem Versand stornieren",
    },
    "fr": {
        "order": "Votre commande SO-1 est en retard",
        "revised_day": "expédition désormais au plus tard le {day}",
        "no_day": "pas en mesure de donner une nouvelle date",
        "reason": "La raison\u00a0: notre fournisseur",
        "right_to_cancel": "annuler à tout moment avant l\u2019expédition et être intégralement "
        "et rapidement remboursé",
        "free_answer": "ne vous coûte rien\u00a0: https://shop.example/a/1",
        "answer_by": "Veuillez répondre au plus tard le {answer}",
        "silence_consents": "nous considérons que vous acceptez d\u2019attendre jusqu\u2019au {day}",
        "silence_cancels": "votre accord au plus tard le {answer}, et si l\u2019expédition n\u2019a "
        "pas eu lieu à cette date, "
        "la commande est annulée et votre argent vous est rendu",
        "may_cancel_later": "d\u2019attendre sans date, vous pouvez tout de même annuler "
        "à tout moment avant l\u2019expédition",
    },
    "es": {
        "order": "Su pedido SO-1 se retrasa",
        "revised_day": "ahora se envía a más tardar el {day}",
        "no_day": "no podemos dar una nueva fecha",
        "reason": "El motivo: nuestro proveedor",
        "right_to_cancel": "cancelar en cualquier momento antes del envío con reembolso completo y sin demora",
        "free_answer": "Responder no le cuesta nada: https://shop.example/a/1",
        "answer_by": "responda a más tardar el {answer}",
        "silence_consents": "entendemos que acepta esperar hasta el {day}",
        "silence_cancels": "Si usted no acepta a más tardar el {answer} y para entonces no se ha enviado, el pedido se "
        "cancela y se le devuelve su dinero",
        "may_cancel_later": "Si acepta esperar sin fecha, puede cancelar igualmente en cualquier momento "
        "antes del envío",
    },
}
MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}
WEEKDAYS = {
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
}
SHAPES = {"de": "{w}, {d}. {m} {y}", "fr": "{w} {d} {m} {y}", "es": "{w}, {d} de {m} de {y}"}


def written(code: str, day: int) -> str:
    """A day in a language, by hand."""
    date = day_date(day)
    weekday, month = WEEKDAYS[code].split()[date.weekday()], MONTHS[code].split()[date.month - 1]
    return SHAPES[code].format(w=weekday, d=date.day, m=month, y=date.year)


@pytest.mark.parametrize("code", sorted(ELEMENTS))
@pytest.mark.parametrize("pack", ASKING, ids=lambda pack: pack.pack)
@pytest.mark.parametrize("behind", [1, 30, 31, 400, None])
@pytest.mark.parametrize("again", [False, True])
def test_a_notice_says_each_thing_that_is_asked_for_in_each_language(
    pack: Pack, behind: int | None, code: str, *, again: bool
) -> None:
    completed = Completed(START)
    limit = begin(pack, completed).limit
    before = [Told(START, limit + 5), Agreed(START, limit + 5)] if again else []
    planned = NEVER if behind is None else limit + 5 * again + behind
    asked = owed(pack, stand(pack, completed, before, START), planned)
    assert asked is not None
    notice = render(facts(planned)._replace(reason=REASONS["rescheduled"].one), asked, tongue(code))
    assert (notice.lacking, notice.version) == ((), f"{code}-1")
    days = {"answer": written(code, asked.answer_by) if asked.answer_by != NEVER else "", "day": ""}
    if planned != NEVER:
        days["day"] = written(code, planned)
    always: tuple[Element, ...] = ("reason", "right_to_cancel", "free_answer")
    for element in {*asked.says, *always}:
        assert ELEMENTS[code][element].format(**days) in notice.text, element
    for silence, element in (("consent", "silence_consents"), ("cancel", "silence_cancels")):
        said = ELEMENTS[code][element].format(**days) in notice.text  # type: ignore[index]  # one of its elements
        assert said == (asked.silence == silence)
    assert written(code, START + 30) in notice.text
    assert "1 x Oak chair" in notice.text
    assert "You pay when it ships." in notice.text
    assert notice.digest == digest(notice.subject, notice.text)


@pytest.mark.parametrize(
    ("code", "sooner", "stands", "gone", "money"),
    [
        (
            "de",
            "früher versandt",
            "weiterhin bis {day}",
            "weil wir es nicht liefern können",
            "432,00\xa0€ erhalten Sie bis {day}",
        ),
        (
            "fr",
            "expédiée plus tôt",
            "toujours au plus tard le {day}",
            "nous ne pouvons pas le livrer",
            "432,00\xa0€ vous sont rendus au plus tard le {day}",
        ),
        (
            "es",
            "se envía antes",
            "a más tardar el {day}",
            "porque no podemos entregarlo",
            "432,00\xa0€ se le devuelven a más tardar el {day}",
        ),
    ],
)
def test_good_news_word_that_it_stands_and_goodbye_are_said_in_each_language(
    code: str, sooner: str, stands: str, gone: str, money: str
) -> None:
    day, speaks = written(code, START), tongue(code)
    better = render(facts(START)._replace(reason=""), Owed("better", NEVER, ("order",), "none", NEVER), speaks)
    assert sooner in better.text
    assert day in better.text
    assert written(code, START + 30) in better.text
    assert stands.format(day=day) in beat(facts(START)._replace(reason=""), speaks).text
    for pack in bundled().values():
        lost = Gone("SO-1", ["Oak chair"], "seller", (43_200, "EUR"), START, pack.refund.forms, "0800 1", True)
        said = goodbye(lost, speaks)
        assert (said.lacking, said.version) == ((), f"{code}-1"), pack.pack
        assert gone in said.text
        assert money.format(day=day) in said.text
    for cause in CANCELLED:
        for amount in (None, (0, "EUR"), (43_200, "EUR")):
            for charged in (True, False):
                said = goodbye(Gone("SO-1", ["X"], cause, amount, START, (), "0800 1", charged), speaks)
                assert said.version == f"{code}-1"


def test_every_reason_can_be_said_in_each_language() -> None:
    reasons = [Said(one) for one in [*REASONS.values(), Phrase(reason_of([]))]]
    assert all(not language(code).lacking(reasons) for code in ELEMENTS)


def test_a_notice_is_in_the_language_that_letters_are_in() -> None:
    asked = Owed("long", START + 30, ("order", "revised_day"), "none", START + 60)
    said = facts(START + 40)._replace(reason=REASONS["held"].one)
    spoken = [(None, "AT"), ("fr", "DE"), ("en-GB", "DE"), (None, "US"), (None, None), ("pt", "BR")]
    versions = [render(said, asked, tongue(*one)).version for one in spoken]
    assert versions == ["de-AT-1", "fr-1", "en-2", "en-2", "en-2", "en-2"]
    assert [language_of(one) for one in versions] == ["de-AT", "fr", "en", "en", "en", "en"]
