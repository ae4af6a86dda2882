"""What the console says of columns and refused rows in its reader's language, beside the words of the command line."""

import zipfile
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from shop import NOW

from backorder.adapters.console import SPOKEN
from backorder.adapters.console.file_columns import FIELDS, called
from backorder.adapters.http.forms import of_field
from backorder.adapters.http.row_reasons import spelled, why
from backorder.adapters.imports import sheets
from backorder.adapters.imports.fields import KINDS
from backorder.adapters.imports.mapping import guess
from backorder.adapters.imports.reasons import Reason
from backorder.adapters.imports.run import Reject, rejects_text, run
from backorder.adapters.imports.sheets import Row, Sheet
from backorder.kernel.calendars import moment_number
from backorder.kernel.phrases import Said, phrase
from backorder.languages import language
from backorder.storage.db import Database

MOMENT = moment_number(NOW)
GERMAN = language("de")
BEGUN = {
    "sites": "site,zone,country\nNY,America/New_York,US\n",
    "suppliers": "supplier,lead_time_days\nACME,5\n",
    "items": "sku,price,currency\nLAMP,9.50,EUR\n",
    "supplies": "supply,document,sku,site,quantity,expected_on,cost,currency\nS-1,PO,LAMP,NY,9,2026-12-04,1.00,EUR\n",
    "orders": "order,sku,quantity,promise\nA-1,LAMP,1,2026-12-10\n",
}


def read(path: Path, text: str) -> Sheet:
    file = path / "a.csv"
    file.write_text(text, encoding="utf-8")
    return sheets.read(file)


def refused(db: Database, path: Path, kind: str, text: str) -> tuple[Sheet, list[Reject]]:
    sheet = read(path, text)
    return sheet, run(db, MOMENT, sheet, guess(kind, sheet.headers)).rejects


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_has_a_name_of_its_own_in_every_language(kind: str) -> None:
    named = [called(field.name) for field in KINDS[kind]]
    assert [one for one in named if not isinstance(one, Said)] == []
    for code in SPOKEN:
        speaks = language(code)
        assert speaks.lacking(one for one in named if isinstance(one, Said)) == []
        assert len({speaks.word(one).casefold() for one in named}) == len(named), code


def test_nothing_has_a_name_that_is_no_field() -> None:
    assert set(FIELDS) == {field.name for fields in KINDS.values() for field in fields}


STOCK = "sku,site,quantity\n"
ORDERS = "order,line,sku,quantity,placed_at,customer\n"
CELLS = [
    ("stock", STOCK + "LAMP,NY,zwei\n", "quantity: 'zwei' is no number", "Menge: 'zwei' ist keine Zahl."),
    (
        "stock",
        STOCK + "LAMP,NY,1.5\n",
        "quantity: 1.5 is no whole number of units",
        "Menge: 1.5 ist keine ganze Stückzahl.",
    ),
    ("stock", STOCK + "LAMP,,1\n", "site: nothing is there", "Standort: es steht nichts da."),
    (
        "stock",
        STOCK + f"LAMP,NY,{'1' * 31}\n",
        f"quantity: '{'1' * 31}' is too long a number",
        f"Menge: '{'1' * 31}' ist eine zu lange Zahl.",
    ),
    (
        "stock",
        STOCK + 'LAMP,NY,1.5.5\nLAMP,NY,"2,0"\n',
        "quantity: '1.5.5' is no number with the decimal sign ,",
        "Menge: '1.5.5' ist keine Zahl mit dem Dezimalzeichen ,.",
    ),
    (
        "stock",
        STOCK + "LAMP," + "x" * 10_001 + ",1\n",
        "the row cannot be read: field larger than field limit (10000)",
        "Die Zeile kann nicht gelesen werden: eine Zelle hat mehr als 10000 Zeichen.",
    ),
    (
        "stock",
        STOCK + '"LAMP"x,NY,1\n',
        "the row cannot be read: ',' expected after '\"'",
        "Die Zeile kann nicht gelesen werden: nach '\"' müsste ',' kommen.",
    ),
    (
        "stock",
        STOCK + "," * 1_000 + "\n",
        "the row has 1001 columns",
        "Die Zeile hat 1.001 Spalten.",
    ),
    (
        "supplies",
        "supply,sku,site,quantity,expected_on,confirmed\nP,LAMP,NY,1,2026-13-01,ja\n",
        "expected_on: '2026-13-01' is no day of the calendar",
        "Erwarteter Eingangstag: '2026-13-01' ist kein Tag des Kalenders.",
    ),
    (
        "supplies",
        "supply,sku,site,quantity,expected_on,confirmed\nP,LAMP,NY,1,bald,ja\n",
        "expected_on: 'bald' is no day such as 2026-12-01",
        "Erwarteter Eingangstag: 'bald' ist kein Tag wie 2026-12-01.",
    ),
    (
        "supplies",
        "supply,sku,site,quantity,expected_on,confirmed\nP,LAMP,NY,1,2026-12-01,vielleicht\n",
        "confirmed: 'vielleicht' is neither yes nor no",
        "Vom Lieferanten bestätigt: 'vielleicht' ist weder ja noch nein.",
    ),
    (
        "supplies",
        "sku,site,quantity,expected_on\nLAMP,NY,1,2026-12-01\n",
        "supply: name it, or its document",
        "Zugangsnummer: nennen Sie sie, oder die Einkaufsbestellung.",
    ),
    ("orders", ORDERS + ",1,LAMP,1,,\n", "order: nothing is there", "Bestellnummer: es steht nichts da."),
    (
        "orders",
        ORDERS + "A,1,LAMP,1,2026-11-01 noon,\n",
        "line 2: placed_at: '2026-11-01 noon' is no time",
        "Bestelldatum: '2026-11-01 noon' ist keine Uhrzeit.",
    ),
    (
        "orders",
        ORDERS + "A,1,LAMP,1,2026-11-01 25:00,\n",
        "line 2: placed_at: '2026-11-01 25:00' is no moment",
        "Bestelldatum: '2026-11-01 25:00' ist kein Zeitpunkt.",
    ),
    (
        "orders",
        ORDERS + "A,1,LAMP,1,,ada\nA,2,LAMP,1,,eva\n",
        "line 3: customer is not that of the order's other rows",
        "Zeile 3: Kundennummer ist anders als in den übrigen Zeilen der Bestellung.",
    ),
    ("orders", ORDERS + "A,1,LAMP,,,\n", "line 2: quantity: nothing is there", "Menge: es steht nichts da."),
]


@pytest.mark.parametrize(("kind", "text", "english", "german"), CELLS, ids=[one[2][:40] for one in CELLS])
def test_a_cell_that_cannot_be_read_is_english_for_programs_and_german_for_germans(
    db: Database, tmp_path: Path, kind: str, text: str, english: str, german: str
) -> None:
    sheet, rejects = refused(db, tmp_path, kind, text)
    assert str(rejects[0].reason) == english
    assert spelled(rejects[0], GERMAN) == german
    assert english in " ".join(rejects_text(sheet, rejects).replace('""', '"').split())
    assert german in " ".join(rejects_text(sheet, rejects, lambda one: spelled(one, GERMAN)).replace('""', '"').split())


def test_a_formula_is_named_by_its_cell(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["sku", "name"])
    book.active.append(["LAMP", "=1+1"])
    book.active.append(["DESK", "x" * 10_001])
    book.save(tmp_path / "a.xlsx")
    formula, long = (Reason(row.trouble) for row in sheets.read(tmp_path / "a.xlsx").rows if row.trouble)
    assert str(formula) == "cell B2 is a formula: paste its value in its place"
    assert str(long) == "a cell has more than 10000 characters"
    assert GERMAN.say(why(formula)) == "Zelle B2 ist eine Formel: Setzen Sie ihren Wert an ihre Stelle."
    assert GERMAN.say(why(long)) == "eine Zelle hat mehr als 10.000 Zeichen."


def test_a_file_that_is_not_read_at_all_says_so_in_german(tmp_path: Path) -> None:
    path, bomb = tmp_path / "a.csv", BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    for data, german in (
        (b"", "Die Datei ist leer: Ihre erste Zeile soll die Spalten nennen."),
        (b"sku\n\0\n", "Die Datei enthält NUL-Zeichen"),
        (b"sku\n\x81\xff\n", "Die Datei ist weder UTF-8 noch Windows-1252"),
        (b"," * 1_000 + b"\n", "Die Datei hat 1001 Spalten: Höchstens 1000 werden gelesen."),
        (b'sku\n"open\n', "Ein Anführungszeichen, das in Zeile 2 öffnet"),
        (
            b"PK\x03\x04 no workbook",
            "Die Datei wurde nicht gelesen: Sie ist keine Arbeitsmappe (File is not a zip file).",
        ),
        (bomb.getvalue(), "Die Datei wurde nicht gelesen: Sie entpackt sich zu 60000000 Bytes."),
    ):
        path.write_bytes(data)
        with pytest.raises(sheets.Unreadable) as error:
            sheets.read(path)
        assert GERMAN.say(of_field(None, str(error.value).replace(str(path), "the file"))).startswith(german)


def test_a_row_is_named_where_it_is_not_the_one_that_is_looked_at() -> None:
    reason = Reason(Said(phrase("nothing is there")), "sku", 7)
    assert GERMAN.say(why(reason, 7)) == "Artikelnr.: es steht nichts da."
    assert GERMAN.say(why(reason, 6)) == "Zeile 7: Artikelnr.: es steht nichts da."
    assert (
        spelled(Reject(Row(6, []), Reason("the moon is down", "lunar.phase")), GERMAN)
        == "Lunar.phase: the moon is down."
    )
    assert spelled(Reject(Row(6, []), Reason("the moon is down")), GERMAN) == "The moon is down."


ITEMS = "sku,name,price,currency,selling,supplier,pack_size\n"
PEOPLE = "customer,kind,country,region,zone,priority\n"
SUPPLIES = "supply,document,sku,site,quantity,received,expected_on,cost,currency,kind\n"
LINES = "order,line,sku,quantity,shipped,promise,unit_price,currency,sites,country\n"
COMMANDS = [
    ("stock", STOCK + "NONE,NY,1\n", "Artikel NONE ist nicht bekannt: Legen Sie ihn zuerst an."),
    ("stock", STOCK + "LAMP,LA,1\n", "Standort LA ist nicht bekannt: Legen Sie ihn zuerst an."),
    ("stock", STOCK + "LAMP,NY,-1\n", "Menge: die Zahl muss mindestens 0 sein."),
    ("stock", STOCK + f"LAMP,NY,{10**12}\n", "Menge: die Zahl darf höchstens"),
    ("items", ITEMS + f"{'x' * 201},,,,,,\n", "Artikelnr.: höchstens 200 Zeichen sind erlaubt."),
    ("items", ITEMS + f"A{chr(0x301) * 40}B,,,,,,\n", "Ein Buchstabe hat mehr als 30 Zeichen über oder unter sich"),
    ("items", ITEMS + "B,,,,teuer,,\n", "Verkaufsart: 'teuer' ist keiner der erlaubten Werte."),
    ("items", ITEMS + "B,,,,preorder,,\n", "Erscheinungstag: eine Vorbestellung braucht den Tag ihres Erscheinens."),
    ("items", ITEMS + "B,,1.00,,,,\n", "Verkaufspreis: sagen Sie, in welcher Währung."),
    ("items", ITEMS + "B,,-1.00,EUR,,,\n", "Verkaufspreis: der Betrag ist negativ."),
    ("items", ITEMS + "B,,1.0012,EUR,,,\n", "Verkaufspreis: EUR hat 2 Nachkommastellen, 1.0012 hat mehr."),
    ("items", ITEMS + f"B,,{10**20},EUR,,,\n", "Verkaufspreis: der Betrag übersteigt"),
    ("items", ITEMS + "B,,1.00,Euro,,,\n", "Währung: verwenden Sie 1 bis 200 Zeichen"),
    ("items", ITEMS + "LAMP,,,USD,,,\n", "Währung: der Verkaufspreis ist in einer anderen Währung"),
    ("items", ITEMS + "B,,,,,,-1\n", "Packungsgröße: die Zahl muss mindestens"),
    ("customers", PEOPLE + "ada,,Atlantis,,,\n", "Land: Atlantis ist kein Land: Geben Sie seine zwei Buchstaben"),
    (
        "customers",
        PEOPLE + "ada,,US,Bavaria,,\n",
        "Bundesland oder Region: Bavaria ist nach ISO 3166-2 kein Teil von US",
    ),
    ("customers", PEOPLE + "ada,,,,Mars/Base,\n", "Zeitzone: Mars/Base ist keine Zeitzone: Nennen Sie eine"),
    ("customers", PEOPLE + "ada,,,,,9999\n", "Priorität: die Zahl darf höchstens 1000 sein."),
    ("sites", "site,holidays,working_days\nLA,ZZ,\n", "Feiertagskalender: für 'ZZ' sind keine Feiertage bekannt."),
    ("sites", "site,holidays,working_days\nLA,,montag\n", "Arbeitstage: 'montag' ist keiner der erlaubten Werte."),
    ("supplies", SUPPLIES + "S-1,,LAMP,NY,8,,2026-12-04,,,\n", "Zugang S-1 wurde mit anderem Inhalt angekündigt."),
    (
        "supplies",
        SUPPLIES + "S-2,,LAMP,NY,1,2,2026-12-04,,,\n",
        "Eingegangene Stück: es kam mehr an, als bestellt wurde.",
    ),
    ("supplies", SUPPLIES + "S-2,,LAMP,NY,1,,2206-12-04,,,\n", "Erwarteter Eingangstag: geben Sie einen Tag zwischen"),
    ("supplies", SUPPLIES + "S-2,,LAMP,NY,1,,2026-12-04,1.00,,\n", "Währung: Einkaufspreis ist ein Betrag: Sagen Sie"),
    ("supplies", SUPPLIES + "S-2,PO,LAMP,NY,1,,2026-12-04,1.00,USD,\n", "Die Einkaufsbestellung PO ist in EUR"),
    ("supplies", SUPPLIES + "stock/x,,LAMP,NY,1,,2026-12-04,,,\n", "Zugangsnummer: Kennungen, die mit stock/ beginnen"),
    ("orders", LINES + "A-1,,LAMP,2,,,,,,\n", "Bestellung A-1 wurde schon mit anderem Inhalt aufgegeben."),
    ("orders", LINES + "A-2,,NONE,2,,,,,,\n", "Artikel NONE ist nicht bekannt"),
    ("orders", LINES + "A-2,,LAMP,2,3,,,,,\n", "Position 1 der Bestellung, versandte Stück: es ist mehr versandt"),
    ("orders", LINES + "A-2,,LAMP,500,,,,,,\n", "Nichts deckt eine Position, die nie zugesagt wurde"),
    ("orders", LINES + "A-2,,LAMP,1,,,9.00,,,\n", "Währung: Position 1 der Bestellung, Stückpreis ist ein Betrag"),
    ("orders", LINES + "A-2,7,LAMP,1,,,,,,\nA-2,7,LAMP,1,,,,,,\n", "Positionen: zwei Positionen haben dieselbe Nummer"),
    ("orders", LINES + 'A-2,,LAMP,1,,,,,"NY,NY",\n', "Standorte: nennen Sie jeden Standort einmal."),
    ("orders", LINES + "A-2,,LAMP,1,,,,,LA,\n", "Standort LA ist nicht bekannt"),
    ("orders", LINES + "A-2,,LAMP,1,,,,,,Atlantis\n", "Land: Atlantis ist kein Land"),
]


def test_what_commands_refuse_is_said_in_german(db: Database, tmp_path: Path) -> None:
    for kind, text in BEGUN.items():
        assert refused(db, tmp_path, kind, text)[1] == [], kind
    wrong = []
    for kind, text, german in COMMANDS:
        _, rejects = refused(db, tmp_path, kind, text)
        said = [spelled(one, GERMAN) for one in rejects]
        wrong += [(text, said)] if not said or not all(one.startswith(german) for one in said) else []
    assert wrong == []
