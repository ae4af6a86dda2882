"""What an offer says to the caller: the answer for a line, in the words of the outcomes."""

from backorder.kernel.acceptance import Offer
from backorder.kernel.calendars import NEVER, day_date
from backorder.kernel.columns import STOCK, Book
from backorder.kernel.orders import state
from backorder.kernel.outcomes import LineAnswer, Part, Word


def line_answer(book: Book, offer: Offer) -> LineAnswer:
    """The answer for one line: taken, or refused with what it could have had."""
    line = offer.line
    dated = bool(offer.pegs or offer.uncovered) and offer.day < NEVER
    answer = LineAnswer(line.line, line.sku, offer.word, quantity=offer.quantity)
    if dated:
        answer.promise = day_date(offer.day)
        answer.basis = offer.basis
        answer.parts = parts(book, offer)
    if offer.word is Word.ACCEPTED:
        answer.state = state(offer.waiting, offer.quantity - offer.waiting, 0)
    else:
        answer.available = offer.available
        answer.message = offer.word.meaning
    return answer


def parts(book: Book, offer: Offer) -> list[Part]:
    """The units by the day they could ship, earliest first; what no supply covers comes last."""
    supplies = book.supplies
    pegs = list(offer.pegs.items())
    if len(pegs) > 1:
        pegs.sort(key=lambda peg: (peg[0][1], supplies.supply[peg[0][0]]))
    found = [
        Part(units, day_date(day), "stock" if supplies.kind[s] == STOCK else "inbound", supplies.supply[s])
        for (s, day), units in pegs
    ]
    if offer.uncovered and offer.lead_day is not None:
        found.append(Part(offer.uncovered, day_date(offer.lead_day), "lead_time"))
    return found
