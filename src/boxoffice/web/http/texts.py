"""Texts of a request in the one form that they are kept in. The rules are in ``vocabulary/texts.py``."""

from typing import Final

from boxoffice.vocabulary import limits
from boxoffice.vocabulary.texts import address_in_form, fact_in_form, text_in_form
from boxoffice.web.http.invalid import Place, invalid_field

_NO_ADDRESS: Final = "It is not an address that mail can be sent to"


def text_of(text: str, path: str, chars_max: int, place: Place = "body") -> str:
    """The text in NFC, without the spaces around it. Raises ``InvalidInput``."""
    formed = text_in_form(text)
    if formed is None:
        expected = "visible characters, none that is unseen and none that turns the direction of writing"
        raise invalid_field(path, expected, "It has others", place)
    if len(formed) > chars_max:
        raise invalid_field(path, f"at most {chars_max} characters in NFC", f"It has {len(formed)}", place)
    return formed


def facts_of(metadata: dict[str, str]) -> dict[str, str]:
    """The facts as they are kept, in the order of their names: a retry may write them in another order.

    Raises ``InvalidInput``.
    """
    return {name: _fact_of(name, metadata[name]) for name in sorted(metadata)}


def _fact_of(name: str, text: str) -> str:
    formed = fact_in_form(text)
    if formed is None or len(formed) > limits.METADATA_VALUE_CHARS_MAX:
        expected = f"at most {limits.METADATA_VALUE_CHARS_MAX} characters in NFC, none that is unseen"
        raise invalid_field(f"metadata[{name}]", expected, "It has others, or more")
    return formed


def name_of(name: str) -> str:
    """The name as it is kept. Raises ``InvalidInput``."""
    return text_of(name, "name", limits.NAME_CHARS_MAX)


def reason_of(reason: str) -> str:
    """The reason as it is kept. Raises ``InvalidInput``."""
    return text_of(reason, "reason", limits.REASON_CHARS_MAX)


def email_of(email: str) -> str:
    """The address as it is kept. Raises ``InvalidInput``."""
    formed = address_in_form(email)
    if formed is None:
        raise invalid_field("email", "an e-mail address such as john@example.com", _NO_ADDRESS)
    return formed
