"""What an id can be: the callers' own words, with nothing in them that cannot be seen or kept."""

from typing import Annotated

from msgspec import Meta

KEY_MAX = 200  # characters of an id

# The end of a text in a pattern. Python's $ also matches before a last newline; the look ahead leaves the pattern what
# it is elsewhere.
END = r"$(?!\n)"

Key = Annotated[str, Meta(min_length=1, max_length=KEY_MAX, pattern="^[^\x00-\x1f\x7f\ud800-\udfff]+" + END)]
