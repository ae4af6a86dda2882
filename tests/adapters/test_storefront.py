"""The words of the storefront and the feeds, over HTTP and at the command line."""

import base64
import csv
import io
import json
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import new_database
from defusedxml.ElementTree import fromstring
from service import Client, Service, running

from backorder.adapters.cli import cli
from backorder.adapters.http.route import PIECE
from backorder.kernel.calendars import moment_number
from backorder.storage.db import open_database

MOMENT = "2026-12-01T09:00:00+00:00"
ITEMS = 2_500
HOSTILE = "</script><script>alert(1)</script>\r\nSet-Cookie: a=b"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        new_database(request.param, tmp_path_factory.mktemp("storefront")) as url,
        running(url, BACKORDER_NOW=MOMENT) as found,
    ):
        admin = found.client()
        batch = [
            {"do": "put_site", "site": "MAIN", "zone": "Europe/Paris"},
            {"do": "put_item", "sku": "CHAIR", "name": HOSTILE},
            {"do": "announce_supply", "supply": "P", "sku": "CHAIR", "site": "MAIN", "quantity": 5,
             "expected_on": "2026-12-18"},
            {"do": "put_item", "sku": "A/B=<>"},
            *({"do": "put_item", "sku": f"I-{n:05d}"} for n in range(ITEMS)),
        ]  # fmt: skip
        assert {said["outcome"] for said in admin.ask("POST", "/v1/commands", batch).json} == {"accepted"}
        admin.close()
        yield found


@pytest.fixture
def viewer(service: Service) -> Iterator[Client]:
    client = service.client("viewer")
    yield client
    client.close()


def test_a_page_s_words_in_the_language_of_who_reads_them(viewer: Client) -> None:
    said = viewer.ask("GET", "/v1/storefront/CHAIR?country=AT&language=de")
    assert said.status == 200
    product = json.loads(said.json["json_ld"])
    assert product["name"] == HOSTILE
    assert said.json | {"json_ld": None} == {
        "sku": "CHAIR",
        "quantity": 1,
        "state": "backorder",
        "ships_on": "2026-12-18",
        "language": "de-AT",
        "sentence": "Nicht auf Lager. Versand bis 18. Dezember, wenn Sie jetzt bestellen.",
        "schema_org": "BackOrder",
        "google": {"availability": "backorder", "availability_date": "2026-12-18T23:59+01:00"},
        "meta": "available for order",
        "json_ld": None,
    }
    assert "<" not in said.json["json_ld"]
    again = viewer.ask("GET", "/v1/storefront/CHAIR?country=AT&language=de", If_None_Match=said.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert viewer.ask("GET", "/v1/storefront/CHAIR?country=ES").json["sentence"].startswith("Sin existencias.")
    assert viewer.ask("GET", "/v1/storefront/CHAIR?quantity=6").json["state"] == "out_of_stock"
    assert viewer.ask("GET", "/v1/storefront/A%2FB=%3C%3E").json["sku"] == "A/B=<>"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("NONE", 404),
        ("CHAIR?country=XX", 400),
        ("CHAIR?country=de", 400),
        ("CHAIR?language=..%2F..%2Fpasswd", 400),
        ("CHAIR?language=de%0A", 400),
        ("CHAIR?language=", 400),
        ("CHAIR?quantity=0", 400),
        ("CHAIR?quantity=many", 400),
        ("CHAIR?colour=red", 400),
    ],
)
def test_what_cannot_be_meant_is_refused(viewer: Client, asked: str, status: int) -> None:
    assert viewer.ask("GET", f"/v1/storefront/{asked}").status == status


def test_a_feed_comes_whole_with_its_tag(viewer: Client, service: Service) -> None:
    said = viewer.ask("GET", "/feeds/google.tsv")
    assert said.status == 200
    assert said.headers["content-type"] == "text/tab-separated-values; charset=utf-8"
    assert int(said.headers["content-length"]) == len(said.body)
    assert parsedate_to_datetime(said.headers["last-modified"]).isoformat() == MOMENT
    rows = list(csv.DictReader(io.StringIO(said.body.decode()), delimiter="\t"))
    assert len(rows) == ITEMS + 2
    assert rows[1] == {"id": "CHAIR", "availability": "backorder", "availability_date": "2026-12-18T23:59+01:00"}
    assert viewer.ask("GET", "/feeds/google.tsv", If_None_Match=said.headers["etag"]).status == 304
    xml = viewer.ask("GET", "/feeds/google.xml")
    assert len(xml.body) > PIECE, "it goes in more than one piece"
    assert len(fromstring(xml.body).findall("channel/item")) == ITEMS + 2
    assert viewer.ask("GET", "/feeds/meta.csv").body.startswith(b"id,availability\nA/B=<>,")
    assert viewer.ask("GET", "/feeds/google.tsv?limit=3").status == 400


def test_who_fetches_feeds_may_show_the_token_as_a_password(service: Service) -> None:
    nobody = service.client(None)
    refused = nobody.ask("GET", "/feeds/meta.csv")
    assert (refused.status, refused.headers["www-authenticate"]) == (401, 'Basic realm="feeds"')
    known = base64.b64encode(f"anybody:{service.tokens['viewer']}".encode()).decode()
    assert nobody.ask("GET", "/feeds/meta.csv", Authorization=f"Basic {known}").status == 200
    for wrong in ("anybody", "!!!", base64.b64encode(b"\xff:\xff").decode(), base64.b64encode(b"a:b").decode()):
        assert nobody.ask("GET", "/feeds/meta.csv", Authorization=f"Basic {wrong}").status == 401
    for method, path in (("GET", "/v1/items"), ("POST", "/v1/commands"), ("POST", "/feeds/meta.csv")):
        assert nobody.ask(method, path, Authorization=f"Basic {known}").status in {401, 405}, path
    nobody.close()


def _run(url: str, *words: str) -> str:
    from datetime import datetime

    now = moment_number(datetime.fromisoformat(MOMENT))
    result = CliRunner().invoke(cli, [*words, "--database", url], obj=lambda: now, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_line_says_the_same(service: Service, viewer: Client, tmp_path: Path) -> None:
    url = service.url
    target = tmp_path / "google.tsv"
    for _ in range(2):  # the file is put in its place again
        assert _run(url, "feed", "google", "--out", str(target)).startswith(f"{target}: ")
    assert target.read_bytes() == viewer.ask("GET", "/feeds/google.tsv").body
    assert list(tmp_path.iterdir()) == [target]
    assert _run(url, "feed", "meta").encode() == viewer.ask("GET", "/feeds/meta.csv").body
    said = _run(url, "storefront", "CHAIR", "--country", "FR")
    assert said.startswith("En rupture de stock.")
    assert "backorder, 2026-12-18T23:59+01:00" in said
    asked = json.loads(_run(url, "storefront", "CHAIR", "2", "--language", "es", "--json"))
    assert asked == viewer.ask("GET", "/v1/storefront/CHAIR?quantity=2&language=es").json
    now = CliRunner().invoke(cli, ["storefront", "NONE", "--database", url], obj=lambda: 0)
    assert now.exit_code == 3


def test_a_feed_follows_what_happens_once_a_minute_has_passed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    from shop import NOW, do, shop

    from backorder.adapters.feeds import FORMS
    from backorder.adapters.http import storefront
    from backorder.adapters.http.limits import Guard
    from backorder.adapters.http.serve import house

    db = open_database(url)
    shop(db)
    micro = moment_number(NOW)
    moments = iter(range(micro, micro + 10**9, 60 * 10**6))
    home = house(db, lambda: next(moments), Guard())
    answer = storefront.feed(FORMS["google"])

    class Request:
        query = ()
        headers: dict[str, str] = {}

    class Call:
        request = Request()

    async def ask_thrice() -> list[tuple[str, str, int]]:
        found = []
        for step in range(3):
            if step == 2:
                do(db, "count_stock", sku="CHAIR", site="MAIN", quantity=1)
            said = await answer(home, Call())  # type: ignore[arg-type]  # what it looks at of a request
            assert said.headers is not None
            content = b"".join(said.value.pieces())
            assert len(content) == len(said.value)
            found.append((said.headers["ETag"], said.headers["Last-Modified"], content.count(b"in_stock")))
        return found

    monkeypatch.setattr(storefront, "FRESH", 0.0)
    first, second, third = asyncio.run(ask_thrice())
    assert first == second, "made again, it is the same"
    assert first[0] != third[0]
    assert (first[2], third[2]) == (0, 1)
    home.readers.shutdown()
    db.close()
