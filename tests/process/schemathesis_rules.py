"""Loaded by Schemathesis: when a request that fits the description may be refused as invalid all the same."""

import re
from typing import Any, Final

import schemathesis
from schemathesis.checks import CheckContext
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case

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
    # Customers may leave it away, and one schema is for all callers.
    "body user_id: Missing",
    # Only what a page gave is a cursor.
    "query cursor: It is not one",
    # Schemathesis has values of its own for this header, whatever its pattern.
    "header If-Match: It is neither",
)
"""Patterns of the rules that the description cannot tell, each with the reason: place and problem."""


@schemathesis.check
def only_untold_rules_refuse(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """What else makes a request invalid must be in the description."""
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    for error in response.json()["errors"]:
        told = f"{error['in']} {error['path']}: {error['problem']}"
        assert any(re.fullmatch(rule, told) for rule in UNTOLD), f"not in the description: {told}"
