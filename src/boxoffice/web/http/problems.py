"""The one table from what can go wrong to what HTTP says about it, as problem details (RFC 9457).

Beside the members of the RFC a problem has ``code``, what a refusal tells (``available``, ``seats``
and so on), ``request_id``, and ``success`` and ``error`` for clients that look for these.
"""

import math
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeVar

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from litestar.types import ExceptionHandlersMap
from msgspec import UNSET, Struct, UnsetType

from boxoffice.access.callers import Forbidden, NoProfile
from boxoffice.telemetry import metrics
from boxoffice.vocabulary import faults
from boxoffice.vocabulary.outcomes import RefusalCode, Refused
from boxoffice.web.http.invalid import FieldError, InvalidInput, misfit_parameters

D = TypeVar("D")

MEDIA_TYPE: Final = "application/problem+json"
_SEATS_SHOWN_MAX: Final = 20

_log: Final = structlog.get_logger("boxoffice.web")


class Problem(Struct, kw_only=True):
    """What went wrong; a refusal has further members that say why and what would still be possible."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    success: Literal[False] = False
    error: str
    request_id: str
    errors: list[FieldError] | UnsetType = UNSET


class Kind(NamedTuple):
    """What is always the same about a code; ``detail`` may name members of the refusal's details."""

    status: int
    title: str
    detail: str


KINDS: Final[Mapping[str, Kind]] = {
    "invalid_request": Kind(
        400, "The request is not valid", "See errors: where, and what is expected there."
    ),
    "not_found": Kind(404, "There is nothing here", "No such path; /api-docs lists all."),
    "method_not_allowed": Kind(405, "This path has no such method", "The header Allow lists what it has."),
    "body_too_large": Kind(413, "The body is too large", "Bookings need some kilobytes at most."),
    "internal_error": Kind(500, "Something failed on our side", "It was recorded under the request_id."),
    "unauthenticated": Kind(
        401, "It is not known who asks", "Send a valid API key or token: `Authorization: Bearer ...`."
    ),
    "forbidden": Kind(403, "You may not do this", "Your role does not allow it."),
    "no_profile": Kind(
        403, "You have no profile yet", "Call again with a token that has a verified e-mail address."
    ),
    "rate_limited": Kind(429, "Too many requests", "Try again in {retry_after_s} seconds."),
    RefusalCode.IDEMPOTENCY_KEY_REUSED: Kind(
        422, "The idempotency key belongs to another request", "Use a new Idempotency-Key for a new request."
    ),
    RefusalCode.SHOW_NOT_FOUND: Kind(404, "There is no such show", "No show has this id, or it was deleted."),
    RefusalCode.BOOKING_NOT_FOUND: Kind(404, "There is no such booking", "No booking has this id."),
    RefusalCode.SHOW_ARCHIVED: Kind(
        409, "The show is archived", "It was over long ago. It can still be read, and no longer changed."
    ),
    RefusalCode.USER_NOT_FOUND: Kind(404, "There is no such user", "No user has this id."),
    RefusalCode.VERSION_MISMATCH: Kind(412, "The show has changed since", "It is at version {seq} now."),
    RefusalCode.EMAIL_TAKEN: Kind(
        409, "The e-mail address is taken", "Another user has this e-mail address."
    ),
    RefusalCode.SUBJECT_TAKEN: Kind(
        409, "The login belongs elsewhere", "The user has another login, or the login another user."
    ),
    RefusalCode.INVALID_STATE: Kind(409, "The booking's state does not allow it", "The booking is {state}."),
    RefusalCode.HOLD_EXPIRED: Kind(
        409, "The hold has run out", "It was not confirmed in time, and its seats are no longer kept for it."
    ),
    RefusalCode.HOLD_LIFETIME_OVER: Kind(
        409,
        "The hold cannot be extended",
        "It ends at {expires_at}; a hold lasts {lifetime_seconds} seconds at most.",
    ),
    RefusalCode.TOO_MANY_BOOKINGS: Kind(
        409, "Too many bookings", "Active in this show: {active} of {limit}. Cancel one first."
    ),
    RefusalCode.TOO_MANY_HOLDS: Kind(
        409, "Too many holds", "Active: {active} of {limit}. Buy or cancel one first."
    ),
    RefusalCode.HOLD_COOLDOWN: Kind(
        429,
        "The last hold was not bought",
        "The next hold in this show is possible in {retry_after_s} seconds.",
    ),
    RefusalCode.SEATS_OUTSIDE_SHOW: Kind(
        422, "The show does not have these seats", "It has {total_seats} seats; not among them: {seats}."
    ),
    RefusalCode.SEATS_TAKEN: Kind(
        409, "Seats are taken", "Taken: {seats}. No seat was booked or blocked; free seats left: {available}."
    ),
    RefusalCode.INSUFFICIENT_SEATS: Kind(
        409, "There are insufficient seats", "Asked for: {requested}; free seats left: {available}."
    ),
    RefusalCode.SEATS_NOT_BLOCKED: Kind(409, "Seats are not blocked", "Not blocked: {seats}."),
    RefusalCode.SEATS_IN_USE: Kind(
        409, "Seats that would go away are in use", "Held, sold or blocked: {seats}."
    ),
    RefusalCode.ACTIVE_BOOKINGS: Kind(
        409, "There are active bookings", "Held or confirmed bookings: {count}. Cancel them first."
    ),
    RefusalCode.BOOKING_NUMBERS_USED_UP: Kind(
        409, "The show has had all the bookings it can have", "Open another show for the rest."
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

# The first that fits: special faults before general ones.
_FAULT_CODES: Final[Mapping[type[faults.Fault], str]] = {
    faults.Overloaded: "overloaded",
    faults.TimedOut: "timed_out",
    faults.ShuttingDown: "shutting_down",
    faults.Busy: "timed_out",
    faults.Unavailable: "unavailable",
    faults.OutcomeUnknown: "outcome_unknown",
    faults.SchemaMismatch: "schema_mismatch",
    faults.IdentityUnavailable: "identity_unavailable",
}
_UNFORESEEN: Final = ("unforeseen", "internal_error")
for _labels in (*((kind.__name__, code) for kind, code in _FAULT_CODES.items()), _UNFORESEEN):
    metrics.FAULTS.labels(*_labels)  # from 0 on, so that the first is an increase
_STATUS_CODES: Final = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


class Refusal(Exception):
    """A command was refused; raised where HTTP begins, because below it is a value."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code)
        self.refused = refused


def accepted(outcome: D | Refused) -> D:
    """The outcome, unless it is a refusal. Raises ``Refusal``."""
    if isinstance(outcome, Refused):
        raise Refusal(outcome)
    return outcome


def found(resource: D | None, code: RefusalCode) -> D:
    """The resource, if there is one. Raises ``Refusal`` with this code."""
    if resource is None:
        raise Refusal(Refused(code))
    return resource


def refusal_headers(refused: Refused) -> dict[str, str]:
    """The headers that belong to a refusal: when it is worth trying again, if it says so."""
    wait_s = refused.details.get("retry_after_s")
    return {} if wait_s is None else {"Retry-After": str(max(1, math.ceil(wait_s)))}


def forbidden_as(forbidden: Forbidden) -> tuple[str, dict[str, Any]]:
    """The code and the details of a problem for it."""
    return "no_profile" if isinstance(forbidden, NoProfile) else "forbidden", {"detail": str(forbidden)}


def fault_code(fault: faults.Fault) -> str:
    """The code of ``KINDS`` for a fault."""
    return next(code for kind, code in _FAULT_CODES.items() if isinstance(fault, kind))


def members(
    code: str, details: Mapping[str, Any], errors: list[FieldError] | UnsetType = UNSET
) -> dict[str, Any]:
    """The members of a problem: those of its kind, and what its refusal tells spread among them."""
    kind = KINDS[code]
    body: dict[str, Any] = {
        "type": f"urn:boxoffice:problem:{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.detail.format_map({name: _in_words(value) for name, value in details.items()}),
        "code": code,
        "success": False,
        "error": kind.title,
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
    }
    if errors is not UNSET:
        body["errors"] = errors
    return body | dict(details)


def log_fault(fault: faults.Fault) -> None:
    """Notes a fault of ours that a client is told of."""
    metrics.FAULTS.labels(type(fault).__name__, fault_code(fault)).inc()
    _log.warning("fault", fault=type(fault).__name__, reason=str(fault))


def log_failure(error: Exception) -> None:
    """Notes an error that nobody foresaw."""
    metrics.FAULTS.labels(*_UNFORESEEN).inc()
    _log.error("request failed", exc_info=error)


def retry_after(fault: faults.Fault) -> str:
    """The header Retry-After for a fault, in whole seconds."""
    return str(math.ceil(fault.retry_after_s))


def problem(
    code: str,
    details: Mapping[str, Any] | None = None,
    *,
    errors: list[FieldError] | UnsetType = UNSET,
    headers: Mapping[str, str] | None = None,
) -> Response[dict[str, Any]]:
    """The answer for a code of ``KINDS``, with what its refusal tells spread into it."""
    body = members(code, details or {}, errors)
    return Response(body, status_code=body["status"], media_type=MEDIA_TYPE, headers=headers)


def read_errors(*codes: str) -> dict[int, ResponseSpec]:
    """The error answers of a read for OpenAPI: those of the codes, and those that all reads have."""
    return _documented("invalid_request", *codes, "internal_error", "overloaded", "unavailable")


def command_errors(*codes: str, body: bool = True) -> dict[int, ResponseSpec]:
    """The error answers of a command for OpenAPI: those of the codes, and those that all commands have."""
    common = ["invalid_request", RefusalCode.IDEMPOTENCY_KEY_REUSED, *(["body_too_large"] if body else [])]
    lasting = [code for code in _FAULT_CODES.values() if code != "identity_unavailable"]
    return _documented(*common, *codes, "internal_error", *lasting)


def access_errors(*, is_open: bool, counted: bool) -> dict[int, ResponseSpec]:
    """The error answers of the gate for OpenAPI, to an operation that is ``open`` or ``counted``."""
    may_not = [] if is_open else ["forbidden", "no_profile"]
    return _documented("unauthenticated", *may_not, *(["rate_limited"] if counted else []))


def _in_words(value: object) -> str:
    if not isinstance(value, list):
        return str(value)
    more = ", …" if len(value) > _SEATS_SHOWN_MAX else ""
    return ", ".join(map(str, value[:_SEATS_SHOWN_MAX])) + more


def allow(methods: Collection[str]) -> str:
    """The header Allow for a path with these methods; HEAD is wherever GET is."""
    return ", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))


def _documented(*codes: str) -> dict[int, ResponseSpec]:
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(KINDS[code].status, []).append(code)
    return {status: _spec(same) for status, same in by_status.items()}


def _spec(codes: list[str]) -> ResponseSpec:
    examples = [
        Example(
            id=code,
            summary=KINDS[code].title,
            value=members(code, _EXAMPLES.get(code, {})) | {"request_id": "9f1c"},
        )
        for code in codes
    ]
    description = "; ".join(KINDS[code].title for code in codes)
    return ResponseSpec(Problem, False, description, MEDIA_TYPE, examples)


_EXAMPLES: Final[Mapping[str, dict[str, Any]]] = {
    RefusalCode.VERSION_MISMATCH: {"seq": 18},
    RefusalCode.INVALID_STATE: {"state": "CANCELLED"},
    RefusalCode.HOLD_EXPIRED: {"state": "EXPIRED", "seats": [4]},
    RefusalCode.SEATS_OUTSIDE_SHOW: {"seats": [101], "total_seats": 100},
    RefusalCode.SEATS_TAKEN: {"seats": [4], "available": 97},
    RefusalCode.INSUFFICIENT_SEATS: {"requested": 3, "available": 2},
    RefusalCode.SEATS_NOT_BLOCKED: {"seats": [4]},
    RefusalCode.SEATS_IN_USE: {"seats": [99, 100]},
    RefusalCode.ACTIVE_BOOKINGS: {"count": 2},
    RefusalCode.HOLD_LIFETIME_OVER: {"expires_at": "2030-12-11T10:40:00Z", "lifetime_seconds": 600},
    RefusalCode.TOO_MANY_BOOKINGS: {"limit": 10, "active": 10},
    RefusalCode.TOO_MANY_HOLDS: {"limit": 2, "active": 2, "scope": "show"},
    RefusalCode.HOLD_COOLDOWN: {"retry_after_s": 12.5},
    "rate_limited": {"retry_after_s": 3},
}


def _on_refusal(_: Request[Any, Any, Any], error: Refusal) -> Response[Any]:
    refused = error.refused
    return problem(refused.code, refused.details, headers=refusal_headers(refused))


def _on_forbidden(_: Request[Any, Any, Any], error: Forbidden) -> Response[Any]:
    return problem(*forbidden_as(error))


def _on_invalid_input(_: Request[Any, Any, Any], error: InvalidInput) -> Response[Any]:
    return problem("invalid_request", errors=error.errors)


def _on_fault(_: Request[Any, Any, Any], error: faults.Fault) -> Response[Any]:
    log_fault(error)
    return problem(fault_code(error), headers={"Retry-After": retry_after(error)})


def _on_framework_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    if isinstance(error, ValidationException):
        return _on_invalid_input(request, misfit_parameters(request, error))
    if code := _STATUS_CODES.get(error.status_code):
        allowed = (error.headers or {}).get("allow")
        return problem(code, headers={"Allow": allow(allowed.split(", "))} if allowed else {})
    if error.status_code < 500:
        return problem("invalid_request", {"detail": error.detail})
    return _on_any_other(request, error)


def _on_any_other(_: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    log_failure(error)
    return problem("internal_error")


HANDLERS: Final[ExceptionHandlersMap] = {
    Refusal: _on_refusal,
    Forbidden: _on_forbidden,
    InvalidInput: _on_invalid_input,
    faults.Fault: _on_fault,
    HTTPException: _on_framework_error,
    Exception: _on_any_other,
}
