"""What can be imported: the fields of each kind of file, and the headers that they are known by."""

from typing import Literal, NamedTuple
from unicodedata import normalize

Sort = Literal["text", "units", "amount", "day", "moment", "flag", "words"]


class Field(NamedTuple):
    """A field of a kind. `known_as` are other headers, as `plain_header` writes them, parted by blanks."""

    name: str
    sort: Sort = "text"
    required: bool = False
    known_as: str = ""


_SKU = Field(
    "sku",
    required=True,
    known_as="item itemno itemnumber productcode stockcode artikelnummer articlenumber article referencia reference "
    "productsku lineitemsku itemsku internalreference itemcode partno partnumber artikel artikelnr artnr codearticle "
    "refarticle refproduit codigo codigoarticulo codigoproducto",
)
_SITE = Field(
    "site", required=True, known_as="warehouse location lager lagerort standort depot entrepot magasin almacen"
)
_QUANTITY = Field(
    "quantity",
    "units",
    required=True,
    known_as="qty units menge anzahl stueck stueckzahl quantite qte cantidad unidades ordered orderedqty qtyordered",
)
_NAME = Field(
    "name", known_as="description title bezeichnung artikelbezeichnung productname designation libelle descripcion"
)
_CURRENCY = Field("currency", known_as="waehrung devise moneda ordercurrency currencycode")
_COUNTRY = Field("country", known_as="land pays pais shippingcountry shipcountry countrycode")
_REGION = Field("region", known_as="state province shippingprovince shipregion bundesland")
_ZONE = Field("zone", known_as="timezone zeitzone")
_LEAD_TIME = Field("lead_time_days", "units", known_as="leadtime lieferzeit delai plazo")
_SUPPLIER = Field("supplier", known_as="vendor lieferant fournisseur proveedor suppliername")
_CUSTOMER = Field(
    "customer",
    known_as="customerid customerno customernumber kunde kundennummer kundennr client codeclient cliente codigocliente",
)
_EMAIL = Field("email", known_as="mail emailaddress customeremail billingemail courriel")
_PRIORITY = Field("priority", "units", known_as="prio prioritaet priorite prioridad")
_COST = Field("cost", "amount", known_as="unitcost costprice einkaufspreis purchaseprice")
_DAYS = (Field("working_days", "words"), Field("holidays"))

KINDS: dict[str, tuple[Field, ...]] = {
    "sites": (
        Field("site", required=True, known_as=_SITE.known_as),
        _NAME,
        _ZONE,
        _COUNTRY,
        _REGION,
        Field("handling_days", "units"),
        *_DAYS,
        Field("serves", "words"),
    ),
    "suppliers": (Field("supplier", required=True, known_as=_SUPPLIER.known_as), _NAME, _LEAD_TIME, *_DAYS),
    "items": (
        _SKU,
        _NAME,
        Field("selling"),
        Field("coverage"),
        Field("price", "amount", known_as="unitprice preis verkaufspreis prix prixunitaire precio preciounitario"),
        _COST,
        _CURRENCY,
        _SUPPLIER,
        _LEAD_TIME,
        Field("safety_stock", "units", known_as="sicherheitsbestand reorderlevel minstock"),
        Field("backorder_cap", "units"),
        Field("per_customer_cap", "units"),
        Field("max_wait_days", "units"),
        Field("released_on", "day", known_as="releasedate released"),
        Field("pack_size", "units"),
        Field("minimum_order", "units"),
        Field("category", known_as="kategorie categorie categoria type productcategory"),
    ),
    "customers": (
        Field("customer", required=True, known_as=_CUSTOMER.known_as),
        Field("kind"),
        Field("name", known_as="customername company companyname firma nom nombre"),
        _EMAIL,
        Field("tier"),
        _PRIORITY,
        Field("language", known_as="sprache langue idioma lang"),
        _COUNTRY,
        _REGION,
        _ZONE,
        Field("tags", "words"),
    ),
    "stock": (
        _SKU,
        _SITE,
        Field(
            "quantity",
            "units",
            required=True,
            known_as=_QUANTITY.known_as + " onhand stock bestand unitsinstock available",
        ),
    ),
    "supplies": (
        Field("supply", known_as="supplyid"),
        Field("document", known_as="po ponumber purchaseorder purchaseorderid orderreference bestellung"),
        Field("document_line", known_as="poline lineno position"),
        _SKU,
        _SITE,
        _QUANTITY,
        Field("received", "units", known_as="receivedqty qtyreceived geliefert recu recibido"),
        Field(
            "expected_on",
            "day",
            required=True,
            known_as="expected expecteddate expectedarrival eta duedate due liefertermin lieferdatum "
            "dateprevue datelivraison fechaprevista fechaentrega",
        ),
        Field("ordered_on", "day", known_as="orderdate orderedon bestelldatum purchasedate"),
        _SUPPLIER,
        Field("cost", "amount", known_as=_COST.known_as + " unitprice price"),
        _CURRENCY,
        Field("confirmed", "flag", known_as="bestaetigt confirme"),
        Field("kind"),
    ),
    "orders": (
        Field(
            "order",
            required=True,
            known_as="orderid orderno ordernumber auftrag auftragsnummer bestellung bestellnummer bestellnr "
            "orderreference commande numcommande numerodecommande pedido numpedido numerodepedido",
        ),
        Field("line", known_as="lineid lineno position pos"),
        _SKU,
        _QUANTITY,
        Field("shipped", "units", known_as="shippedqty delivered deliveredquantity geliefert fulfilled"),
        Field("cancelled", "units", known_as="canceled cancelledqty storniert"),
        Field(
            "placed_at",
            "moment",
            known_as="orderdate date createdat auftragsdatum bestelldatum datecommande fechapedido datecreated placed",
        ),
        _CUSTOMER,
        Field("customer_name", known_as="customername shippingname billingname kundenname"),
        _EMAIL,
        _PRIORITY,
        Field("requested_on", "day", known_as="requested requesteddate requireddate wunschtermin"),
        Field(
            "promise",
            "day",
            known_as="promised promisedate promiseddate commitmentdate deliverydate zugesagt shipby confirmeddate",
        ),
        Field("first_promise", "day", known_as="firstpromise originalpromise firstpromisedate"),
        Field("unit_price", "amount", known_as="price preis prix precio lineitemprice itemprice"),
        _CURRENCY,
        _COUNTRY,
        _REGION,
        Field("channel", known_as="source saleschannel kanal"),
        Field("sites", "words", known_as="site warehouse"),
        Field("ship"),
        Field("tags", "words"),
    ),
}


_PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def plain_header(text: str) -> str:
    """A header as it is compared: small letters and digits alone, umlauts and accents written plainly."""
    parted = normalize("NFKD", normalize("NFC", text).casefold().translate(_PLAIN))  # accents by themselves
    return "".join(letter for letter in parted if letter.isalnum())
