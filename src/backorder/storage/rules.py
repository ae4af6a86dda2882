"""The rule packs that come along, read once."""

from functools import cache
from importlib.resources import files

from backorder.kernel.rules import Pack, read_pack


@cache
def bundled() -> dict[str, Pack]:
    """The packs that come along, by name."""
    texts = (
        file.read_text(encoding="utf-8")
        for file in files("backorder").joinpath("rules").iterdir()
        if file.name.endswith(".toml")
    )
    found = [read_pack(text) for text in texts]
    return {pack.pack: pack for pack in sorted(found, key=lambda pack: pack.pack)}
