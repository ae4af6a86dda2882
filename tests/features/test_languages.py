"""Every language says everything: a phrase without its translation, or with other places in it, fails here."""

import string
import subprocess
import sys
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po
from update_languages import FOLDER, said, written

from backorder import languages
from backorder.kernel.phrases import Money, OnDay, Said, Sum, phrase, phrases
from backorder.languages import known, language

TRANSLATED = [code for code in known() if code != languages.SOURCE]
DAY = OnDay(20_805, 20_788)  # 18 December 2026, told on the first


def catalogue(code: str) -> Catalog:
    with (FOLDER / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


def places(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_the_languages_that_are_promised_are_there() -> None:
    assert set(known()) >= {"en", "de", "fr", "es"}


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_phrase_is_translated_with_the_same_places(code: str) -> None:
    there = catalogue(code)
    phrases_ = [message for message in said() if message.id]
    assert len(phrases_) > 10
    for message in phrases_:
        one = message.id if isinstance(message.id, str) else message.id[0]
        found = there.get(one)
        assert found is not None, f"{code} has nothing for {one!r}: run tools/update_languages.py and translate it"
        assert not found.fuzzy, f"{code} is not sure of {one!r}"
        texts = [found.string] if isinstance(found.string, str) else list(found.string)
        for text in texts:
            assert text, f"{code} has no translation of {one!r}"
            assert places(text) == places(one), (code, text)
            assert text == text.strip()
    assert {m.id for m in there if m.id} == {m.id for m in phrases_}, "what is not said any more is gone"


@pytest.mark.parametrize("code", TRANSLATED)
def test_catalogues_are_as_the_tool_writes_them_with_real_plural_forms(code: str) -> None:
    assert (FOLDER / f"{code}.po").read_bytes() == written(code)
    there = catalogue(code)
    assert there.plural_expr == get_plural(code).plural_expr
    for message in there:
        if isinstance(message.string, tuple):
            assert len(message.string) == get_plural(code).num_plurals


def test_a_new_language_is_a_new_file(tmp_path: Path) -> None:
    """Polish, with its three forms, in a copy of the package: nothing but the file is added."""
    import shutil

    package = tmp_path / "backorder"
    shutil.copytree(Path(languages.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    text = (
        'msgid ""\nmsgstr ""\n"Language: pl\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"\n\n'
        'msgid "Only {count} is available now."\nmsgid_plural "Only {count} are available now."\n'
        'msgstr[0] "jest {count}"\nmsgstr[1] "są {count}"\nmsgstr[2] "tylko {count}"\n'
    )
    (package / "locale" / "pl.po").write_text(text, encoding="utf-8")
    program = (
        "from backorder.languages import language\nfrom backorder.kernel.storefront import Shown, sentence\n"
        "print([language('pl').say(sentence(Shown('A', 'out_of_stock', 9, 1, 'UTC', available=n))) for n in (1, 3, 5)])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert ran.stdout.decode().strip() == "['jest 1', 'są 3', 'tylko 5']"


@pytest.mark.parametrize(
    ("wanted", "country", "tag"),
    [
        ("de", None, "de"),
        ("de-AT", None, "de-AT"),
        ("de_CH", "AT", "de-AT"),
        (None, "FR", "fr-FR"),
        (None, "MX", "es-MX"),
        (None, "CH", "de-CH"),
        (None, "JP", "en-JP"),
        ("ja", "JP", "en-JP"),
        ("ja", "DE", "de-DE"),
        ("en", "GB", "en-GB"),
        ("../../etc", "..", "en"),
        ("", None, "en"),
        ("fr-XX", "XX", "fr"),
    ],
)
def test_who_wants_what_is_not_there_hears_what_their_country_speaks_or_english(
    wanted: str | None, country: str | None, tag: str
) -> None:
    assert language(wanted, country).tag == tag


@pytest.mark.parametrize(
    ("tag", "day", "amount"),
    [
        ("en-GB", "18 December", "€1,234.50"),
        ("en-US", "December 18", "€1,234.50"),
        ("de", "18. Dezember", "1.234,50\xa0€"),
        ("fr", "18 décembre", "1\u202f234,50\xa0€"),
        ("es", "18 de diciembre", "1.234,50\xa0€"),
    ],
)
def test_days_and_amounts_are_said_as_people_say_them(tag: str, day: str, amount: str) -> None:
    speaks = language(tag)
    assert speaks.day(DAY) == day
    assert speaks.amount(Money(123_450, "EUR")) == amount
    assert "2027" in speaks.day(OnDay(DAY.day + 30, DAY.today))


def test_amounts_have_the_decimals_of_their_currency() -> None:
    assert language("en-US").amount(Money(1_234, "JPY")) == "¥1,234"
    assert language("en-US").amount(Money(1_234, "KWD")).endswith("1.234")


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("en", ["£15,426.79", "$15,426.79", "CHF\xa015,426.79"]),
        ("en-GB", ["£15,426.79", "US$15,426.79", "CHF\xa015,426.79"]),
        ("de", ["15.426,79\xa0£", "15.426,79\xa0$", "15.426,79\xa0CHF"]),
        ("fr", ["15\u202f426,79\xa0£GB", "15\u202f426,79\xa0$US", "15\u202f426,79\xa0CHF"]),
        ("es", ["15.426,79\xa0GBP", "15.426,79\xa0US$", "15.426,79\xa0CHF"]),
    ],
)
def test_currencies_have_their_sign_where_it_is_clear_in_tables_as_in_letters(tag: str, said: list[str]) -> None:
    speaks, currencies = language(tag), ("GBP", "USD", "CHF")
    assert [speaks.word(Sum("15426.79", one)) for one in currencies] == said
    assert [speaks.amount(Money(1_542_679, one)) for one in currencies] == said


def test_what_people_wrote_is_never_looked_at_for_places() -> None:
    hostile = "{day} {0.__class__} %s {"
    assert language("de").say(Said(phrase("{name}"), {"name": hostile})) == hostile
    counted = phrases("{count} of {name}", "{count} of {name}")
    assert language("fr").say(Said(counted, {"count": 2_000, "name": hostile})) == f"2\u202f000 of {hostile}"


def test_every_catalogue_is_of_a_language_that_is_known() -> None:
    assert all(Locale.parse(code) for code in known())
