"""Documents that are handed on: an order's evidence as one file, in HTML and in PDF."""

from backorder.adapters.documents.html import html
from backorder.adapters.documents.pdf import NotInstalled, pdf
from backorder.adapters.documents.sheet import Sheet, sheet

__all__ = ["NotInstalled", "Sheet", "html", "pdf", "sheet"]
