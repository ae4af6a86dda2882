"""The rule packs that come along, read once."""

import hashlib
from functools import cache
from importlib.resources import files

from backorder.kernel.rules import Pack, read_pack


@cache
def bundled_texts() -> dict[str, str]:
    """The texts of the packs that come along, by digest."""
    texts = (
        file.read_text(encoding="utf-8")
        for file in files("backorder").joinpath("rules").iterdir()
        if file.name.endswith(".toml")
    )
    return {hashlib.sha256(text.encode()).hexdigest(): text for text in texts}


@cache
def bundled() -> dict[str, Pack]:
    """The packs that come along, by name."""
    found = [read_pack(text) for text in bundled_texts().values()]
    return {pack.pack: pack for pack in sorted(found, key=lambda pack: pack.pack)}
