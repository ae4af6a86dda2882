"""Countries and their parts by the codes of ISO 3166, from the tables that the time zone data and `holidays` bring."""

import unicodedata
from functools import lru_cache
from importlib.resources import files

# Countries in whose parts laws of their own hold: there a part has to be known by its code.
PARTED = ("US", "CA")
_ALSO = {
    "usa": "US",
    "united states of america": "US",
    "uk": "GB",
    "united kingdom": "GB",
    "great britain": "GB",
    "deutschland": "DE",
    "osterreich": "AT",
    "schweiz": "CH",
    "espana": "ES",
}


@lru_cache(maxsize=1)
def countries() -> dict[str, str]:
    """English names of countries by their two letters."""
    text = files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text(encoding="utf-8")
    parts = (line.partition("\t") for line in text.splitlines() if not line.startswith("#"))
    return {code: name for code, _, name in parts}


@lru_cache(maxsize=8)
def regions(country: str) -> dict[str, str]:
    """The codes of a country's parts by their names, plainly written, and by themselves; for those in PARTED."""
    import holidays  # takes long to load

    found = holidays.country_holidays(country)
    named = {_plain(name): code for code, names in found.get_subdivision_aliases().items() for name in names}
    return named | {code.lower(): code for code in found.subdivisions}


def is_country(code: str) -> bool:
    """Whether these are the two letters of a country."""
    return code in countries()


def is_region(country: str, region: str) -> bool:
    """Whether a part of a country can be told from its name: where no law looks at it, any can."""
    return country not in PARTED or region.removeprefix(f"{country}-") in regions(country).values()


def country_code(text: str) -> str | None:
    """The letters of a country that a file names by them or in English, however it is spelled; None for none."""
    if is_country(text.strip().upper()):
        return text.strip().upper()
    plain = _plain(text)
    return _ALSO.get(plain) or next((code for code, name in countries().items() if _plain(name) == plain), None)


def region_code(country: str, text: str) -> str | None:
    """The code of a part of a country that has to be known by it, from its code or name; None for none."""
    return regions(country).get(_plain(text).removeprefix(f"{country.lower()}-"))


@lru_cache(maxsize=1_024)
def _plain(text: str) -> str:
    """Small letters without marks, so that a name is found as people type it."""
    apart = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
