"""What people write: names, reasons and e-mail addresses, each in one form, whoever brings them.

A text has no character that nobody sees, and none that turns the writing direction of what stands beside it.
An address is told by what may be in it. So two texts that look the same are the same, as far as that can be.
"""

import re
import unicodedata
from typing import Final

import idna
from idna.idnadata import codepoint_classes
from idna.intranges import intranges_contain

from boxoffice.vocabulary import limits

_UNSEEN: Final = (
    r"\u0000-\u001f\u007f-\u009f"  # controls
    r"\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\ufeff"  # no width
    r"\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # letters without a shape
    r"\u2028\u2029\u202a-\u202e\u2066-\u2069"  # new lines; directions that reach beyond the text
    r"\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff"  # what each font shows in its own way, or none
)
"""Refused characters, as a part of a class in Python's and in JSON Schema's regular expressions.

The joiners U+200C and U+200D are not among them: Persian and emoji are written with them.
"""

_BLANK: Final = r"\s\u200c\u200d\u2800\ufe00-\ufe0f"
"""What may stand in a text, but shows nothing by itself."""

TEXT_PATTERN: Final = rf"^[^{_UNSEEN}]*[^{_BLANK}{_UNSEEN}][^{_UNSEEN}]*(?!\n)$"
"""A text: nothing unseen, and something visible. Python's `$` alone would take a line break at the end."""

FACT_PATTERN: Final = rf"^[^{_UNSEEN}]*(?!\n)$"
"""A text that may be empty: nothing unseen."""

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\uffef-]+"
_LABEL: Final = r"[A-Za-z0-9\u00a1-\uffef]([A-Za-z0-9\u00a1-\uffef-]*[A-Za-z0-9\u00a1-\uffef])?"
EMAIL_PATTERN: Final = rf"^{_ATOM}(\.{_ATOM})*@({_LABEL}\.)+{_LABEL}(?!\n)$"
"""An address, as far as a pattern tells: a dot-atom of RFC 5322, and a name of at least two labels. Which
characters beyond ASCII are letters, only ``address_in_form`` knows.
"""

_EMAIL: Final = re.compile(EMAIL_PATTERN)
_TEXT: Final = re.compile(TEXT_PATTERN)
_REFUSED: Final = re.compile(f"[{_UNSEEN}]")
_NO_CHARACTERS: Final = "".join(
    chr((plane << 16) + last) for plane in range(1, 14) for last in (0xFFFE, 0xFFFF)
)
"""What Unicode never makes a character of, at the ends of the planes that have any."""

_ABOVE_UNSEEN: Final = re.compile(
    f"[{_NO_CHARACTERS}\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U0010ffff]"
)
"""The refused characters above U+FFFF, which not every reader of a JSON Schema can tell."""

_LETTERS: Final = codepoint_classes["PVALID"]

_LOCAL_BYTES_MAX: Final = 64
"""Bytes before the @: no mail server takes more (RFC 5321)."""

_LABEL_CHARS_MAX: Final = 63
"""Characters between two dots of a domain (RFC 1035)."""


def text_in_form(text: str) -> str | None:
    """The text in NFC, without the spaces around it; None if it has what nobody sees, or nothing visible.

    NFC may be longer than what was given: measure what this returns.
    """
    if not _TEXT.match(text) or _ABOVE_UNSEEN.search(text) or not _can_be_kept(text):
        return None
    formed = unicodedata.normalize("NFC", text).strip()
    return None if unicodedata.category(formed[0]).startswith("M") else formed  # a mark without its letter


def fact_in_form(text: str) -> str | None:
    """A text that may be empty or blank, in NFC; None if it has what nobody sees."""
    if _REFUSED.search(text) or _ABOVE_UNSEEN.search(text) or not _can_be_kept(text):
        return None
    return unicodedata.normalize("NFC", text)


def seen(text: str) -> str:
    """What of a name may be kept, in NFC; perhaps nothing. For names whose givers cannot be asked again."""
    kept = _ABOVE_UNSEEN.sub("", _REFUSED.sub("", text))
    return text_in_form(kept) or ""


def address_in_form(email: str) -> str | None:
    """The address in the one form that it is kept and compared in; None if it is not one.

    ASCII stays as given, for upper and lower case count as one where addresses are compared. Beyond ASCII,
    both parts are in lower case and NFC, and the domain in the form that belongs to its A-label.
    """
    if not _EMAIL.match(email):
        return None
    local, _, domain = email.rpartition("@")
    formed = _local_in_form(local)
    try:
        by_labels = _by_labels(domain)
        shown = idna.decode(by_labels) if _is_beyond_ascii(domain) else domain
    except (idna.IDNAError, UnicodeError):
        return None
    if formed is None or len(formed.encode()) > _LOCAL_BYTES_MAX:
        return None
    fits = len(formed) + 1 + max(len(by_labels), len(shown)) <= limits.EMAIL_CHARS_MAX
    return f"{formed}@{shown}" if fits else None


def _local_in_form(local: str) -> str | None:
    if local.isascii():
        return local
    formed = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).lower())
    return formed if all(char.isascii() or _is_letter(char.lower()) for char in local) else None


def _is_letter(lower: str) -> bool:
    """Whether IDNA 2008 takes this as a letter, digit or mark: none that is unseen, or another one's double.

    A capital whose lower case is ASCII, such as the Kelvin sign, is none: it would be the address of another.
    """
    return len(lower) == 1 and not lower.isascii() and intranges_contain(ord(lower), _LETTERS)


def _by_labels(domain: str) -> str:
    """The domain as it is, or by its A-labels if it is beyond ASCII. Raises ``IDNAError`` if it is none."""
    labels = domain.split(".")
    if labels[-1].isdigit() or text_in_form(domain) is None:
        raise idna.IDNAError("an address of a machine, or unseen characters")
    if not _is_beyond_ascii(domain):
        if any(len(label) > _LABEL_CHARS_MAX for label in labels):
            raise idna.IDNAError("a label is too long")
        return domain
    return idna.encode(domain, uts46=True, std3_rules=True).decode()


def _is_beyond_ascii(domain: str) -> bool:
    return not domain.isascii() or "xn--" in domain.lower()


def _can_be_kept(text: str) -> bool:
    """Whether the text has no half of a character: JSON can write one, and no database can keep it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
