"""Pages and their files come as gzip to whoever may learn from their size what stands on them, and to nobody else."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import new_database
from service import Reply, Service, running

HERE = {"Accept_Encoding": "gzip, deflate, br", "Sec_Fetch_Site": "same-origin"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with new_database("sqlite", Path(tmp_path_factory.mktemp("packed"))) as url, running(url) as found:
        yield found


def ask(service: Service, path: str = "/console/settings", method: str = "GET", **headers: str) -> Reply:
    client = service.client()
    reply = client.ask(method, path, b"" if method == "POST" else None, **headers)
    client.close()
    return reply


@pytest.mark.parametrize("came", ["same-origin", "none"])
def test_a_page_is_packed_for_those_who_came_by_themselves(service: Service, came: str) -> None:
    plain, packed = ask(service), ask(service, **HERE | {"Sec_Fetch_Site": came})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert 3 * len(packed.body) < len(plain.body)
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding, Sec-Fetch-Site"
    assert int(packed.headers["content-length"]) == len(packed.body)


@pytest.mark.parametrize("came", ["cross-site", "same-site", ""])
def test_whom_others_sent_gets_pages_of_their_full_size(service: Service, came: str) -> None:
    said = {"Accept_Encoding": "gzip"} | ({"Sec_Fetch_Site": came} if came else {})
    assert "content-encoding" not in ask(service, **said).headers


@pytest.mark.parametrize("takes", ["", "br, deflate", "gzip;q=0", "gzip; q=0.000", "identity"])
def test_who_does_not_take_gzip_gets_none(service: Service, takes: str) -> None:
    assert "content-encoding" not in ask(service, **HERE | {"Accept_Encoding": takes}).headers


def test_files_are_packed_for_everybody_and_what_answers_a_form_for_nobody(service: Service) -> None:
    page = ask(service).body.decode()
    for path in re.findall(r'"(/console/static/[^"]+)"', page):
        plain, packed = ask(service, path), ask(service, path, Accept_Encoding="gzip;q=0.5")
        assert gzip.decompress(packed.body) == plain.body
        assert packed.headers["vary"] == "Accept-Encoding"
        assert "immutable" in packed.headers["cache-control"]
    form = ask(service, "/console/shipments", "POST", **HERE, Content_Type="application/x-www-form-urlencoded")
    assert form.status == 422
    assert "content-encoding" not in form.headers
    assert "content-encoding" not in ask(service, "/console/nowhere", **HERE).headers
    assert "content-encoding" not in ask(service, "/v1/docs", **HERE).headers, "it is no page of the console"
