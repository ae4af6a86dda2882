"""What the status page says, as phrases: every word that a customer reads there, but goods, letters and the shop's own.

What the law wants said stands in the letters (`kernel/sentences.py`), which are shown as they went.
"""

import re
from datetime import date, datetime

from backorder.kernel.calendars import day_number
from backorder.kernel.phrases import OnDay, Phrase, phrase, phrases

VERSION = "status-1"  # of these phrases: what a customer confirmed is kept with it

# What is not seen, or turns the writing round, could hide what stands there.
_UNSEEN = re.compile(
    "[\0-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]+"
)

TITLE = phrase("Your order {order}")
ORDER = phrase("Order {order}")
SKIP = phrase("Skip to your order")
LANGUAGES = phrase("Languages")

ALL_SENT = phrase("Your order has been sent")
ALL_CANCELLED = phrase("Your order is cancelled")
ALL_OVER = phrase("Nothing of your order is still to come")
SHIPS_BY = phrase("Your order ships by {day}")
REST_SHIPS_BY = phrase("The rest of your order ships by {day}")
NO_DATE = phrase("We have no date for your order yet")
PART_NO_DATE = phrase("For a part of your order we have no date yet")
LATE = phrase("Your order is late: it should have left by {day}")
LATER = phrases(
    "That is {count} day later than we first told you. We are sorry.",
    "That is {count} days later than we first told you. We are sorry.",
)
LOST_DATE = phrase("We first told you {day}. We are sorry.")
SOONER = phrases(
    "That is {count} day sooner than we first told you.", "That is {count} days sooner than we first told you."
)
AS_TOLD = phrase("That is the day that we first told you.")
HELD = phrase("Your order is on hold. Nothing is sent until that is over.")

WHERE = phrase("Where it is")
FIRST_TOLD = phrase("First told:")
LINE_SHIPS = phrase("Ships by {day}")
LINE_NO_DATE = phrase("No date yet")
LINE_LATE = phrase("Late: it should have left by {day}")
LINE_HERE = phrase("Here, ready to leave; ships by {day}")
LINE_HERE_LATE = phrase("Here, but late: it should have left by {day}")
LINE_HERE_UNDATED = phrase("Here, ready to leave")
LINE_SENT = phrase("Sent")
LINE_CANCELLED = phrase("Cancelled")
UNITS = phrases("{count} piece", "{count} pieces")
UNITS_HERE = phrases("{count} is here", "{count} are here")
UNITS_WAITING = phrases("{count} is still to come", "{count} are still to come")
UNITS_SENT = phrases("{count} was sent", "{count} were sent")
UNITS_CANCELLED = phrases("{count} was cancelled", "{count} were cancelled")
MORE_LINES = phrases(
    "And {count} more line of your order, with no later date than these.",
    "And {count} more lines of your order, with no later date than these.",
)
BASES = {
    "inbound": phrase("It stands on a delivery that is on its way to us."),
    "lead_time": phrase("It stands on the time that these goods usually take to reach us."),
    "person": phrase("Somebody at the shop gave you this date."),
    "imported": phrase("It is the date that you were told when you ordered."),
}

HISTORY = phrase("What happened, and why")
YOU_ORDERED = phrase("You ordered.")
WE_SAID = phrase("We said that it ships by {day}.")
WE_SAID_OF = phrase("{goods}: we said that it ships by {day}.")
MOVED = phrase("The date moved from {before} to {after}:")
MOVED_OF = phrase("{goods}: the date moved from {before} to {after}:")
DATE_LOST = phrase("The date {before} does not hold any more, and we have no new one:")
DATE_LOST_OF = phrase("{goods}: the date {before} does not hold any more, and we have no new one:")
DATE_FOUND = phrase("There is a date again, {after}:")
DATE_FOUND_OF = phrase("{goods}: there is a date again, {after}:")
WE_WROTE = {
    "better": phrase("We told you that it comes sooner."),
    "still": phrase("We told you that the date still stands."),
    "cancelled": phrase("We told you what was cancelled."),
}
WE_WROTE_LATE = phrase("We told you of the delay.")
CAME_BACK = phrase("What we wrote to you came back to us.")
AGREED = phrase("You agreed to wait until {day}.")
AGREED_WITHOUT = phrase("You agreed to wait without a date.")
SILENT = phrase("We had no answer from you before the last day for one, and go on until {day}.")
CALLED = phrase("You set a last day, {day}.")
YOU_CANCELLED = phrases("You cancelled {count} piece.", "You cancelled {count} pieces.")
WE_CANCELLED = phrases("We cancelled {count} piece.", "We cancelled {count} pieces.")
LAW_CANCELLED = phrases(
    "{count} piece was cancelled, as the law requires.",
    "{count} pieces were cancelled, as the law requires.",
)
SUBSTITUTED = phrase("You took another item in place of {goods}.")
PARTED = phrase("You asked us to send what is ready.")
LEFT = phrase("Sent: {goods}.")
LEFT_BY = phrase("Sent: {goods}. Carrier: {how}.")
ARRIVED = phrase("It was delivered.")
NOT_LEFT = phrase("A parcel that we had booked did not leave.")
REFUND_DUE = phrase("{amount} goes back to you by {day}.")
REFUND_UNKNOWN = phrase("Your money for it goes back to you by {day}.")
REFUNDED = phrase("{amount} went back to you.")
PUT_ON_HOLD = phrase("Your order was put on hold.")
RELEASED = phrase("Your order is no longer on hold.")
TAKEN_BACK = phrase("You chose something here, and took it back.")
NOT_DONE = phrase("You chose something here that could not be done any more.")

WHY = {
    "rescheduled": phrase("our supplier moved the delivery of the goods."),
    "confirmed": phrase("our supplier gave us another day for the delivery of the goods."),
    "overdue": phrase("the goods have not reached us when they should have."),
    "short": phrase("fewer goods reached us than were ordered."),
    "cancelled_supply": phrase("our supplier will not deliver the goods as agreed."),
    "counted": phrase("we have fewer of the goods in stock than our books said."),
    "adjusted": phrase("some of the goods in stock cannot be sold."),
    "stock_loss": phrase("some of the goods in stock were lost or damaged."),
    "lead_time": phrase("the goods take longer to get than usual."),
    "reversed": phrase("a parcel that we had booked did not leave."),
    "held": phrase("your order is on hold."),
    "order_changed": phrase("your order was changed."),
    "line_changed": phrase("your order was changed."),
    "line_added": phrase("goods were added to your order, which ships together."),
    "received": phrase("goods have reached us."),
    "announced": phrase("more goods are on their way to us."),
    "released": phrase("your order is no longer on hold."),
}
WHY_SOONER = phrase("goods for you became free earlier.")
WHY_OTHERWISE = phrase("the goods are not here yet.")

LETTER = phrase("What we wrote to you on {day}")
LETTER_LANGUAGE = phrase("This is our message word for word, in {language}.")

CHOOSE = phrase("What would you like us to do?")
CHOOSE_ASKED = phrase("We wait for your answer until {day}. Our message below says what happens without one:")
CHOOSE_FREELY = phrase("You do not have to do anything. You can also choose one of these.")
CHOICES = phrase("Your choices")
NEXT = phrase("Continue")
NEXT_NOTE = phrase("Nothing happens yet: you see what it means first.")
WAIT = phrase("Keep waiting")
WAIT_NOTE = phrase("You agree to wait until {day}. You can still cancel until it leaves.")
WAIT_NOTE_DAYS = phrase("You agree to wait until the dates shown here. You can still cancel until it leaves.")
WAIT_NOTE_NO_DATE = phrase("You agree to wait without a date. You can still cancel until it leaves.")
CANCEL = phrase("Cancel for a full refund")
CANCEL_NOTE = phrase("What has not left is cancelled, and you get your money back for it.")
READY = phrase("Send what is ready now")
READY_NOTE = phrase("What is here leaves by itself; the rest follows by the dates shown here.")
SUBSTITUTE = phrase("Take {new} in place of {old}")
SUBSTITUTE_NOTE = phrase("It ships by {day}, at the price of what you ordered.")

CONFIRM_WAIT = phrase("Keep waiting?")
CONFIRM_CANCEL = phrase("Cancel for a full refund?")
CONFIRM_READY = phrase("Send what is ready now?")
CONFIRM_SUBSTITUTE = phrase("Take another item?")
WAIT_LINE = phrase("{goods}: until {day}")
WAIT_LINE_NO_DATE = phrase("{goods}: without a date")
FOR_THESE = phrase("For these goods")
CANCEL_SAYS = phrase("What has not left of these goods is cancelled.")
CANCEL_AMOUNT = phrase("If you cancel all of it, {amount} goes back to you.")
CANCEL_MONEY = phrase("Your money for it goes back to you.")
READY_SAYS = phrase("Your order was to leave in one piece. From now on what is here leaves, and the rest follows.")
SUBSTITUTE_SAYS = phrase("You get {new}. {old} is cancelled.")
SUBSTITUTE_CONSENT = phrase("Yes, I want {new} in place of {old}.")
LATER_EFFECT = phrases(
    "This takes effect {count} minute after you confirm it. Until then you can take it back on this page.",
    "This takes effect {count} minutes after you confirm it. Until then you can take it back on this page.",
)
AT_ONCE = phrase("This takes effect at once and cannot be taken back, because the time for an answer is nearly over.")
DO_WAIT = phrase("Yes, keep waiting")
DO_CANCEL = phrase("Yes, cancel it")
DO_READY = phrase("Yes, send what is ready")
DO_SUBSTITUTE = phrase("Yes, take it")
BACK = phrase("Back, without changing anything")
TO_PAGE = phrase("To your order")

CHOSEN = {
    "wait": phrase("You chose to keep waiting."),
    "cancel": phrase("You chose to cancel for a full refund."),
    "ship_available": phrase("You chose that we send what is ready."),
    "substitute": phrase("You chose to take another item."),
}
PENDING = phrase("It takes effect at {time}. Until then you can take it back.")
TAKING_EFFECT = phrase("It is taking effect now.")
UNDO = phrase("Take it back")

GONE_TITLE = phrase("This link does not open an order")
GONE = phrase(
    "It may have ended, been replaced by a newer one, or not have been copied whole. Open the link in our latest "
    "message to you, or ask the shop; nothing has happened to your order."
)
NOT_FROM_HERE_TITLE = phrase("Nothing was changed")
NOT_FROM_HERE = phrase("The page that you came from is too old, or not ours. Please look at your order again.")
MOVED_ON = phrase("Something about your order changed while you were looking. Please look at it again.")
READ_ONLY = phrase("This link lets you look only. To choose something, ask the shop.")
NO_LONGER = phrase("This cannot be chosen any more. Please look at your order again.")
CHOSEN_ALREADY = phrase("Something was chosen already and has not taken effect yet. Take that back first.")
LEFT_ALREADY = phrase("It has left already. Ask the shop how to send it back.")
LATE_ALREADY = phrase("The last day for an answer has passed. Your order page says what that means.")
EFFECT_ALREADY = phrase("It cannot be taken back any more: it took effect, or was taken back before.")
NOTHING_CHOSEN = phrase("Please choose one of the answers.")
NO_LINES = phrase("Please choose at least one of the goods.")
NO_CONSENT = phrase("To take another item, please tick that you want it.")
TOO_OFTEN_TITLE = phrase("Please wait a moment")
TOO_OFTEN = phrase("This page was asked for too often. Nothing was changed; try again in {count} s.")
AWAY = phrase("We cannot be reached at the moment. Whether it was done is on your order page; look again shortly.")

CONTACT = phrase("Questions: {contact}")
SNIPPET = phrase("See your order, and what you can choose")


def plain(text: str) -> str:
    """What somebody wrote, without letters that cannot be seen or turn the writing round."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def isolated(text: str) -> str:
    """The same within a sentence: a name in another writing direction does not turn the words round it."""
    return f"\u2068{plain(text)}\u2069"


def on(day: date, today: int) -> OnDay:
    """A day as a value of a phrase."""
    return OnDay(day_number(day), today)


def clock_time(moment: datetime) -> str:
    """An hour of the day, with its zone: 14:35 EST."""
    return f"{moment:%H:%M %Z}"


__all__ = ["VERSION", "Phrase", "clock_time", "isolated", "on", "plain"]
