"""A letter as e-mail: headers, plain text and HTML, the same however often it is made."""

import hashlib
import re
from datetime import datetime
from email.errors import HeaderParseError, MessageDefect
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from functools import cache
from quopri import encodestring
from typing import NamedTuple

from backorder.adapters.mail import Letter
from backorder.kernel.calendars import moment_datetime
from backorder.kernel.errors import BackorderError
from backorder.languages import one_line

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*\Z|localhost\Z")
_LOCAL_MAX, _ADDRESS_MAX = 64, 254  # RFC 5321, 4.5.3.1; RFC 3696, erratum 1690
_SUBJECT_MAX, _NAME_MAX = 300, 70
_UNNAMED = re.compile(r"[^\w&'+/-]|_")


class _Headers(HeaderRegistry):
    """The library's kinds of headers: it would make a class of Python anew for each header of each letter."""

    __getitem__ = cache(HeaderRegistry.__getitem__)


_POLICY = SMTP.clone(header_factory=_Headers())


class NoAddress(BackorderError):
    """An address to which no mail server delivers; the message says what is wrong with it."""


class Spoilt(BackorderError):
    """A letter that does not say in its headers what was put into them."""


class Envelope(NamedTuple):
    """From whom to whom a letter goes. `event` is the number of the event that it goes for, `about` its subject."""

    sender: Address
    to: Address
    event: int
    at: int  # the moment that it tells of, in microseconds
    about: str


def read_address(said: str, name: str = "") -> Address:
    """An address with the name of whose it is; a domain of other letters as mail servers know it (IDNA).

    Raises NoAddress: also for letters beyond ASCII before the @, which few servers take and none has to (RFC 6531).
    """
    local, at, domain = said.strip().rpartition("@")
    try:
        known = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        known = ""
    if not (at and _LOCAL.match(local) and _DOMAIN.match(known.lower())):
        raise NoAddress("no mail server knows such an address")
    if len(local) > _LOCAL_MAX or len(local) + len(known) + 1 > _ADDRESS_MAX:
        raise NoAddress("the address is longer than any can be")
    try:
        return Address(named(name), local, known.lower())
    except (HeaderParseError, MessageDefect, ValueError) as error:
        raise NoAddress("the address cannot stand in a letter") from error


def named(text: str) -> str:
    """A name as it may stand before an address: letters, digits and what joins them, in 70 characters.

    The library reads encoded words (RFC 2047) in what it is given, and writes down the line breaks that they stand for;
    where a long name has to be quoted (RFC 5322, 3.2.4) it folds the line and loses the quotes.
    """
    return " ".join(_UNNAMED.sub(" ", one_line(text)).split())[:_NAME_MAX].strip()


def marked(event: int, at: int, about: str) -> str:
    """What stands behind the event's number in the Message-ID of a letter: nobody knows it who has not the letter."""
    return hashlib.blake2b(f"{event} {at} {about}".encode(), digest_size=12).hexdigest()


def composed(letter: Letter, envelope: Envelope) -> bytes:
    """The letter as it goes over the line. A repeat has the same Message-ID, and the same bytes but for a link.

    It is read again before it goes. Raises Spoilt where its headers are not those that were written.
    """
    mark = marked(envelope.event, envelope.at, envelope.about)
    found = EmailMessage(policy=_POLICY)
    found["From"] = envelope.sender
    found["To"] = envelope.to
    found["Subject"] = one_line(letter.subject).replace("=?", "= ?")[:_SUBJECT_MAX]  # see `named`
    found["Date"] = format_datetime(_whole(moment_datetime(envelope.at)))
    found["Message-ID"] = f"<{envelope.event}.{mark}@{envelope.sender.domain}>"
    found["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers it
    found["MIME-Version"] = "1.0"
    found["Content-Type"] = f'multipart/alternative; boundary="=_{mark}"'
    found["Content-Language"] = letter.language
    for content, subtype in ((letter.text, "plain"), (letter.html, "html")):
        part = EmailMessage(policy=_POLICY)
        part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
        part["Content-Transfer-Encoding"] = "quoted-printable"
        part.set_payload(encodestring(content.encode()).decode("ascii"))
        found.attach(part)
    data = found.as_bytes()
    _check(data, list(found.keys()), envelope)
    return data


def _check(data: bytes, names: list[str], envelope: Envelope) -> None:
    """Whatever the library made of names and subjects: the same headers, from one address to one address."""
    read = BytesHeaderParser().parsebytes(data.partition(b"\r\n\r\n")[0])
    known = {"From": envelope.sender.addr_spec, "To": envelope.to.addr_spec}
    if read.keys() != names or any([at for _, at in getaddresses([read[name]])] != [known[name]] for name in known):
        raise Spoilt("its headers would not be those of the letter")


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
