"""Answers with fewer bytes: pages and their files as gzip, where nobody learns from the size what they may not know.

Who can let a browser ask for a page with words of their own, and see how many bytes come, could guess at what else
stands on it. So a page is packed only for those who came from the console itself or by an address that they typed, as
browsers say (`Sec-Fetch-Site`). What answers a form is not packed, nor the pages behind a link that is a proof.
"""

import gzip
import re
from functools import lru_cache

from backorder.adapters.http.request import Request
from backorder.adapters.http.route import Answer, Long

LEAST = 1_000  # bytes below which nothing is won
LEVEL, BEST = 5, 9  # of pages, which are made anew each time, and of files, which are packed once
_NO = re.compile(r"q\s*=\s*0(\.0*)?")
_OWN = {"same-origin", "none"}
_TEXT = ("text/html", "text/css", "text/javascript")


def packed(answer: Answer, request: Request) -> Answer:
    """The answer as gzip, where its reader takes that and it may be; else as it is."""
    text = answer.value
    if answer.told is not None or isinstance(text, Long) or not answer.content.startswith(_TEXT) or len(text) < LEAST:
        return answer
    file = request.path.startswith("/console/static/")
    if not (file or request.path == "/console" or request.path.startswith("/console/")):
        return answer
    more = dict(answer.headers or {}) | {"Vary": "Accept-Encoding" if file else "Accept-Encoding, Sec-Fetch-Site"}
    answer = answer._replace(headers=more)
    alone = request.method == "GET" and answer.status == 200
    if not (alone and _takes(request) and (file or request.headers.get("sec-fetch-site") in _OWN)):
        return answer
    found = _file(text) if file else gzip.compress(text, LEVEL, mtime=0)
    return answer._replace(value=found, headers=more | {"Content-Encoding": "gzip"})


def _takes(request: Request) -> bool:
    """Whether the reader takes gzip: it names it, and not with a weight of nothing."""
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return not _NO.fullmatch(weight.strip())
    return False


@lru_cache(maxsize=16)
def _file(text: bytes) -> bytes:
    return gzip.compress(text, BEST, mtime=0)
