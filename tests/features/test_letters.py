"""Letters to customers: what each says in four languages, and that whatever strangers wrote stands in them as text."""

import re
from datetime import date
from html.parser import HTMLParser

import pytest

from backorder.adapters.mail import Letter, Merchant, Unusable, rendered
from backorder.kernel import letters
from backorder.kernel.calendars import day_number
from backorder.kernel.letters import About, Draft, Goods
from backorder.kernel.wording import Misworded, worded
from backorder.languages import known, language

TODAY = day_number(date(2026, 12, 1))
ABOUT = About("SO-1", TODAY, "Ada", "https://shop.example.com/o?a=1&b=2")
GOODS = [Goods(2, "Oak chair", TODAY + 17), Goods(1, "Lamp", None), Goods(1, "Desk", TODAY + 40)]
SHOP = Merchant("Tansy & Oak", "help@example.com", closing="With regards, {shop}", address="14 Commercial Street")
DRAFTS = {
    "confirmation": letters.confirmation(ABOUT, GOODS, "We take the money when it ships."),
    "ready": letters.partly_ready(ABOUT, GOODS[:1], GOODS[1:]),
    "shipped": letters.shipped(ABOUT, GOODS, "TRACK-7"),
    "back": letters.back_in_stock(ABOUT, "Oak chair"),
}


class Seen(HTMLParser):
    """The words and the tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags, self.links = "", [], []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [said for name, said in attrs if name == "href"]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("code", known())
@pytest.mark.parametrize("name", DRAFTS)
def test_text_and_page_say_the_same(name: str, code: str) -> None:
    letter = rendered(DRAFTS[name], language(code), SHOP)
    seen = Seen(letter.html)
    plain = " ".join(seen.text.split())
    for line in letter.text.splitlines():
        words = " ".join(line.removeprefix("- ").split(": https://")[0].split())
        assert words in {"--", ""} or words in plain, words
    assert seen.links == [ABOUT.link]
    assert "script" not in seen.tags
    assert letter.subject
    assert "\n" not in letter.subject
    if code != "en":
        assert letter.subject != rendered(DRAFTS[name], language("en"), SHOP).subject


def test_a_confirmation_has_every_line_s_day_and_when_money_is_taken() -> None:
    text = rendered(DRAFTS["confirmation"], language("en-GB"), SHOP).text
    assert "- 2 x Oak chair: ships by 18 December\n" in text
    assert "- 1 x Lamp: we have no date yet\n" in text
    assert "We take the money when it ships." in text
    assert "With regards, Tansy & Oak" in text


HOSTILE = "</style><script>alert(1)</script>\r\nBcc: a@b\n\n=1+1 {{ 7*7 }} {order} =?utf-8?q?x?= \u202eevil\x00"


def _hostile() -> list[Draft]:
    about = About("SO-1", TODAY, HOSTILE, None)
    goods = [Goods(1, HOSTILE, TODAY + 1)]
    return [
        letters.confirmation(about, goods, HOSTILE),
        letters.shipped(about, goods, HOSTILE),
        letters.back_in_stock(about, HOSTILE),
    ]


@pytest.mark.parametrize("draft", _hostile())
def test_what_strangers_wrote_is_text(draft: Draft) -> None:
    hostile = Merchant(HOSTILE.replace("{{ 7*7 }} ", ""), HOSTILE, address=HOSTILE)
    letter: Letter = rendered(draft, language("en"), hostile)
    seen = Seen(letter.html)
    assert set(seen.tags) <= {"html", "head", "meta", "title", "style", "body", "div", "p", "ul", "li", "h1", "br"}
    assert "<script" not in letter.html
    assert "49" not in letter.html.replace("#1a1c1f", "")
    assert not re.search("[\r\n\x00\u202e]", letter.subject)
    for part in draft.blocks:
        for said in part.said:
            assert "\n" not in language("en").say(said)


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "#123456;}", "#123456\n", "url(x)"])
def test_a_colour_is_a_colour(colour: str) -> None:
    with pytest.raises(Misworded):
        rendered(DRAFTS["back"], language("en"), SHOP._replace(colour=colour))


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "//x", "https://a b", "https://a\r\nb", 'https://a"']
)
def test_a_link_is_an_address_of_a_page(link: str) -> None:
    with pytest.raises(Unusable):
        rendered(letters.back_in_stock(ABOUT._replace(link=link), "x"), language("en"), SHOP)


@pytest.mark.parametrize(
    "wording", ["{price}", "{order.__class__}", "{0}", "{}", "{shop!r}", "{ shop }", "{shop", "shop}", "{{{shop"]
)
def test_a_wording_names_only_what_is_in_the_list(wording: str) -> None:
    with pytest.raises(Misworded):
        worded(wording, {"shop": "S"})


def test_a_wording_is_filled_once() -> None:
    assert worded("{shop} {{shop}} }}{{", {"shop": "{order}", "order": "no"}) == "{order} {shop} }{"
