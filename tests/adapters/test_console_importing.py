"""The console's imports: files are looked at and taken over, refused rows have reasons, kinds their permissions."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from html import unescape
from io import BytesIO

import openpyxl
import pytest
from conftest import new_database
from service import Reply, Service, running

from backorder.kernel.calendars import moment_number
from backorder.queries import check, show
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}<script>"
PATH = "/console/imports"
EDGE = "edge--of"


class Office:
    """A shop of which nothing is there yet."""

    def __init__(self, url: str, service: Service) -> None:
        self.url, self.service = url, service

    def ask(self, method: str, path: str, body: bytes | None = None, role: str = "admin", **headers: str) -> Reply:
        with closing(self.service.client(role)) as client:
            return client.ask(method, path, body, **headers)

    def give(self, kind: str, file: bytes, do: str = "import", role: str = "admin", **more: str) -> Reply:
        fields = {"kind": kind, "do": do, "site": "same-origin", **more}
        site = fields.pop("site")
        said = "".join(
            f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
            for name, text in fields.items()
        )
        head = f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: x/y\r\n\r\n'
        body = said.encode() + head.encode() + file + f"\r\n--{EDGE}--\r\n".encode()
        return self.ask(
            "POST", PATH, body, role, Content_Type=f"multipart/form-data; boundary={EDGE}", Sec_Fetch_Site=site
        )

    def report(self, kind: str, file: bytes, do: str = "import", **more: str) -> str:
        reply = self.give(kind, file, do, **more)
        assert reply.status == 200, unescape(reply.body.decode()).partition("alert")[2][:300]
        return unescape(reply.body.decode())


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with new_database(request.param, tmp_path_factory.mktemp("importing")) as url:
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield Office(url, service)
        db = open_database(url)
        assert check.run(db) == []
        db.close()


def test_a_shop_is_taken_over_file_by_file(office: Office) -> None:
    assert f'href="{PATH}"' in unescape(office.ask("GET", "/console/").body.decode()), "the empty page leads there"
    assert "2 of 2 rows are taken over." in office.report("items", b"sku,name\nLAMP,Lamp\nDESK,Desk\n")
    assert "1 of 1 rows are taken over." in office.report("sites", b"site,zone\nNY,America/New_York\n")
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["PO", "SKU", "Warehouse", "Qty", "ETA"], ["P-1", "LAMP", "NY", 9, datetime(2026, 12, 4)]):
        sheet.append(row)
    text = BytesIO()
    book.save(text)
    supplies = office.report("supplies", text.getvalue())
    assert "1 of 1 rows are taken over." in supplies
    assert '<dt>Expected on</dt><dd class="wrap">ETA</dd>' in supplies, "which column was taken for what"
    orders = b"order;sku;quantity;placed\nA-1;LAMP;2;1.11.2026\nA-2;NONE;1;2.11.2026\n"
    looked = office.report("orders", orders, "look", dates="dmy")
    assert "Nothing was written." in looked
    db = open_database(office.url)
    assert show.order(db, "A-1", moment_number(NOW)) is None
    report = office.report("orders", orders, dates="dmy")
    assert "1 of 2 rows are taken over." in report
    assert "no item has this SKU" in report or "NONE" in report
    assert '<th scope="row" class="num">3</th>' in report, "the row in the file that was not taken"
    found = show.order(db, "A-1", moment_number(NOW))
    db.close()
    assert found is not None
    assert (found.lines[0].waiting, f"{found.placed_at:%Y-%m-%d}") == (2, "2026-11-01")
    assert "exists" in office.report("orders", orders, dates="dmy"), "taken twice, it is there once"


def test_a_file_that_cannot_be_taken_says_what_to_do(office: Office) -> None:
    for kind, file, said in (
        ("items", b"", "Choose a file first."),
        ("items", b"color\nred\n", "give its column that name in the file"),
        ("items", b'sku\n"open\n', "is never closed"),
        ("items", b"PK\x03\x04 no workbook", "it is no workbook"),
        ("stock", b"sku,site,quantity\nA,B,\0\n", "NUL"),
    ):
        reply = office.give(kind, file)
        text = unescape(reply.body.decode())
        assert (reply.status, said in text, "/tmp" in text) == (422, True, False), text
    assert office.give("items", b"sku\nA\n", dates="ydm").status == 422
    assert office.give("secrets", b"sku\nA\n").status == 422


def test_a_body_that_is_no_form_of_ours_is_refused(office: Office) -> None:
    here = {"Sec_Fetch_Site": "same-origin"}
    kind = f"multipart/form-data; boundary={EDGE}"
    assert (
        office.ask("POST", PATH, b"kind=items", Content_Type="application/x-www-form-urlencoded", **here).status == 415
    )
    assert office.ask("POST", PATH, b"{}", Content_Type="multipart/form-data", **here).status == 415
    for body in (b"", b"nothing", f"--{EDGE}\r\n\r\nx\r\n--{EDGE}--".encode(), f"--{EDGE}\r\nname".encode()):
        assert office.ask("POST", PATH, body, Content_Type=kind, **here).status == 400, body
    assert office.give("items", b"sku\nA\n", site="cross-site").status == 403


def test_each_kind_asks_for_what_its_rows_may_say(office: Office) -> None:
    assert office.ask("GET", PATH, role="warehouse").status == 403
    buyer = unescape(office.ask("GET", PATH, role="buyer").body.decode())
    assert '<option value="items"' in buyer
    assert '<option value="orders"' not in buyer
    assert office.give("orders", b"order,sku,quantity\nA,B,1\n", role="planner").status == 403
    assert office.give("stock", b"sku,site,quantity\nA,B,1\n", role="buyer").status == 403
    cost = b"sku,cost,currency\nA,1.00,USD\n"
    told = office.give("items", cost, role="planner")
    assert (told.status, b"asks for the permission money.write" in told.body) == (422, True)
    assert office.give("items", cost, role="buyer").status == 200


def test_what_strangers_wrote_is_text(office: Office) -> None:
    quoted = EVIL.replace('"', '""')
    reply = office.give("stock", f'sku,site,quantity,"{quoted}"\n"{quoted}",NY,1,x\n'.encode())
    assert reply.status == 200
    assert b"<img" not in reply.body
    assert EVIL in unescape(reply.body.decode())
