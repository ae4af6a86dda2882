"""The console in another language than English: no template says anything but phrases, and no page mixes languages."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

import pytest
from babel.messages.pofile import read_po
from conftest import new_database
from jinja2 import Environment, nodes
from owed import COMMUNICATION
from service import Service, speaking
from state import apply

from backorder.adapters.http.problems import status_of
from backorder.adapters.http.refusals import SENTENCES
from backorder.commands import accounts, inbound
from backorder.kernel.access import ROLES
from backorder.kernel.calendars import moment_number
from backorder.kernel.outcomes import Outcome, Word
from backorder.storage.db import open_database
from backorder.storage.inbound import Delivery

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
FORM = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
GERMAN = {"Accept_Language": "de"}
FOLDER = files("backorder.adapters.console")
TEMPLATES = sorted(one.name for one in FOLDER.iterdir() if one.name.endswith(".html"))
# Names and signs that are the same in every language.
ALIKE = {"UTC", "SHA", "ms", "bo_", "Backorder", "JSON", "API"}
READ = {"aria-label", "alt", "placeholder", "title"}
# What stands within a tag: a kind that a page gives a part of the frame, and what marks a field that is wrong.
WITHIN = re.compile(r"\{% block \w+_kind %\}[\w ]*\{% endblock %\}|^\{% macro marks.*endmacro %\}$", re.MULTILINE)
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
WORD = re.compile(r"[A-Za-z_]{2,}")


class Texts(HTMLParser):
    """What people read of a page: texts, and attributes that are read out.

    What is in `mono` is for programs, and what says that it is English is a letter to somebody who reads that.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [text for name, text in attrs if name in READ and text]
        mono = "mono" in (dict(attrs).get("class") or "").split() or tag in {"code", "script", "style"}
        mono = mono or (dict(attrs).get("lang") == "en" and tag != "html")
        if tag not in {"input", "meta", "link", "br", "path", "circle", "rect"}:
            self._inside.append((tag, mono))

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(mono for _, mono in self._inside):
            self.found.append(data.strip())


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_has_no_text_that_is_no_phrase(name: str) -> None:
    source = FOLDER.joinpath(name).read_text(encoding="utf-8")
    bare = [text for text in Texts(JINJA.sub("", WITHIN.sub("", source))).found if set(WORD.findall(text)) - ALIKE]
    assert bare == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_makes_no_text_of_its_own(name: str) -> None:
    tree = Environment(autoescape=True).parse(FOLDER.joinpath(name).read_text(encoding="utf-8"))
    said = {
        id(text)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in {"_", "_n"}
        for text in call.find_all(nodes.Const)
    }
    said |= {id(one.value) for one in tree.find_all(nodes.Keyword) if one.key == "kind"}  # of an element
    made = [text.value for text in tree.find_all(nodes.Const) if id(text) not in said and isinstance(text.value, str)]
    assert [text for text in made if re.match(r"[A-Z][a-z]|[a-z]+ [a-z]", text)] == []


def test_what_an_outcome_means_is_a_phrase_where_it_says_no() -> None:
    """What it says besides may be of the moment, and then may be in English."""
    meanings = {one.meaning for one in Word if status_of(Outcome(one)) >= 400}
    assert meanings <= {one.one for one in SENTENCES}


class Shop:
    """A shop of which every page of the console has something to say."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def page(self, path: str, status: int = 200, **said: str) -> str:
        """A page in German; with what is said in a form, if anything is."""
        with closing(self.service.client()) as client:
            if said:
                reply = client.ask("POST", path, urlencode(said).encode(), **GERMAN, **FORM)
            else:
                reply = client.ask("GET", path, **GERMAN)
        assert reply.status == status, reply
        return reply.body.decode()

    def simulated(self, policy: str) -> str:
        """The address of a run."""
        said = urlencode({"policy": policy, "mark": "2026-11-20 15:00 00ff"}).encode()
        with closing(self.service.client()) as client:
            reply = client.ask("POST", "/console/reallocate", said, **GERMAN, **FORM)
        assert reply.status == 303, reply
        return reply.headers["location"]


BEGUN: list[dict[str, Any]] = [
    {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
    {"do": "put_item", "sku": "LAMP", "name": "Lampe"},
    {"do": "put_item", "sku": "BOWL", "name": "Schale"},
    {"do": "put_customer", "customer": "ada", "name": "Ada", "email": "ada@example.com", "tier": "gold"},
    COMMUNICATION,
    {"do": "announce_supply", "supply": "PO", "sku": "LAMP", "site": "NY", "quantity": 2, "expected_on": "2026-11-27"},
    {"do": "announce_supply", "supply": "QO", "sku": "LAMP", "site": "NY", "quantity": 9, "expected_on": "2026-12-07"},
    {"do": "announce_supply", "supply": "BO", "sku": "BOWL", "site": "NY", "quantity": 9, "expected_on": "2026-11-24"},
    *(
        {
            "do": "place_order",
            "order": order,
            "currency": "USD",
            "paid": "80.00",
            "lines": [{"line": "1", "sku": sku, "quantity": 2, "unit_price": "40.00"}],
            **more,
        }
        for order, sku, more in (
            ("A", "LAMP", {}),
            ("B", "LAMP", {"customer": "ada"}),
            ("C", "BOWL", {}),
            ("D", "BOWL", {}),
        )
    ),
    {"do": "put_item", "sku": "BULK", "name": "Kerzen"},
    {"do": "announce_supply", "supply": "TO", "sku": "BULK", "site": "NY", "quantity": 12000,
     "expected_on": "2027-01-11"},
    {"do": "put_policy", "policy": "gold", "segments": [
        {"name": "g", "filter": {"tier": ["gold"]}, "strategy": "redistribute"},
        {"name": "r", "strategy": "redistribute"},
    ]},
    {"do": "put_policy", "policy": "win", "segments": [{"name": "w", "strategy": "win"}]},
    {"do": "put_webhook", "webhook": "hook", "url": "https://example.com/hook"},
]  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with new_database(request.param, tmp_path_factory.mktemp("tongues")) as url:
        db = open_database(url)
        assert {one.outcome.value for one in apply(db, NOW - timedelta(days=9), BEGUN)} <= {"accepted", "changed"}
        later: list[dict[str, Any]] = [
            {"do": "reschedule_supply", "supply": "PO", "expected_on": "2026-12-15"},
            {"do": "receive_supply", "supply": "BO", "receipt": "r", "quantity": 9},
            {"do": "pick", "order": "D", "lines": [{"line": "1", "quantity": 1}]},
            {"do": "ship", "order": "C", "shipment": "s", "lines": [{"line": "1", "quantity": 2}]},
        ]
        found = [one.outcome.value for one in apply(db, NOW - timedelta(hours=2), later)]
        assert set(found) <= {"rescheduled", "received", "changed", "shipped"}
        apply(db, NOW - timedelta(hours=1), [{"do": "advance", "to": (NOW - timedelta(hours=1)).isoformat()}])
        now = moment_number(NOW)
        accounts.put_account(db, now, "till", kind="program", role="integration", by="t")
        inbound.put_source(db, now, "oak", form="shopify", account="till", secret="0123456789abcdef", by="t")
        inbound.put_source(db, now, "own", form="standard", account="till", by="t")
        for n, state in enumerate(("done", "refused", "early", "ignored", "invalid")):
            inbound.record(db, Delivery("oak", str(n), now, "orders/create", "9f0", state, "A", None))
        db.close()
        with speaking(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield Shop(service)


def _english() -> dict[str, str]:
    """What German says otherwise, by the English."""
    with files("backorder").joinpath("locale/de.po").open("rb") as file:
        catalogue = read_po(file, locale="de")
    found = {}
    for one in catalogue:
        texts = [one.id] if isinstance(one.id, str) else list(one.id)
        said = [one.string] if isinstance(one.string, str) else list(one.string or [])
        found.update({text: said[0] for text in texts if text and text != said[0]})
    return {text: said for text, said in found.items() if text not in set(found.values())}


def _is_german(page: str, *words: str) -> None:
    assert '<html lang="de"' in page
    for word in words:
        assert word in page
    english = _english()
    left = [text for text in Texts(page).found if text in english and text not in ROLES]  # which accounts are called
    assert left == [], "a phrase in English on a page in German"


PAGES = (
    ("/console/", "Freitag, 20. November", "Zusagen in Gefahr", "Zu tun", "Verzögerungsmitteilung muss hinaus"),
    ("/console/lines", "Rückstand", "zu versenden.", "80,00\u00a0$", "27.\u00a0Nov.", "Alle wartenden"),
    ("/console/lines?view=late", "Keine Position ist so", "in den meisten Ansichten eine gute Nachricht"),
    (
        "/console/orders/A",
        "Zusagenbuch",
        "Erste Zusage",
        "Auf PO",
        "10 Tage später",
        "Warum Mo.,\u00a07.\u00a0Dez.?",
        "Was es ändern würde",
    ),
    ("/console/orders/C", "versandt", "Versand</h2>", "Als Nachweis ausgeben"),
    ("/console/orders/C?line=1", "erledigt; sie war für"),
    (
        "/console/items/BULK",
        "12.000",
        "Mo.,\u00a011.\u00a0Jan.\u00a02027",
        "Voraussichtliche Verfügbarkeit",
        "mit Rückstand",
    ),
    ("/console/items/LAMP", "Zuordnungen", "9\u00a0Stück", "Der Shop sagt jetzt"),
    ("/console/supplies/PO", "Dez. Niemand wartet darauf; 2 seiner", "Wareneingang buchen"),
    ("/console/supplies/QO", "warten darauf", "Was, wenn er sich verschiebt?", "Nichts wird gespeichert"),
    ("/console/items", "Artikel", "Darauf wird gewartet", "Unterwegs", "1 Artikel."),
    ("/console/supplies", "Zugänge", "Zu erwarten", "für NY", "Wer wartet"),
    ("/console/supplies?view=overdue", "Alles Erwartete ist gekommen."),
    ("/console/search?q=zzz", "Gefunden für „zzz“", "Nichts gefunden"),
    ("/console/sign-in", "Anmelden", "Kein Passwort?"),
    ("/console/notices", "Mitteilungen und Erstattungen", "zu erledigen", "Verzögerungsmitteilung", "zu senden"),
    ("/console/notices?what=notice&order=A&number=1", "So würde sie jetzt lauten", "Ich habe Bescheid gegeben"),
    ("/console/shipments", "Versand", "kann versandt werden, früheste", "1 von 2 kommissioniert", "Zuletzt versandt"),
    ("/console/shipments?order=D", "Sendungsnummer", "kann versandt werden"),
    ("/console/shipments/pick-list?order=D", "Pickliste", "zu entnehmen für 1 Bestellung"),
    ("/console/imports", "Importe", "Standorte"),
    ("/console/audit", "Einträge, neueste zuerst", "Worum es geht"),
    ("/console/settings", "Regelpakete", "mitgeliefert", "Verbraucher"),
    ("/console/settings/shops", "Shops, die senden, nach Namen", "Wie er signiert", "Ein eigenes Programm"),
    ("/console/settings/shops?source=oak", "Was von oak kam", "abgelehnt", "zu früh", "Die Adresse, an die er sendet"),
    ("/console/settings/shops?source=own", "hat noch kein Geheimnis", "Von ihm kam noch nichts"),
    ("/console/settings/selling", "Ganzer Shop", "Leer gelassen: die des Lieferanten", "Nur ab Lager"),
    ("/console/items/LAMP/selling", "Was der Artikel selbst sagt", "Tag des Erscheinens"),
    ("/console/settings/webhooks?webhook=hook", "Endpunkte nach Namen", "hat noch kein Geheimnis"),
    ("/console/settings/users?account=admin", "Konten nach Namen", "Token ausstellen", "Nur lesen"),
    ("/console/reallocate", "Simulieren Sie eine Richtlinie", "2 Segmente"),
    ("/console/reallocate/policy", "Eine neue Richtlinie", "gibt alles ab"),
    ("/console/reallocate/policy?policy=gold", "Version 1, gespeichert am"),
    ("/console/reallocate/compare?policy=gold&policy=win", "Nebeneinander", "Zusagen, die sich verschieben"),
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page[0])
def test_a_page_is_german_where_german_is_wanted(shop: Shop, page: tuple[str, ...]) -> None:
    path, *words = page
    _is_german(shop.page(path), *words)


def test_an_import_is_german_from_its_columns_to_what_became_of_it(shop: Shop) -> None:
    edge = "edge"
    said = {"kind": "stock", "by": ""}
    form = "".join(f'--{edge}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{t}\r\n' for n, t in said.items())
    file = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    body = f"{form}{file}Was,Wie viel\r\nLAMP,zwei\r\n\r\n--{edge}--\r\n".encode()
    headers = {**GERMAN, "Content_Type": f"multipart/form-data; boundary={edge}", "Sec_Fetch_Site": "same-origin"}
    with closing(shop.service.client()) as client:
        there = client.ask("POST", "/console/imports", body, **headers).headers["location"]
    _is_german(
        shop.page(there),
        "Für Artikelnr. ist keine Spalte genommen",
        "1 Zeile Bestand",
        '<option value="quantity">Menge</option>',
        "Standort aller Zeilen",
        "Artikelnr.: es steht nichts da.",
    )
    chosen = {"column-0": "sku", "column-1": "quantity", "value-site": "NY"}
    wrong = "Menge: &#39;zwei&#39; ist keine Zahl."
    looked = shop.page(there, 200, **chosen, do="look")
    _is_german(looked, "Das geschähe mit 1 Zeile.", "Nicht übernommen", f"Zeile 2: {wrong}", f">{wrong}")
    _is_german(looked, 'Menge<span class="sub mono">quantity</span>')
    _is_german(shop.page(there, 422, **{**chosen, "column-1": "sku"}), "Für Artikelnr. sind zwei Spalten genommen")
    with closing(shop.service.client()) as client:
        run = client.ask("POST", there, urlencode(chosen | {"do": "import"}).encode(), **GERMAN, **FORM).headers[
            "location"
        ]
    while "data-again" in shop.page(run):
        pass
    _is_german(shop.page(run), "Zeilen, die nicht übernommen wurden", "Die Tabelle holen", wrong)
    assert shop.page(f"{run}/refused.csv").splitlines()[1] == "LAMP,zwei,Menge: 'zwei' ist keine Zahl."
    _is_german(shop.page("/console/imports"), "Zuletzt übernommen", "a.csv", 'Menge <code class="mono">quantity</code>')
    _is_german(shop.page("/console/imports/runs/none", 404), "Es gibt keinen Import mit dieser Kennung")


def test_a_run_is_german_from_the_form_to_its_lines(shop: Shop) -> None:
    for policy in ("gold", "win"):
        there = shop.simulated(policy)
        _is_german(shop.page(there), "Der Plan ist gemacht. Noch hat sich nichts geändert.", "Er ändert")
        _is_german(shop.page(there.partition("?")[0] + "?view=changed"), "Position für Position", "Über den Lauf")
    _is_german(shop.page(there), "Sie sollte 27.\u00a0Nov. haben und bekommt 7.\u00a0Dez.")
    _is_german(shop.page("/console/reallocate"), "simuliert", "Läufe")


def test_what_is_refused_is_said_in_german_as_far_as_it_is_the_consoles(shop: Shop) -> None:
    answered = {"do": "answer_notice", "order": "A", "number": "1", "answer": "until"}
    _is_german(shop.page("/console/notices", 422, **answered), "Sagen Sie, bis zu welchem Tag gewartet wird.")
    _is_german(
        shop.page("/console/orders/none", 404), "Hier ist nichts", "Es gibt keine Bestellung mit dieser Kennung."
    )
    _is_german(shop.page("/console/shipments", 422, do="ship"), "Haken Sie zuerst die Bestellungen an")
    _is_german(shop.page("/console/shipments", 422, do="dance"), "Das ist kein Formular von uns.")
    _is_german(shop.page("/console/audit?since=x", 422), "Schreiben Sie die Tage wie 2026-11-20")
    put = {"do": "put_source", "new": "yes", "source": "elm", "form": "shopify", "account": "till"}
    for said, wrong in (
        ({"secret": "x"}, "Ein Geheimnis dieser Form hat 16 bis 200 Zeichen"),
        ({"source": "a b"}, "Ein Name hat Buchstaben"),
        ({"source": "oak"}, "Es gibt eine Quelle mit diesem Namen"),
        ({"account": "none"}, "Nennen Sie das Konto eines Programms"),
        ({"form": "none"}, "Diese Form gibt es nicht"),
    ):
        _is_german(shop.page("/console/settings/shops", 422, **{**put, **said}), wrong)
    turn = {"do": "rotate_source", "source": "oak", "was": ""}
    _is_german(shop.page("/console/settings/shops", 409, **turn), "Sein Geheimnis: es gibt eines")
    _is_german(shop.page("/console/settings/shops?source=none", 404), "Es gibt keine Quelle mit diesem Namen.")
    drawn = shop.page("/console/settings/webhooks", do="rotate", webhook="hook")
    _is_german(drawn, "Das neue Geheimnis von hook.", "Bewahren Sie es jetzt auf.")
    replayed = {"do": "replay_webhook", "webhook": "hook", "event": "x"}
    _is_german(shop.page("/console/settings/webhooks", 422, **replayed), "Geben Sie das erste Ereignis mit seiner")
    issued = {"do": "issue_token", "account": "viewer", "days": "x"}
    _is_german(shop.page("/console/settings/users", 422, **issued), "eben Sie die Tage als Zahl an.")
    _is_german(shop.page("/console/shipments", 422, do="reverse", shipment="none"), "Keine Sendung hat diese Kennung.")
    recorded = {"do": "record_notice", "order": "A", "number": "1", "became": "delivered"}
    _is_german(shop.page("/console/notices", 422, **recorded))
    _is_german(shop.page("/console/reallocate/policy", 422, do="preview", text="[]"), "Eine Richtlinie ist ein Objekt")
    _is_german(shop.page("/console/reallocate/runs/none", 404), "Es gibt keinen Lauf mit dieser Kennung")
    _is_german(shop.page("/console/settings?pack=none", 404), "Es gibt kein Regelpaket mit diesem Namen.")
