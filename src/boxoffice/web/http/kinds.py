"""The kinds of problems: one row for each code, with what all problems of this code have in common.

This file has the kinds that are no refusals: mistakes in a request, callers who may not send it, and faults.
The refusals of the core stand in ``refusals``, those of a domain in the domain's own file of that name.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct


class Kind(Struct, frozen=True):
    """The status, title and detail of every problem with one code.

    ``detail`` may name members of the problem's details in braces. ``example`` has values for these members,
    for the description of the API.
    """

    status: int
    title: str
    detail: str
    example: dict[str, Any] = {}


GENERAL: Final[Mapping[str, Kind]] = {
    "invalid_request": Kind(
        400, "The request is not valid", "See errors: where, and what is expected there."
    ),
    "not_found": Kind(404, "There is nothing here", "No such path; /api-docs lists all."),
    "method_not_allowed": Kind(405, "This path has no such method", "The header Allow lists what it has."),
    "request_timed_out": Kind(
        408, "The request did not come in time", "Nothing was changed. Send the whole request at once."
    ),
    "precondition_failed": Kind(
        412, "The condition does not hold", "What this changes has no ETag: leave the condition away."
    ),
    "body_too_large": Kind(413, "The body is too large", "Bookings need some kilobytes at most."),
    "target_too_long": Kind(414, "The path is too long", "Path and query have a few hundred bytes."),
    "unsupported_coding": Kind(
        415, "The body is in a coding", "Send it as it is, without a Content-Encoding."
    ),
    "headers_too_large": Kind(431, "The headers are too large", "Send fewer headers, and shorter ones."),
    "internal_error": Kind(500, "Something failed on our side", "It was recorded under the request_id."),
    "unauthenticated": Kind(
        401, "It is not known who asks", "Send a valid API key or token: `Authorization: Bearer ...`."
    ),
    "forbidden": Kind(403, "You may not do this", "Your role does not allow it."),
    "no_profile": Kind(
        403, "You have no profile yet", "Call again with a token that has a verified e-mail address."
    ),
    "rate_limited": Kind(
        429, "Too many requests", "Try again in {retry_after_s} seconds.", {"retry_after_s": 3}
    ),
    "overloaded": Kind(503, "Too busy right now", "Nothing was changed. Try again in a moment."),
    "timed_out": Kind(503, "It took too long to get a turn", "Nothing was changed. Try again."),
    "shutting_down": Kind(503, "This server is shutting down", "Nothing was changed. Try again."),
    "unavailable": Kind(503, "The database is not available", "Nothing was changed. Try again."),
    "outcome_unknown": Kind(
        503,
        "It is not known whether it was done",
        "The connection broke at the last moment. The same request with the same Idempotency-Key will tell.",
    ),
    "identity_unavailable": Kind(
        503, "The identity provider does not answer", "Nothing was changed. Try again."
    ),
    "schema_mismatch": Kind(
        503,
        "The database has another schema",
        "Run `boxoffice migrate`, or the program that fits the database.",
    ),
}
"""The kinds that every application has."""


def merged(tables: Iterable[Mapping[str, Kind]]) -> dict[str, Kind]:
    """One table made of several. Raises ``ValueError`` for a code that stands in two of the tables."""
    kinds: dict[str, Kind] = {}
    for table in tables:
        if twice := kinds.keys() & table.keys():
            raise ValueError(f"problems with one code and two meanings: {', '.join(sorted(twice))}")
        kinds |= table
    return kinds
