"""A sheet as one HTML file: its style within, no script, nothing from elsewhere, every value escaped."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from backorder.adapters.documents.sheet import Sheet


def render(sheet: Sheet) -> bytes:
    """The file, UTF-8."""
    return _template().render(sheet=sheet).encode()


@cache
def _template() -> Template:
    text = files("backorder.adapters.documents").joinpath("sheet.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        text
    )
