"""Shops that send of themselves, in words: the forms in which they sign, how to let each send, and what came of it."""

from datetime import date

from backorder.adapters.console.settings import News, news
from backorder.kernel.inbound.forms import FORMS as SIGNED
from backorder.kernel.phrases import Moment, Said, phrase
from backorder.queries.inbound import SourceView

FORMS = {
    "shopify": phrase("Shopify"),
    "woocommerce": phrase("WooCommerce"),
    "standard": phrase("A program of your own (Standard Webhooks)"),
}
HOW = {
    "shopify": phrase(
        "In Shopify, under Settings, Notifications, Webhooks: make orders/create and orders/cancelled, in JSON, with "
        "this address. Put the secret here that Shopify shows there, or the client secret of the app."
    ),
    "woocommerce": phrase(
        "In WooCommerce, under Settings, Advanced, Webhooks: make Order created and Order updated, with this address "
        "and the secret."
    ),
    "standard": phrase(
        "Your program posts commands there as JSON, signed by Standard Webhooks with the secret: type names the "
        "command, data has its fields."
    ),
}
assert FORMS.keys() == HOW.keys() == SIGNED.keys(), "every form has its words"
STATES = {
    "done": phrase("done"),
    "refused": phrase("refused"),
    "ignored": phrase("ignored"),
    "early": phrase("too early"),
    "invalid": phrase("not readable"),
}
TONES = {"refused": "is-bad", "invalid": "is-bad", "early": "is-warn"}
_NAMES = {"account": phrase("The account as which it acts"), "secret": phrase("Its secret")}
_NONE, _ONE = Said(phrase("there is none")), Said(phrase("there is one"))
_UNTIL = phrase("another; the one before proves until {moment}")


def shown(found: SourceView) -> dict[str, str]:
    """What a form shows of a source that others may change meanwhile; of its secret, which one of them it is."""
    secret = f"{found.old_secret_until or 'first'}" if found.has_secret else ""
    return {"account": found.account, "secret": secret}


def changes(was: str, found: SourceView, today: date) -> list[News]:
    """What somebody changed of a source since a form was made, by the form's mark."""
    found_now = {_NAMES["secret"]: _secret(found, today)}
    return [one._replace(now=found_now.get(one.said, one.now)) for one in news(was, shown(found), _NAMES)]


def _secret(found: SourceView, today: date) -> Said:
    if not found.has_secret:
        return _NONE
    until = found.old_secret_until
    return _ONE if until is None else Said(_UNTIL, {"moment": Moment(until, today)})


def draws(form: str) -> bool:
    """Whether the secret may be drawn here; else the shop gives it."""
    return SIGNED[form].draws
