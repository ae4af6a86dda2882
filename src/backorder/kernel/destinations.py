"""Where the program lets itself be sent by somebody's word: which URLs can be meant, and which addresses are public.

A URL says a name; what the name stands for is known when it is resolved, and judged then, address by address.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

URL_MAX = 2_000  # characters
PORTS = "443,8443"

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_VISIBLE = re.compile(r"[\x21-\x5b\x5d-\x7e]+\Z")  # no blanks, no control characters, no backslash, ASCII alone
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z][a-z0-9-]{0,61}[a-z0-9]\Z")
_SCHEMES = {"https": 443, "http": 80}

# What never is somebody else's public machine: the registries of special addresses (RFC 6890 and after), and what
# answers on the machines of large hosts although it looks public.
_CLOSED_4 = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
        ),
    )
)
_OPEN_6 = IPv6Network("2000::/3")  # all of the global unicast that is given out
_CLOSED_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")))
_TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: the last four bytes are the IPv4 address that is meant


class Allowed(NamedTuple):
    """What the merchant lets be reached: these ports; in networks of their own any port, and that by http too."""

    ports: frozenset[int]
    networks: tuple[Network, ...] = ()


class Place(NamedTuple):
    """A URL taken apart: `host` is a name or an address without brackets, `path` all that is asked for there."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _SCHEMES[self.scheme] else f"{host}:{self.port}"


class Unfit(ValueError):
    """A URL or an address that nothing is sent to; the message says why."""


def read_allowed(ports: str, networks: str | None) -> Allowed:
    """What settings say, with commas between. Raises ValueError that names what cannot be meant."""
    found = [part.strip() for part in ports.split(",")]
    if not all(part.isascii() and part.isdecimal() and 0 < int(part) < 65_536 for part in found):
        raise ValueError(f"{ports!r} is no list of ports such as {PORTS}")
    return Allowed(
        frozenset(map(int, found)), tuple(ip_network(part.strip()) for part in (networks or "").split(",") if part)
    )


def read_url(url: str, allowed: Allowed) -> Place:
    """A URL taken apart. Raises Unfit where it is none that anything is sent to, whatever its name stands for."""
    if len(url) > URL_MAX or not _VISIBLE.match(url):
        raise Unfit(f"a URL has at most {URL_MAX} visible ASCII characters: write other names as xn--...")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unfit("this is no URL such as https://shop.example.com/hooks") from None
    if parts.scheme not in _SCHEMES or not parts.netloc or not url.lower().startswith(f"{parts.scheme}://"):
        raise Unfit("give a URL that begins with https://")
    if "@" in parts.netloc:
        raise Unfit("a URL has no user and no password in it: whoever reads it would know them")
    if "#" in url:
        raise Unfit("what stands behind # is never sent: leave it out")
    host = _host(parts.hostname or "")
    place = Place(
        parts.scheme, host, _SCHEMES[parts.scheme] if port is None else port, (parts.path or "/") + _query(parts.query)
    )
    if not allowed.networks:
        if place.scheme != "https":
            raise Unfit("give a URL that begins with https://")
        if place.port not in allowed.ports:
            raise Unfit(f"port {place.port} is none of {', '.join(map(str, sorted(allowed.ports)))}")
    if _is_address(host):
        choose(place, [host], allowed)
    return place


def _query(query: str) -> str:
    return f"?{query}" if query else ""


def _host(said: str) -> str:
    """A name, or an address in its one plain spelling. Raises Unfit for others: 0177.1, 2130706433, 0x7f.1, 1.2.3.4."""
    host = said.lower()
    if ":" in host:
        try:
            found = IPv6Address(host)
        except ValueError:
            raise Unfit("this is no address that anything can be sent to") from None
        if found.scope_id is not None:
            raise Unfit("an address of one network card is no place for everybody")
        return found.compressed
    if _is_address(host):
        try:
            return str(IPv4Address(host))
        except ValueError:
            raise Unfit("write an address as four plain numbers, such as 203.0.113.7") from None
    if not _NAME.match(host):
        raise Unfit("name a machine, such as shop.example.com")
    return host


def _is_address(host: str) -> bool:
    """Whether it says numbers: a name's last part never begins with a digit."""
    return ":" in host or host.rpartition(".")[2][:1].isdigit()


def choose(place: Place, found: list[str], allowed: Allowed) -> list[str]:
    """The addresses that a name stands for, if all of them may be reached. Raises Unfit where one may not.

    One bad address among good ones is reason enough: a name that leads to both is not meant well. What it leads to is
    not said, so that nobody finds out about the inside by asking.
    """
    if not found:
        raise Unfit("its name stands for no address")
    addresses = [ip_address(text) for text in found]
    for address in addresses:
        if any(address in network for network in allowed.networks):
            continue
        if not is_public(address):
            raise Unfit("its name stands for an address that is not public")
        if place.scheme != "https":
            raise Unfit("only https goes there")
        if place.port not in allowed.ports:
            raise Unfit(f"port {place.port} is none of {', '.join(map(str, sorted(allowed.ports)))}")
    return [str(address) for address in addresses]


def is_public(address: Address) -> bool:
    """Whether an address is one of the whole world's, by our own list and by the library's: both have to say so."""
    if isinstance(address, IPv6Address):
        if address in _TRANSLATED:
            return is_public(IPv4Address(address.packed[-4:]))
        return address in _OPEN_6 and not any(address in closed for closed in _CLOSED_6) and _is_global(address)
    return not any(address in closed for closed in _CLOSED_4) and _is_global(address)


def _is_global(address: Address) -> bool:
    return address.is_global and not address.is_multicast
