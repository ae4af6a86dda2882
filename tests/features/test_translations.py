"""Where customers answer and when money is taken, in their language: notices, letters and previews say it so."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from mailserver import Mailbox
from owed import COMMUNICATION, advance, do
from posted import Post
from shop import NOW

from backorder import languages
from backorder.adapters.mail.preview import previews
from backorder.app import command_line
from backorder.kernel.calendars import moment_number
from backorder.queries import check
from backorder.queries.communication import TranslationView, communication
from backorder.queries.evidence import of_order as evidence
from backorder.queries.notices import of_order
from backorder.storage.db import Database

DAY = "2026-03-02T16:00"
GERMAN = {"language": "de", "answers": "0800 456 (kostenlos)", "charging": "Bezahlt wird beim Versand."}
PLAIN = (COMMUNICATION["answers"], COMMUNICATION["charging"])


@pytest.fixture
def post(db: Database, box: Mailbox) -> Iterator[Post]:
    yield Post(db, box, "confirmation")
    assert check.run(db) == []


def put(db: Database, *said: dict[str, str]) -> str:
    return do(db, DAY, "put_communication", translations=list(said))


def test_what_is_said_in_a_language_stands_beside_what_is_said_for_all(post: Post) -> None:
    db = post.db
    assert put(db, GERMAN) == "changed"
    assert put(db, GERMAN) == "exists"
    assert put(db, {"language": "de", "charging": "Später."}) == "changed"
    assert put(db, {"language": "fr", "answers": "0800 789"}) == "changed"
    found = communication(db)
    assert found.translations == [
        TranslationView("de", GERMAN["answers"], "Später."),
        TranslationView("fr", "0800 789", None),
    ], "what is left out stays"
    assert (found.answers, found.charging) == PLAIN
    assert found.wordings == [], "they are no wordings of a message"
    assert do(db, DAY, "put_communication", charging="Another.") == "changed", "a plain text stays the way to say it"
    assert put(db, {"language": "de", "answers": "", "charging": ""}, {"language": "fr", "answers": ""}) == "changed"
    assert communication(db).translations == []


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"language": "xx", "answers": "a"}, "translations[0].language"),
        ({"language": "de", "answers": "a\nb"}, "translations[0].answers"),
        ({"language": "de", "charging": "a\u202eb"}, "translations[0].charging"),
        ({"language": "de", "charging": "a" * 501}, "translations[0].charging"),
        ({"language": "de", "closing": "a"}, "translations[0]"),
    ],
)
def test_what_cannot_be_said_is_refused_by_its_field(post: Post, said: dict[str, str], field: str) -> None:
    from state import apply

    (outcome,) = apply(post.db, NOW, [{"do": "put_communication", "translations": [said]}])
    assert outcome.outcome == "invalid"
    assert (outcome.field or "").startswith(field)
    assert communication(post.db).translations == []


def test_notices_and_letters_say_it_in_the_customer_s_language(post: Post) -> None:
    db = post.db
    assert put(db, GERMAN) == "changed"
    line = {"line": "1", "sku": "CHAIR", "quantity": 1, "unit_price": "50.00"}
    for name, spoken in (("eva", "de-AT"), ("zoe", "fr")):
        do(db, DAY, "put_customer", customer=name, email=f"{name}@example.com", country="US", language=spoken)
        placed = {"order": name, "customer": name, "currency": "USD", "paid": "50.00", "lines": [line]}
        assert do(db, DAY, "place_order", **placed) == "accepted"
    post.slip("2026-03-25", "2026-05-01")
    advance(db, "2026-04-09T12:00")  # who waits is told again that the day stands
    post.at("2026-04-09T12:00")
    post.until_quiet()
    told = {name: [got.part("plain") for got in post.box.got if got.to.startswith(name)] for name in ("eva", "zoe")}
    for (confirmation, notice, still), (answers, charging) in (
        (told["eva"], (GERMAN["answers"], GERMAN["charging"])),
        (told["zoe"], PLAIN),
    ):
        assert charging in confirmation
        assert answers in notice
        assert charging in notice
        assert answers in still
        assert charging in still
    assert PLAIN[1] not in "".join(told["eva"])
    for order in ("eva", "zoe"):
        proven = evidence(db, order)
        assert proven is not None
        assert all(one.digest_matches for one in proven.notices)


@pytest.fixture
def gap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """German cannot say two sentences: one of a notice, one of a confirmation."""
    texts = languages._texts("de")
    assert texts.whole is not None
    lacks = {"The reason: {reason}", "You can cancel what has not shipped at any time for a full refund."}
    without = texts._replace(whole=texts.whole - lacks)
    monkeypatch.setattr(languages, "_texts", {"de": without, "en": languages._texts("en")}.__getitem__)
    for remembered in (languages._language, languages.tongue):
        remembered.cache_clear()
    yield
    for remembered in (languages._language, languages.tongue):
        remembered.cache_clear()


@pytest.mark.usefixtures("gap")
def test_what_goes_in_english_after_all_says_it_in_english(post: Post) -> None:
    db = post.db
    english = {"language": "en", "answers": "0800 111", "charging": "You pay when it ships."}
    assert put(db, GERMAN, english) == "changed"
    do(db, DAY, "put_customer", customer="ada", email="ada@example.com", country="US", language="de")
    post.slip("2026-03-25", "2026-05-01")
    post.until_quiet()
    confirmation, notice = post.box.got
    for got in (confirmation, notice):
        assert got.read["Content-Language"].startswith("en")
        assert english["charging"] in got.part("plain")
        assert GERMAN["charging"] not in got.part("plain")
    assert english["answers"] in notice.part("plain")
    kept = of_order(db, "A")[0]
    assert english["answers"] in (kept.text or "")
    shown = previews(db, moment_number(NOW), "A", ["confirmation", "short"], ["de"])
    assert shown is not None
    assert all(english["charging"] in one.text and GERMAN["charging"] not in one.text for one in shown)


def test_previews_and_the_command_line_say_it_so(post: Post, url: str) -> None:
    command = ["communication", "translate", "de", "--answers", GERMAN["answers"], "--charging", GERMAN["charging"]]
    runner = CliRunner()
    done = runner.invoke(command_line(), [*command, "--database", url], obj=lambda: moment_number(NOW))
    assert (done.exit_code, done.output) == (0, "Done.\n")
    shown = runner.invoke(command_line(), ["communication", "show", "--database", url]).output
    assert "answers and charging also in" in shown
    found = previews(post.db, moment_number(NOW), "A", ["confirmation", "long", "still"], ["de", "es"])
    assert found is not None
    for one in found:
        assert (GERMAN["charging"] if one.wanted.startswith("de") else PLAIN[1]) in one.text
    nothing = runner.invoke(command_line(), [*command[:3], "--database", url], obj=lambda: moment_number(NOW))
    assert nothing.exit_code == 2
