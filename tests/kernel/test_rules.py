"""Rule packs: those that come along cover every case; those that would not are refused with the reason."""

from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backorder.kernel.calendars import day_date
from backorder.kernel.rules import BadPack, applying, read_pack
from backorder.storage.rules import bundled, bundled_texts

FTC = files("backorder").joinpath("rules", "us-ftc.toml").read_text(encoding="utf-8")

FORMS = next(line for line in FTC.splitlines() if line.startswith("forms"))


def test_the_packs_of_every_place_come_along() -> None:
    assert list(bundled()) == ["au", "b2b", "ca-bc", "ca-on", "ca-qc", "cn", "elsewhere", "eu", "gb", "us-ca", "us-ftc"]
    for name, pack in bundled().items():
        assert pack.pack == name
        assert len(pack.digest) == 64
        assert pack.refund_by(20_000) > 20_000
        if pack.asks:
            assert [pack.first(behind).kind for behind in (1, 30, 31, 3_000, None)] == [
                "short", "short", "long", "long", "indefinite"
            ]  # fmt: skip
    assert len(bundled()["eu"].places) == 27


def test_a_refund_is_counted_in_working_days_over_the_year_s_end() -> None:
    vested = 20_811  # Thursday 24 December 2026
    assert day_date(vested).isoformat() == "2026-12-24"
    # Christmas Day and New Year's Day are federal holidays, and so are two weekends no days of work.
    assert day_date(bundled()["us-ftc"].refund_by(vested)).isoformat() == "2027-01-06"
    assert day_date(bundled()["eu"].refund_by(vested)).isoformat() == "2027-01-07"


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('pack = "us-ftc"', 'pack = "US FTC"', "^pack: "),
        ("from_days = 31", "from_days = 30", "two rules speak of delays of 30 days"),
        ("from_days = 31", "from_days = 35", "nothing is said on delays of 31 to 34 days"),
        ("from_days = 1\n", "from_days = 2\n", "nothing is said on delays of 1 to 1 days"),
        ("from_days = 31\n", "from_days = 31\nto_days = 90\n", "nothing is said on delays of 91 days and more"),
        ("to_days = 30", "to_days = 0", "delay.to_days: 0 comes before 1"),
        ('kind = "indefinite"\nanswer_days = 30', 'kind = "indefinite"', "until when an answer"),
        ('kind = "long"\nfrom_days = 31', 'kind = "indefinite"', "exactly one is indefinite"),
        ('"no_day", "reason"', '"no_day"', "and the reason"),
        (', "silence_consents"', "", "has to say silence_consents"),
        ('"silence_consents"]', '"silence_consents", "silence_cancels"]', "must not say silence_cancels"),
        ('basis = "ship"', 'basis = "deliver"', "^limit.basis: notices that ask for an answer go with"),
        ('silence = "consent"', 'silence = "none"', "delay\\[0\\].silence: "),
        ('silence = "consent"', 'silence = "maybe"', "delay\\[0\\].silence: "),
        ('holidays = "US"', 'holidays = "XX"', "refund.holidays: no public holidays are known for 'XX'"),
        ('holidays = "US"', 'holidays = "utils"', "refund.holidays: no public holidays are known for 'utils'"),
        ('title = "United', 'title = "\ud800United', "half a character"),
        ("[refund]", f"deep = {'[' * 5_000}\n[refund]", "nested too deeply"),
        ('unit = "working"', 'unit = "working"\nweekdays = ["sol"]', "refund.weekdays: sol"),
        ("days = 7", "days = -7", "refund.days: "),
        ("days = 7", "days = 7\nhours = 3", "unknown field"),
        (FORMS, "forms = []", "^refund.forms"),
        ("[renewed]", "[removed]", "unknown field `removed`"),
        ('buyers = ["consumer", "business"]', "buyers = []", "^buyers: "),
        ('places = ["US"]', 'places = ["America"]', "^places"),
        ('pack = "us-ftc"', 'pack = "us-ftc"\ndigest = "abc"', "^digest: "),
        ('pack = "us-ftc"', "pack =", "Invalid value"),
    ],
)
def test_a_pack_that_cannot_be_used_is_refused_with_the_reason(was: str, becomes: str, says: str) -> None:
    assert was in FTC
    with pytest.raises(BadPack, match=says):
        read_pack(FTC.replace(was, becomes, 1))


@pytest.mark.parametrize(
    ("country", "region", "buyer", "named", "packs"),
    [
        ("US", "NY", "consumer", (), ["us-ftc"]),
        ("US", None, "consumer", (), ["us-ftc"]),
        ("US", "CA", "consumer", (), ["us-ca", "us-ftc"]),
        ("US", "US-CA", "consumer", (), ["us-ca", "us-ftc"]),
        ("US", "CA", "business", ("b2b",), ["b2b", "us-ftc"]),  # the federal rule speaks of buyers
        ("CA", "ON", "consumer", (), ["ca-on"]),
        ("CA", "YT", "consumer", (), []),  # nobody knows its law here, and that is what is answered
        ("DE", "BY", "consumer", (), ["eu"]),
        ("DE", None, "business", (), []),
        ("GB", None, "consumer", (), ["gb"]),
        ("XX", None, "consumer", (), []),
    ],
)
def test_which_packs_hold(country: str, region: str | None, buyer: str, named: tuple, packs: list[str]) -> None:
    assert [pack.pack for pack in applying(bundled().values(), country, region, buyer, named)] == packs


LINES = sorted({line for text in bundled_texts().values() for line in text.splitlines()})
SIGNS = ["[", "]", '"', "=", "0", "-1", "9" * 30, "\0", "\ud800"]
BITS = st.sampled_from(LINES) | st.sampled_from(SIGNS) | st.text("abz 019_.-#'\"{}[]=,\\\täé", max_size=20)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The text of a pack in which some lines were left out, repeated, moved, or had something put into them."""
    lines = draw(st.sampled_from(sorted(bundled_texts().values()))).splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(lines) - 1)))
        match draw(st.sampled_from(["drop", "repeat", "add", "put", "swap"])):
            case "drop":
                del lines[at : at + 1]
            case "repeat":
                lines[at:at] = lines[at : at + 1]
            case "add":
                lines.insert(at, draw(BITS))
            case "swap":
                lines[at:] = reversed(lines[at:])
            case "put" if lines:
                where = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:where] + draw(BITS) + lines[at][where + draw(st.integers(0, 9)) :]
    return "\n".join(lines)


@settings(max_examples=1_000, deadline=None)
@given(mutated())
def test_whatever_a_text_says_it_is_a_pack_that_covers_every_case_or_is_refused_with_a_reason(text: str) -> None:
    try:
        pack = read_pack(text)
    except BadPack as error:
        assert str(error)  # noqa: PT017  # whether it is refused is what hypothesis varies
        return
    assert pack.refund_by(20_000) >= 20_000
    if pack.asks:
        assert pack.renewed is not None
        assert {pack.first(behind).silence for behind in (1, 30, 31, 10_000, None)} <= {"consent", "cancel"}
