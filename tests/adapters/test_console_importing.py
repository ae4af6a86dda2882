"""The console's imports: a file is read, seen and taken over beside the requests; refused rows come back as a sheet."""

import re
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from html import unescape
from io import BytesIO
from types import SimpleNamespace
from urllib.parse import urlencode

import openpyxl
import pytest
from conftest import new_database
from service import Reply, Service, running

from backorder.adapters.http.beside import Beside
from backorder.adapters.http.held import Few, File
from backorder.adapters.http.taking import _take
from backorder.adapters.imports.mapping import guess
from backorder.adapters.imports.sheets import Row, Sheet
from backorder.commands import imports
from backorder.commands.imports import Work
from backorder.kernel.calendars import moment_number
from backorder.queries import check, show
from backorder.queries.imports import list_mappings, show_import
from backorder.queries.lists import list_items
from backorder.storage.db import Database, open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
MOMENT = moment_number(NOW)
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}<script>"
PATH = "/console/imports"
EDGE = "edge--of"
HERE = {"Sec_Fetch_Site": "same-origin"}


class Office:
    """A shop of which nothing is there yet."""

    def __init__(self, url: str, service: Service) -> None:
        self.url, self.service = url, service

    def ask(self, method: str, path: str, body: bytes | None = None, role: str = "admin", **headers: str) -> Reply:
        with closing(self.service.client(role)) as client:
            return client.ask(method, path, body, **headers)

    def give(self, kind: str, file: bytes, role: str = "admin", name: str = "a.csv", **more: str) -> Reply:
        """Give a file; it leads to the page that shows how it is read."""
        fields = {"kind": kind, "site": "same-origin", **more}
        site = fields.pop("site")
        said = "".join(
            f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
            for name, text in fields.items()
        )
        head = (
            f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: x/y\r\n\r\n'
        )
        body = said.encode() + head.encode() + file + f"\r\n--{EDGE}--\r\n".encode()
        return self.ask(
            "POST", PATH, body, role, Content_Type=f"multipart/form-data; boundary={EDGE}", Sec_Fetch_Site=site
        )

    def given(self, kind: str, file: bytes, role: str = "admin", **more: str) -> str:
        """The address of the page that shows how a file is read."""
        reply = self.give(kind, file, role, **more)
        assert reply.status == 303, unescape(reply.body.decode()).partition("alert")[2][:300]
        return reply.headers["location"]

    def page(self, path: str, role: str = "admin") -> str:
        reply = self.ask("GET", path, role=role)
        assert reply.status == 200, (path, reply.status)
        return unescape(reply.body.decode())

    def choose(self, there: str, do: str, role: str = "admin", **more: str) -> Reply:
        """Send the form of the page as it stands, but for what is said otherwise."""
        page = self.ask("GET", there, role=role).body.decode()
        said = dict.fromkeys(re.findall(r'name="(column-\d+|dates|decimal)"', page), "")
        for name, options in re.findall(r'<select class="input" name="([^"]+)".*?>(.*?)</select>', page, re.DOTALL):
            chosen = re.search(r'<option(?: class="mono")? value="([^"]*)" selected', options)
            said[name] = unescape(chosen[1]) if chosen else ""
        said |= {name: unescape(value) for name, value in re.findall(r'name="(value-\w+)"[^>]*value="([^"]*)"', page)}
        body = urlencode(said | {"do": do} | {name.replace("__", "-"): text for name, text in more.items()}).encode()
        return self.ask("POST", there, body, role, Content_Type="application/x-www-form-urlencoded", **HERE)

    def ended(self, reply: Reply, role: str = "admin") -> tuple[str, str]:
        """The address and the page of an import, once it ended."""
        assert reply.status == 303, unescape(reply.body.decode()).partition("alert")[2][:300]
        there = reply.headers["location"]
        for _ in range(600):
            text = self.page(there, role)
            if "data-again" not in text:
                return there, text
            time.sleep(0.05)
        raise AssertionError(text)

    def take(self, kind: str, file: bytes, **more: str) -> tuple[str, str]:
        """Take a file over as it is read by itself."""
        return self.ended(self.choose(self.given(kind, file), "import", **more))


def counts(page: str) -> dict[str, int]:
    """The rows by what became of them."""
    found = re.findall(r'<tr><th scope="row"[^>]*>([^<]+)</th><td class="num[^>]*>([\d,]+)</td></tr>', page)
    return {name: int(number.replace(",", "")) for name, number in found}


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with new_database(request.param, tmp_path_factory.mktemp("importing")) as url:
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield Office(url, service)
        db = open_database(url)
        assert check.run(db) == []
        db.close()


def book(*rows: list[object]) -> bytes:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    text = BytesIO()
    made.save(text)
    return text.getvalue()


def test_a_shop_is_taken_over_file_by_file(office: Office) -> None:
    assert f'href="{PATH}"' in office.page("/console/"), "the empty page leads there"
    _, page = office.take("items", b"sku,name\nLAMP,Lamp\nDESK,Desk\n")
    assert (counts(page)["Taken over, or there already"], counts(page)["Not taken"]) == (2, 0)
    office.take("sites", b"site,zone\nNY,America/New_York\n")
    there = office.given(
        "supplies", book(["PO", "SKU", "Warehouse", "Qty", "ETA"], ["P-1", "LAMP", "NY", 9, datetime(2026, 12, 4)])
    )
    assert 'value="expected_on" selected>' in office.page(there), "which column is taken for what"
    assert "<td>2026-12-04</td>" in office.page(there), "how a row is read"
    office.ended(office.choose(there, "import"))
    there = office.given("orders", b"order;sku;quantity;placed\nA-1;LAMP;2;1.11.2026\nA-2;NONE;1;2.11.2026\n")
    looked = unescape(office.choose(there, "look", dates="dmy").body.decode())
    assert "Nothing was written." in looked
    assert "no item has this SKU" in looked or "NONE" in looked
    db = open_database(office.url)
    assert show.order(db, "A-1", MOMENT) is None
    run, page = office.ended(office.choose(there, "import", dates="dmy"))
    assert (counts(page)["Taken over, or there already"], counts(page)["Not taken"]) == (1, 1)
    assert '<th scope="row" class="num">3</th>' in page, "the row in the file that was not taken"
    found = show.order(db, "A-1", MOMENT)
    db.close()
    assert found is not None
    assert (found.lines[0].waiting, f"{found.placed_at:%Y-%m-%d}") == (2, "2026-11-01")
    assert f'href="{run}"' in office.page(PATH), "it is found again"
    _, again = office.ended(office.choose(there, "import", dates="dmy"))
    assert "exists" in again, "taken twice, it is there once"


def test_columns_of_other_names_are_seen_chosen_and_remembered(office: Office) -> None:
    office.take("items", b"sku\nLAMP\n")
    office.take("sites", b"site\nNY\n")
    there = office.given("stock", b"thing,how many,thing,\nLAMP,2,x,y\nLAMP,two,x,y\n,1,x,y\n")
    page = office.page(there)
    assert "No column is taken for SKU" in page
    assert page.count("Give it a name of its own") == 2, "one has no name, and one has another's"
    assert office.choose(there, "import").status == 422, "it is not taken while something needed is missing"
    page = unescape(office.choose(there, "show", column__0="sku", column__1="quantity", value__site="NY").body.decode())
    assert "No column is taken" not in page
    assert "Quantity: 'two' is no number." in page
    assert "2 rows cannot be read." in page
    twice = office.choose(there, "show", column__0="quantity", column__1="quantity")
    assert (twice.status, b"Two columns are taken for quantity" in twice.body) == (422, True)
    said = {"column__0": "sku", "column__1": "quantity", "value__site": "NY", "name": f"ours {EVIL}"[:60]}
    kept = office.choose(there, "show", **said)
    assert (kept.status, b"<img" in kept.body) == (200, False)
    assert office.choose(there, "show", **said | {"name": "x" * 81}).status == 422
    db = open_database(office.url)
    (mapping,) = list_mappings(db)
    db.close()
    by = f"saved:stock:{mapping.name}"
    assert by in office.page(PATH)
    again = office.given("stock", b"thing,how many\nLAMP,5\n", by=by)
    assert "Nothing is kept yet" in office.page(again)
    _, page = office.ended(office.choose(again, "import"))
    assert counts(page)["Taken over, or there already"] == 1
    assert office.give("items", b"thing\nLAMP\n", by=by).status == 422, "it is for stock"
    assert office.give("orders", b"Name\nA\n", by="preset:woocommerce").status == 303
    assert office.give("stock", b"Name\nA\n", by="preset:shopify").status == 422


def test_refused_rows_come_back_as_a_sheet_to_mend_and_give_again(office: Office) -> None:
    office.take("sites", b"site\nNY\n")
    office.take("items", b"sku\nLAMP\n")
    file = b"item code,units,note\nLAMP,4,=1+1\n=cmd|' /C calc'!A0,1,@x\nDESK,-1,+x\n"
    there = office.given("stock", file)
    said = {"column__0": "sku", "column__1": "quantity", "value__site": "NY"}
    run, page = office.ended(office.choose(there, "import", **said))
    assert (counts(page)["Taken over, or there already"], counts(page)["Not taken"]) == (1, 2)
    reply = office.ask("GET", f"{run}/refused.csv")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    sheet = reply.body.decode("utf-8-sig")
    head, *rows = sheet.splitlines()
    assert head == "item code,units,note,reason"
    cells = [cell for row in rows for cell in row.split(",")]
    assert not [cell for cell in cells if cell.strip('"')[:1] in {"=", "+", "-", "@", "\t"}], "nothing runs there"
    mended = sheet.replace("DESK", "LAMP").replace("'-1", "7").replace("-1", "7")
    office.take("items", b"sku\nDESK\n")
    again = office.given("stock", mended.encode(), by=f"like:{run.rpartition('/')[2]}")
    assert 'value="sku" selected>' in office.page(again), "its columns are read as before"
    _, page = office.ended(office.choose(again, "import"))
    assert counts(page)["Not taken"] == 1, "what was mended is taken"
    planner = office.page(run, "buyer")
    assert "Whoever gave the file" in planner
    assert "DESK" not in planner
    assert office.ask("GET", f"{run}/refused.csv", role="buyer").status == 404


def test_a_file_that_cannot_be_taken_says_what_to_do(office: Office) -> None:
    bomb = BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    for kind, file, said in (
        ("items", b"", "Choose a file first."),
        ("items", b"sku\n", "no rows"),
        ("items", b'sku\n"open\n', "is never closed"),
        ("items", b"PK\x03\x04 no workbook", "it is no workbook"),
        ("items", bomb.getvalue(), "it unfolds to"),
        ("stock", b"sku,site,quantity\nA,B,\0\n", "NUL"),
        ("items", b"sku\n\x81\xff\n", "neither UTF-8 nor Windows-1252"),
        ("items", ",".join(f"c{n}" for n in range(1_001)).encode() + b"\nx\n", "at most 1000"),
    ):
        reply = office.give(kind, file)
        text = unescape(reply.body.decode())
        assert (reply.status, said in text, "/tmp" in text) == (422, True, False), text
    huge = office.page(office.given("items", b"sku,name\nA," + b"x" * 10_001 + b"\nB,y\n"))
    assert "cannot be read" in huge
    formula = office.page(office.given("items", book(["sku", "name"], ["A", "=1+1"]), name="b.xlsx"))
    assert "is a formula" in formula
    latin = office.page(office.given("items", "sku,name\nA,Stühle\n".encode("cp1252")))
    assert "Windows-1252" in latin
    assert "Stühle" in latin
    assert office.give("secrets", b"sku\nA\n").status == 422
    unclear = office.given("stock", b'sku,site,quantity\nA,B,"1,234"\n')
    assert "could have either decimal sign" in office.page(unclear)
    assert office.choose(unclear, "show", decimal="x").status == 422
    assert office.choose(unclear, "show", column__0="password").status == 422


def test_a_body_that_is_no_form_of_ours_is_refused(office: Office) -> None:
    kind = f"multipart/form-data; boundary={EDGE}"
    form = "application/x-www-form-urlencoded"
    assert office.ask("POST", PATH, b"kind=items", Content_Type=form, **HERE).status == 415
    assert office.ask("POST", PATH, b"{}", Content_Type="multipart/form-data", **HERE).status == 415
    for body in (b"", b"nothing", f"--{EDGE}\r\n\r\nx\r\n--{EDGE}--".encode(), f"--{EDGE}\r\nname".encode()):
        assert office.ask("POST", PATH, body, Content_Type=kind, **HERE).status == 400, body
    many = f"--{EDGE}\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n" * 21 + f"--{EDGE}--\r\n"
    assert office.ask("POST", PATH, many.encode(), Content_Type=kind, **HERE).status == 400
    assert office.give("items", b"sku\nA\n", site="cross-site").status == 403
    run, _ = office.take("items", b"sku\nA\n")
    assert office.ask("POST", run, b"do=go", Content_Type=form, **HERE).status == 422
    assert office.ask("POST", run, b"do=stop", Content_Type=form, **HERE).status == 303, "too late, and no harm"
    assert office.ask("POST", run, b"do=stop", Content_Type=form, Sec_Fetch_Site="cross-site").status == 403
    assert office.ask("GET", f"{PATH}/files/none").status == 404


def test_each_kind_asks_for_what_its_rows_may_say(office: Office) -> None:
    assert office.ask("GET", PATH, role="warehouse").status == 403
    buyer = office.page(PATH, "buyer")
    assert '<option value="items"' in buyer
    assert '<option value="orders"' not in buyer
    assert office.give("orders", b"order,sku,quantity\nA,B,1\n", role="planner").status == 403
    assert office.give("stock", b"sku,site,quantity\nA,B,1\n", role="buyer").status == 403
    cost = b"sku,cost,currency\nA,1.00,USD\n"
    there = office.given("items", cost, role="planner")
    assert office.ask("GET", there, role="buyer").status == 404, "it is for whoever gave it"
    told = office.choose(there, "import", role="planner")
    assert (told.status, b"asks for the permission money.write" in told.body) == (422, True)
    office.ended(office.choose(there, "import", role="planner", column__1=""), "planner")
    office.ended(office.choose(office.given("items", cost, role="buyer"), "import", role="buyer"), "buyer")


def test_what_strangers_wrote_is_text(office: Office) -> None:
    quoted = EVIL.replace('"', '""')
    there = office.given(
        "stock", f'sku,site,quantity,"{quoted}"\n"{quoted}",NY,1,"{quoted}"\n'.encode(), name="<b>.csv"
    )
    for reply in (office.ask("GET", there), office.choose(there, "look")):
        assert reply.status == 200
        assert b"<img" not in reply.body
        assert b"<b>.csv" not in reply.body
        assert EVIL in unescape(reply.body.decode())
    run, page = office.ended(office.choose(there, "import"))
    assert EVIL in page
    assert b"<img" not in office.ask("GET", run).body


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ("stock", ["Artikelnr.", "Lagerort", "Stückzahl"]),
        ("stock", ["Code article", "Entrepôt", "Qté"]),
        ("stock", ["Código", "Almacén", "Unidades"]),
        ("orders", ["Bestellnr", "Artikel", "Menge", "Bestelldatum"]),
        ("supplies", ["Fournisseur", "Réf produit", "Magasin", "Quantité", "Date prévue"]),
    ],
)
def test_columns_are_known_by_their_names_in_other_languages(kind: str, headers: list[str]) -> None:
    assert sorted(guess(kind, headers).columns.values()) == sorted(headers)


def sheet_of(count: int) -> Sheet:
    return Sheet(["sku"], [Row(n, [f"S-{n}"]) for n in range(2, count + 2)], "digest")


def house_of(db: Database) -> SimpleNamespace:
    return SimpleNamespace(db=db, clock=lambda: MOMENT, beside=Beside())


def test_a_long_import_stops_after_its_batch_keeps_what_it_took_and_goes_on_when_given_again(db: Database) -> None:
    house, sheet = house_of(db), sheet_of(2_500)
    file = File("ada", "a.csv", "items", sheet, guess("items", sheet.headers))
    work = Work("items", "a.csv", "digest", 2_500, "ada")
    first = imports.begin(db, MOMENT, work)
    imports.stop(db, MOMENT, first, "ada")
    _take(house, first, file, file.mapping)
    found = show_import(db, MOMENT, first)
    assert found is not None
    assert (found.state, found.seen, found.taken) == ("stopped", 1_000, 1_000)
    house.beside.end()
    second = imports.begin(db, MOMENT, work)
    _take(house, second, file, file.mapping)
    found = show_import(db, MOMENT, second)
    assert found is not None
    assert (found.state, found.seen, found.counts) == ("interrupted", 1_000, {"exists": 1_000})
    assert len(list_items(db, limit=5_000)) == 1_000
    house, third = house_of(db), imports.begin(db, MOMENT, work)
    _take(house, third, file, file.mapping)
    found = show_import(db, MOMENT, third)
    assert found is not None
    assert (found.state, found.seen, found.counts) == ("done", 2_500, {"exists": 1_000, "accepted": 1_500})
    assert len(list_items(db, limit=5_000)) == 2_500


def test_few_things_are_held_and_each_for_a_while() -> None:
    few: Few[str] = Few(2, 10)
    first = few.put(0, "a")
    assert (few.get(9, first), few.get(10, first), few.get(0, "none")) == ("a", None, None)
    few.put(0, "b", "b")
    few.put(0, "c", "c")
    assert (few.get(1, first), few.get(1, "b"), few.get(1, "c")) == (None, "b", "c")
