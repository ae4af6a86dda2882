"""Meta's catalogues: id and availability, separated by commas. They have no word for a backorder and take no date."""

from collections.abc import Iterable, Iterator

from backorder.adapters.feeds.rows import line
from backorder.kernel.storefront import CROSSWALK, Shown


def csv(found: Iterable[Shown]) -> Iterator[str]:
    """The feed."""
    yield line(("id", "availability"), ",")
    for one in found:
        yield line((one.sku, CROSSWALK[one.state].meta), ",")
