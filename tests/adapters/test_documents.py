"""An order's evidence as a document: whatever is in it, it says the same in HTML and in PDF, and is data in both."""

import io
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import new_database
from owed import COMMUNICATION, owed
from pypdf import PdfReader
from service import Service, running
from state import apply

from backorder.adapters import documents
from backorder.adapters.cli import cli
from backorder.adapters.documents import pdf
from backorder.adapters.documents.sheet import Sheet, sheet
from backorder.kernel.calendars import moment_number
from backorder.queries.evidence import Evidence, of_order
from backorder.storage.db import Database, open_database

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
# What is markup, or code, to somebody on the way: browsers, Jinja, Typst.
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=y> &amp; "
    '{{ 7*7 }} {% raw %} #import "x": * $1$ *b* _i_ @r <l> `c` \\ ]'
)


class Read(HTMLParser):
    """A document as a browser takes it: the elements, their attributes, and the text without styles."""

    def __init__(self, document: bytes) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self._styled = False
        self.feed(document.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._styled = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._styled = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._styled else data


def found(db: Database, name: str) -> Evidence:
    evidence = of_order(db, name)
    assert evidence is not None
    return evidence


def made(db: Database, name: str, form: str, *, withheld: bool = False) -> bytes:
    return documents.FORMS[form].make(found(db, name), withheld=withheld)


def bare(text: str) -> str:
    """Letters alone, however lines and words are broken."""
    return re.sub(r"[\s\u200b]+", "", text)


def words_of(document: bytes) -> str:
    """What a PDF says, without the foot of its pages."""
    pages = (page.extract_text() for page in PdfReader(io.BytesIO(document)).pages)
    return "".join(re.sub(r"page\s\d+\sof\s\d+\s*", "", page) for page in pages)


def said(whole: Sheet) -> list[str]:
    """Every text of a sheet, in the order in which it is read."""
    found = [whole.title, whole.subtitle]
    for section in whole.sections:
        found += [section.title, *section.alarms, *section.says, *(text for pair in section.facts for text in pair)]
        found += [text for table in section.tables for row in [table.heads, *table.rows] for text in row]
        for letter in section.letters:
            found += [letter.title, *(text for pair in letter.facts for text in pair)]
            found += [text for text in (letter.subject, letter.text) if text is not None]
    return found


@pytest.fixture
def told(db: Database) -> Database:
    """A shop in which one order was told of a delay, cancelled by phone and paid back; see `owed`."""
    owed(db, NOW)
    return db


@pytest.fixture
def hostile(db: Database) -> Database:
    """An order of which every word that somebody gives is hostile."""
    name = HOSTILE[:150]
    commands = [
        {"do": "put_site", "site": name, "zone": "America/New_York", "country": "US", "name": HOSTILE},
        {"do": "put_item", "sku": name, "name": HOSTILE},
        {"do": "put_customer", "customer": name, "name": HOSTILE, "email": "x@example.com", "country": "US"},
        {**COMMUNICATION, "answers": HOSTILE, "contact": HOSTILE, "charging": HOSTILE},
        {"do": "announce_supply", "supply": name, "sku": name, "site": name, "quantity": 9,
         "expected_on": "2026-12-21"},
        {"do": "place_order", "order": name, "customer": name, "channel": name,
         "lines": [{"line": name, "sku": name, "quantity": 2}]},
        {"do": "reschedule_supply", "supply": name, "expected_on": "2026-12-30"},
        {"do": "send_notice", "order": name, "means": "phone", "by": name, "reason": f"{HOSTILE}\n{HOSTILE}"},
        {"do": "cancel_line", "order": name, "line": name, "quantity": 1, "reason": HOSTILE, "by": "customer"},
        {"do": "hold_order", "order": name, "kind": "fraud", "reason": HOSTILE},
    ]  # fmt: skip
    refused = {"invalid", "not_allowed"}
    answers = [outcome.outcome.value for outcome in apply(db, NOW, commands)]
    assert refused.isdisjoint(answers), answers
    return db


def test_whatever_is_in_an_order_is_text_in_html(hostile: Database) -> None:
    read = Read(made(hostile, HOSTILE[:150], "html"))
    assert read.elements <= {
        *("html", "meta", "title", "style", "h1", "h2", "h3", "p", "section", "dl", "dt", "dd", "code", "div"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert read.attributes <= {"lang", "charset", "name", "content", "class", "scope"}
    assert read.text.count(HOSTILE) >= 8


def test_whatever_is_in_an_order_is_text_in_pdf(hostile: Database) -> None:
    whole = bare(words_of(made(hostile, HOSTILE[:150], "pdf")))
    assert whole.count(bare(HOSTILE)) >= 8


def test_both_forms_say_the_same(told: Database) -> None:
    page = bare(Read(made(told, "owed-1", "html")).text)
    pages = bare(words_of(made(told, "owed-1", "pdf")))
    for form in (page, pages):
        at = 0
        for text in map(bare, said(sheet(found(told, "owed-1")))):
            at = form.index(text, at)  # in this order, or ValueError


def test_a_reader_can_follow_the_story(told: Database) -> None:
    text = Read(made(told, "owed-1", "html")).text.replace("\u00a0", " ")
    for fact in (
        "Promised to ship by Mon 21 Dec 2026.",
        "The promise moved from Mon 21 Dec 2026 to Thu 31 Dec 2026: the supplier gave another day.",
        "Notice 1 (first notice, a short delay) was sent by e-mail.",
        "The customer cancelled 1 unit (by phone, by owed).",
        "5.00 USD has to go back by",
        "5.00 USD went back by the way it was paid.",
        "United States, Mail, Internet, or Telephone Order Merchandise Rule",
    ):
        assert fact in text, fact
    for notice in found(told, "owed-1").notices:
        assert (notice.text or "-") in Read(made(told, "owed-1", "html")).text


@pytest.mark.parametrize("form", list(documents.FORMS))
def test_an_order_on_which_nothing_is_new_gives_the_same_file(form: str, told: Database) -> None:
    assert made(told, "owed-1", form) == made(told, "owed-1", form)


def test_the_pdf_is_one_for_archives_and_of_the_moment_of_its_newest_fact(told: Database) -> None:
    reader = PdfReader(io.BytesIO(made(told, "owed-1", "pdf")))
    marks = bytes(reader.trailer["/Root"]["/Metadata"].get_data()).decode()
    assert "<pdfaid:part>2</pdfaid:part>" in marks
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in marks
    assert reader.metadata.title == "Evidence on order owed-1"
    assert reader.metadata.creation_date == NOW
    assert "/OutputIntents" in reader.trailer["/Root"]


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_a_changed_text_is_said_at_the_top(form: str, told: Database) -> None:
    evidence = found(told, "owed-1")
    evidence.notices[0].digest_matches = False
    document = documents.FORMS[form].make(evidence, withheld=False)
    text = bare(Read(document).text if form == "html" else words_of(document))
    alarm = bare("The text of notice 1 is not the one that was sent.")
    assert text.index(alarm) < text.index(bare("2. The order"))


def test_letters_that_no_font_has_are_shown_by_their_code_and_kept_in_html(db: Database) -> None:
    strange = "\u4e2d\u6587 \U00012000 \ue123"  # Chinese, cuneiform, nobody's
    for command in (
        {"do": "put_site", "site": "MAIN"},
        {"do": "put_item", "sku": "CHAIR", "name": strange, "coverage": "lead_time", "lead_time_days": 3},
        {"do": "place_order", "order": "A", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 1}]},
    ):
        apply(db, NOW, [command])
    assert strange in Read(made(db, "A", "html")).text
    text = words_of(made(db, "A", "pdf"))
    assert "[U+12000]" in text
    assert "Letters that no font here has are shown by their code" in " ".join(text.split())


def test_what_cannot_be_seen_and_turns_the_writing_round_is_shown(db: Database) -> None:
    for command in (
        {"do": "put_site", "site": "MAIN"},
        {"do": "put_item", "sku": "CHAIR", "name": "Oak \u202echair", "coverage": "lead_time", "lead_time_days": 3},
        {"do": "place_order", "order": "A", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 1}]},
    ):
        apply(db, NOW, [command])
    assert "Oak [U+202E]chair" in Read(made(db, "A", "html")).text
    assert bare("Oak [U+202E]chair") in bare(words_of(made(db, "A", "pdf")))
    assert json.loads(made(db, "A", "json"))["lines"][0]["goods"] == "Oak \u202echair"


def test_an_order_without_rules_says_so(db: Database) -> None:
    for command in (
        {"do": "put_site", "site": "MAIN"},
        {"do": "put_item", "sku": "CHAIR", "coverage": "lead_time", "lead_time_days": 3},
        {"do": "place_order", "order": "A", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 1}]},
    ):
        apply(db, NOW, [command])
    text = Read(made(db, "A", "html")).text
    assert "No rule runs on this order" in text
    assert "Promised to ship by" in text
    assert "none was named" in text


def test_who_was_erased_or_may_not_be_known_is_not_in_the_document(told: Database) -> None:
    withheld = Read(made(told, "owed-1", "html", withheld=True)).text
    assert "not shown: whoever asked for this document may not read them" in withheld
    assert "owed@example.com" not in withheld
    for n in (2, 3):
        apply(told, NOW, [{"do": "cancel_line", "order": f"owed-{n}", "line": "1"}])
    apply(told, NOW, [{"do": "erase_person", "customer": "owed"}])
    erased = Read(made(told, "owed-1", "html")).text
    assert "erased-000001" in erased
    assert "as the person's data were" in erased
    assert "owed@example.com" not in erased


def test_a_document_that_would_take_too_much_is_refused_as_pdf(told: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "ROWS_MAX", 10)
    with pytest.raises(documents.TooLong, match="ask for HTML"):
        made(told, "owed-1", "pdf")
    assert made(told, "owed-1", "html")


@pytest.mark.parametrize(
    ("order", "form", "name"),
    [
        ("SO-1042", "html", "evidence-SO-1042.html"),
        ("../../etc/passwd", "pdf", "evidence-etc-passwd-"),
        ("a/b", "html", "evidence-a-b-"),
        ("a b", "html", "evidence-a-b-"),
        ("\u4e2d", "json", "evidence-"),
    ],
)
def test_a_file_is_named_after_its_order_as_every_system_takes_it(order: str, form: str, name: str) -> None:
    found = documents.file_name(order, form)
    assert found.startswith(name)
    assert re.fullmatch(r"[A-Za-z0-9-]+\.(html|pdf|json)", found)
    assert documents.file_name("a/b", "html") != documents.file_name("a b", "html")


# The command line


def run(url: str, *words: str):
    return CliRunner().invoke(cli, ["evidence", *words, "--database", url], obj=lambda: moment_number(NOW))


def test_the_command_line_writes_a_file_or_to_the_output(
    told: Database, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(url, "owed-1").exit_code == 0
    assert (tmp_path / "evidence-owed-1.html").read_bytes() == made(told, "owed-1", "html")
    assert run(url, "owed-1", "--format", "pdf", "-o", "paper.pdf").exit_code == 0
    assert (tmp_path / "paper.pdf").read_bytes() == made(told, "owed-1", "pdf")
    assert run(url, "owed-1", "--format", "json", "-o", "-").stdout_bytes == made(told, "owed-1", "json")
    assert run(url, "nobody").exit_code == 3


def test_without_typst_it_says_what_to_install(told: Database, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    result = run(url, "owed-1", "--format", "pdf", "-o", "-")
    assert result.exit_code == 1
    assert 'pip install "backorder[documents]"' in result.output


# Over HTTP

AT = "/v1/orders/owed-1/evidence"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with new_database("sqlite", tmp_path_factory.mktemp("documents")) as url:
        db = open_database(url)
        owed(db, NOW)
        db.close()
        with running(url) as found:
            yield found


@pytest.mark.parametrize(
    ("question", "accept", "content"),
    [
        ("", None, "application/json"),
        ("", "*/*", "application/json"),
        ("", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("", "application/pdf", "application/pdf"),
        ("", "text/html;q=0.5, application/pdf", "application/pdf"),
        ("", "text/html;q=0", "application/json"),
        ("?format=html", "application/pdf", "text/html; charset=utf-8"),
        ("?format=json", "text/html", "application/json"),
    ],
)
def test_the_form_is_what_is_asked_for(service: Service, question: str, accept: str | None, content: str) -> None:
    client = service.client()
    reply = client.ask("GET", f"{AT}{question}", **({} if accept is None else {"Accept": accept}))
    client.close()
    assert (reply.status, reply.headers["content-type"]) == (200, content)


def test_what_is_handed_on_runs_nothing_and_is_kept_by_nobody_on_the_way(service: Service) -> None:
    client = service.client()
    reply = client.ask("GET", f"{AT}?format=html")
    assert reply.headers["content-disposition"] == 'attachment; filename="evidence-owed-1.html"'
    rules = reply.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "style-src 'unsafe-inline'", "sandbox"} <= set(rules)
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "private, no-store"
    assert client.ask("GET", "/v1/orders/nobody/evidence").status == 404
    assert client.ask("GET", f"{AT}?format=odt").status == 400
    other = client.ask("GET", "/v1/docs")
    assert other.headers["content-security-policy"].startswith("default-src 'self'")
    client.close()


def test_who_may_not_read_customers_gets_it_without_name_and_address(service: Service) -> None:
    known, other = service.client("service_agent"), service.client("planner")
    assert b"owed@example.com" in known.ask("GET", f"{AT}?format=html").body
    for form in ("html", "json"):
        assert b"owed@example.com" not in other.ask("GET", f"{AT}?format={form}").body
    assert "owed@example.com" not in words_of(other.ask("GET", f"{AT}?format=pdf").body)
    known.close()
    other.close()
