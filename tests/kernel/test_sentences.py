"""What a notice says: all that the law asks for, nothing that contradicts it, and always the worst."""

import pytest

from backorder.kernel.calendars import NEVER, day_date
from backorder.kernel.notices import Agreed, Completed, Owed, Told, begin, owed, stand, strictest
from backorder.kernel.rules import Pack
from backorder.kernel.sentences import SENTENCES, Facts, Part, plain_day, render
from backorder.storage.rules import bundled

START = 20_500
ASKING = [pack for pack in bundled().values() if pack.asks]


def facts(*planned: int, told: int = START + 30) -> Facts:
    parts = tuple(Part((f"{n} of Oak chair",), told, day) for n, day in enumerate(planned, 1))
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
        assert SENTENCES[element](said, asked) in notice.text, element
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
