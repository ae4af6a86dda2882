"""Text in one form: a letter with its accent is one character (Unicode NFC), so that ids that look alike are alike."""

from unicodedata import normalize


def composed(text: str) -> str:
    """The text in NFC. Plain text, which is most of it, costs a look."""
    return text if text.isascii() else normalize("NFC", text)


def may_need_composing(text: bytes) -> bool:
    """Whether JSON holds more than plain letters, or hides some behind an escape."""
    return not text.isascii() or b"\\u" in text
