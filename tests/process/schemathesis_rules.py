"""Loaded by Schemathesis: when a request that fits the description may be refused as invalid all the same,
and what is not asked for.
"""

import re
from typing import Any, Final
from urllib.parse import urlencode

import schemathesis
from schemathesis.checks import CheckContext
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext

from boxoffice.vocabulary import limits

PATH_BYTES_MAX: Final = 500
"""Bytes of the longest path that is asked for."""

UNTOLD: Final = (
    # For JSON Schema 3.0 is an integer; our clients write 3.
    "body .+: Expected `int( \\| str)?`, got `float`",
    # No pattern tells which letters beyond ASCII a mail server takes, or a text's form in Unicode.
    "body email: It is not an address that mail can be sent to",
    "body (name|reason|metadata.+): It has .+",
    # No schema bounds a date.
    "(body start_time|query (from|to)): Out of range",
    # The longest and the shortest hold are settings of the server.
    "body hold_seconds: .+ is too (long|short)",
    # So is the largest booking of those who are not staff.
    "body (seats_booked|seat_numbers): .+ are too many",
    # No schema compares two fields.
    "body seats_booked: seats_booked is .+, and seat_numbers has .+",
    "body to: It is [0-9]+",
    "body kinds: A hint does not say what has happened",
    "body order: It is none",
    # Customers may leave it away, and one schema is for all callers.
    "body user_id: Missing",
    # Where a webhook may lead is a setting, and no schema tells public addresses.
    "body url: It .+",
    # Large halls are read in parts.
    "query limit: This show has [0-9]+ seats",
    # A link takes the id of an answer that has none: null becomes the text None.
    "path [a-z]+_id: It is no integer, written in digits",
    # Only what a page gave is a cursor.
    "query cursor: It is not one",
    # Schemathesis has values of its own for this header, whatever its pattern.
    "header If-Match: It is neither",
)
"""Patterns of the rules that the description cannot tell, each with the reason: place and problem."""


@schemathesis.hook
def filter_query(_: HookContext, query: dict[str, Any] | None) -> bool:
    """No longer address is asked for than the server reads: it answers 414 before it knows the operation."""
    return len(urlencode(query or {}, doseq=True)) <= limits.TARGET_BYTES_MAX - PATH_BYTES_MAX


@schemathesis.check
def only_untold_rules_refuse(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """What else makes a request invalid must be in the description."""
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    for error in response.json()["errors"]:
        told = f"{error['in']} {error['path']}: {error['problem']}"
        assert any(re.fullmatch(rule, told) for rule in UNTOLD), f"not in the description: {told}"
