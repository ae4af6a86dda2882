"""Rule packs in the console: each in words, and the merchant's own, looked at before they take another's place."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from console_house import BEGUN, FORM, NOW, House, house_with, read
from service import Reply

from backorder.adapters.console import packs as words
from backorder.storage.rules import bundled, bundled_texts

HERE = "/console/settings"
ON = {
    "do": "put_communication", "rules": [], "answers": "0800 123", "contact": "help@example.com", "charging": "Now.",
}  # fmt: skip
TEXT = next(text for digest, text in bundled_texts().items() if digest == bundled()["us-ftc"].digest)


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_with(request.param, tmp_path_factory, NOW, [ON, *BEGUN]) as found:
        yield found


def mark(page: str) -> str:
    found = re.search(r'name="was" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def own(house: House) -> list[str]:
    found = json.loads(house.ask("GET", "/v1/packs").body)["items"]
    return [one["pack"] for one in found if one["own"]]


def changed(struct: Any, field: str) -> Iterator[Any]:
    """A part of a pack with a field made another, in one way or several."""
    before = getattr(struct, field)
    others = {
        "buyers": [("business",) if "consumer" in before else ("consumer",)] if field == "buyers" else [],
        "basis": ["ship" if before == "deliver" else "deliver"],
        "starts": ["payment" if before != "payment" else "contract"],
        "unit": ["working" if before == "calendar" else "calendar"],
        "silence": ["cancel" if before == "consent" else "consent"],
        "says": [("order",)],
        "weekdays": [("mon", "sat")],
        "holidays": ["DE"],
        "places": [("XK",)],
        "forms": [("cash",)],
        "never": [("cash",)],
    }
    if field in others:
        yield from (msgspec.structs.replace(struct, **{field: one}) for one in others[field])
    elif isinstance(before, bool):
        yield msgspec.structs.replace(struct, **{field: not before})
    elif field in {"title", "source", "notes"}:
        yield msgspec.structs.replace(struct, **{field: "Another"})
    elif before is None or isinstance(before, int):
        yield msgspec.structs.replace(struct, **{field: 77})


def parts(pack: Any) -> Iterator[Any]:
    """The pack with each of its fields, and each of those of its parts, made another."""
    for field in pack.__struct_fields__:
        yield from changed(pack, field) if field not in {"digest", "pack", "renewed"} else ()
    for name in ("limit", "refund", "leaving", "renewed"):
        inner = getattr(pack, name)
        for field in () if inner is None else inner.__struct_fields__:
            if name == "refund" and field == "holidays" and inner.unit == "calendar":
                continue  # nothing is counted by them
            yield from (msgspec.structs.replace(pack, **{name: one}) for one in changed(inner, field))
    for n, delay in enumerate(pack.delay):
        for field in delay.__struct_fields__:
            if delay.kind == "indefinite" and field in {"from_days", "to_days"}:
                continue  # it has no length
            for one in changed(delay, field):
                yield msgspec.structs.replace(pack, delay=(*pack.delay[:n], one, *pack.delay[n + 1 :]))


@pytest.mark.parametrize("name", sorted(bundled()))
def test_what_is_different_in_a_pack_is_different_in_its_words(name: str) -> None:
    pack = bundled()[name]
    assert words.differences(pack, pack) == []
    assert len(words.differences(None, pack)) == len(words.facts(pack))
    found = list(parts(pack))
    assert len(found) > 15
    for other in found:
        assert words.differences(pack, other), other


def test_a_pack_is_looked_at_put_changed_and_withdrawn(house: House) -> None:
    page = house.page(f"{HERE}?pack=us-ftc")
    for said in (
        "Where no day was told: within 30 days",
        "No answer until the new day: it means yes",
        "Within 7 working days",
        "A clock of 1 order runs by it",
    ):
        assert said in page, said
    other = TEXT.replace("days = 30 #", "days = 20 #")
    looked = read(house.give(HERE, do="check_pack", pack="us-ftc", text=other))
    assert "within 20 days" in looked
    assert "1 order has a clock running by this pack: it keeps" in looked
    assert "It takes the place of the built-in pack of this name." in looked
    assert own(house) == []
    done = house.give(HERE, do="put_pack", pack="us-ftc", was=mark(looked), text=other.replace("\n", "\r\n"))
    assert done.status == 303, read(done)
    assert own(house) == ["us-ftc"]
    assert "The pack is saved." in house.page(done.headers["location"])
    assert "put_pack" in house.page("/console/audit")
    assert "It asks for the same." in read(house.give(HERE, do="check_pack", pack="us-ftc", text=other))
    assert house.give(HERE, do="withdraw_pack", pack="us-ftc").status == 303
    assert own(house) == []
    assert house.give(HERE, do="withdraw_pack", pack="us-ftc").status == 422


def test_a_broken_pack_is_refused_with_the_place_and_stays_typed(house: House) -> None:
    for text, why in (
        (TEXT.replace('silence = "consent"', 'silence = "cancel"'), "must not say silence_consents"),
        (TEXT.replace("from_days = 31", "from_days = 40"), "Delay: nothing is said on delays of 31 to 39 days"),
        (TEXT.replace('unit = "working"', 'unit = "lunar"'), "Refund.unit"),
        ("pack = ", "at end of document"),
    ):
        for word in ("check_pack", "put_pack"):
            reply = house.give(HERE, do=word, pack="us-ftc", was="", text=text)
            assert reply.status == 422, why
            page = read(reply)
            wrong = re.search(r'id="text-wrong" role="alert">([^<]*)<', page)
            assert wrong is not None
            assert why in wrong[1]
            assert text in page
    long = TEXT + "#" * 20_000
    page = read(house.give(HERE, do="check_pack", text=long))
    assert "At most 20,000 letters." in read(house.give(HERE, do="put_pack", was=mark(page), text=long))
    assert own(house) == []


def with_file(
    house: House, file: bytes, name: str = "pack.toml", role: str = "admin", site: str = "same-origin", **said: str
) -> Reply:
    """The form as a browser sends it, with a file; without one where it has no name."""
    edge = "edge--of"
    fields = "".join(f'--{edge}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{t}\r\n' for n, t in said.items())
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: x/y\r\n\r\n'
    body = f"{fields}{head}".encode() + file + f"\r\n--{edge}--\r\n".encode()
    kind = f"multipart/form-data; boundary={edge}"
    return house.ask("POST", HERE, body, role, Content_Type=kind, Sec_Fetch_Site=site)


def test_a_file_is_looked_at_as_what_is_pasted_and_put_then(house: House) -> None:
    assert 'enctype="multipart/form-data"' in house.page(f"{HERE}?new=yes")
    other = TEXT.replace("days = 30 #", "days = 20 #")
    file = b"\xef\xbb\xbf" + other.replace("\n", "\r\n").encode()
    for word in ("check_pack", "put_pack"):
        looked = with_file(house, file, do=word, pack="us-ftc", text="what stood there", was="")
        assert looked.status == 200, read(looked)
        page = read(looked)
        assert "within 20 days" in page
        assert other in page
        assert "what stood there" not in page
        assert own(house) == [], "nobody saw it yet"
    done = with_file(house, b"", "", do="put_pack", pack="us-ftc", was=mark(page), text=other.replace("\n", "\r\n"))
    assert done.status == 303, read(done)
    assert own(house) == ["us-ftc"]
    assert json.loads(house.ask("GET", "/v1/packs/us-ftc").body)["text"] == other
    assert with_file(house, b"", "", do="withdraw_pack", pack="us-ftc", was="", text="").status == 303
    assert own(house) == []


def test_a_file_that_is_no_pack_is_refused_with_the_reason(house: House) -> None:
    for file, field, why in (
        (b"\x7fELF\x02\xff\xfe", "file", "This is no text file."),
        (TEXT.encode("utf-16"), "file", "This is no text file."),
        (b"pack = \0", "file", "This is no text file."),
        (b"", "file", "There is nothing in this file."),
        (b"\xef\xbb\xbf \r\n", "file", "There is nothing in this file."),
        (b"#" * 20_001, "file", "This file is too long for a pack: at most 20,000 letters."),
        (b"<html><img src=x>", "text", "at line 1"),
        (TEXT.replace("from_days = 31", "from_days = 40").encode(), "text", "nothing is said on delays of 31 to 39"),
    ):
        reply = with_file(house, file, do="check_pack", text="what stood there")
        assert reply.status == 422, why
        wrong = re.search(rf'id="{field}-wrong" role="alert">([^<]*)<', read(reply))
        assert wrong is not None, why
        assert why in wrong[1]
        assert ("what stood there" in read(reply)) is (field == "file")
        assert b"<img" not in reply.body
    assert with_file(house, TEXT.encode(), do="dance").status == 422
    assert with_file(house, TEXT.encode(), do="check_pack", pack="\0").status == 422
    assert with_file(house, TEXT.encode(), role="viewer", do="check_pack").status == 403
    assert with_file(house, TEXT.encode(), site="cross-site", do="check_pack").status == 403
    assert own(house) == []


def test_nobody_puts_a_pack_that_was_not_looked_at_as_things_stand(house: House) -> None:
    text = words.NEW.replace("Which law", "<script>alert(1)</script>")
    first = house.give(HERE, do="put_pack", text=text)
    assert first.status == 409, "it was never looked at"
    assert b"<script>alert" not in first.body
    page = read(first)
    assert "There is no pack of this name" in page
    assert house.give(HERE, do="put_pack", was=mark(page), text=text).status == 303
    assert house.give(HERE, do="put_pack", was=mark(page), text=text.replace("30", "31")).status == 409
    for role in ("viewer", "service_agent"):
        assert house.ask("POST", HERE, b"do=withdraw_pack&pack=my-place", role, **FORM).status == 403
    assert own(house) == ["my-place"]
