"""What a client is told of an exception, whether the gate, the short way or the framework caught it."""

import math
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

import structlog
from litestar.exceptions import HTTPException
from msgspec import UNSET, UnsetType

from boxoffice.access.callers import Forbidden, NoProfile, Unauthenticated
from boxoffice.access.profiles import ProfileRefused
from boxoffice.access.rates import WINDOW_S, RateLimited, Spent
from boxoffice.telemetry import metrics
from boxoffice.vocabulary import faults
from boxoffice.vocabulary.outcomes import Refused
from boxoffice.web.http.invalid import FieldError, InvalidInput, Unfit
from boxoffice.web.http.refusals import Refusal
from boxoffice.web.http.unreadable import Unreadable

_NOTHING: Final[Mapping[str, Any]] = {}
_log: Final = structlog.get_logger("boxoffice.web")

# The first class that fits gives the code, so special faults stand before general ones.
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
ENGINE_FAULTS: Final = tuple(
    code for code in dict.fromkeys(_FAULT_CODES.values()) if code != "identity_unavailable"
)
"""The codes of the faults that a command can meet behind the gate."""

_UNFORESEEN: Final = ("unforeseen", "internal_error")
for _labels in (*((kind.__name__, code) for kind, code in _FAULT_CODES.items()), _UNFORESEEN):
    metrics.FAULTS.labels(*_labels)  # starts at 0, so that the first is an increase

_FRAMEWORK_CODES: Final = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


class Trouble(NamedTuple):
    """A problem before it is worded: its code, the details of this case, and the headers of the answer."""

    code: str
    details: Mapping[str, Any] = _NOTHING
    headers: Mapping[str, str] = _NOTHING
    errors: list[FieldError] | UnsetType = UNSET


def trouble_of(error: Exception) -> Trouble:
    """What the client is told of this error. The text of an unforeseen error stays in our log."""
    match error:
        case Refusal() | ProfileRefused():
            return of_refused(error.refused)
        case InvalidInput():
            return Trouble("invalid_request", errors=error.errors)
        case Unreadable():
            return _unreadable(error)
        case Unfit():
            return Trouble(error.code, headers=error.headers)
        case Forbidden():
            code = "no_profile" if isinstance(error, NoProfile) else "forbidden"
            return Trouble(code, {"detail": str(error)})
        case Unauthenticated():
            return Trouble("unauthenticated", headers={"WWW-Authenticate": _challenge(error)})
        case RateLimited():
            return _rate_limited(error)
        case faults.Fault():
            return Trouble(fault_code(error), _hint(error), retry_after(error))
        case HTTPException():
            return _of_framework(error)
        case _:
            return Trouble("internal_error")


def of_refused(refusal: Refused) -> Trouble:
    """What the client is told of a refusal, with ``Retry-After`` if the refusal says how long to wait."""
    wait_s = refusal.details.get("retry_after_s")
    headers = {} if wait_s is None else {"Retry-After": str(max(1, math.ceil(wait_s)))}
    return Trouble(refusal.code, refusal.details, headers)


def recorded(error: Exception) -> Trouble:
    """What the client is told, after the error was counted and, if the fault is ours, logged."""
    trouble = trouble_of(error)
    if isinstance(error, Unauthenticated):
        metrics.AUTHENTICATION_FAILURES.labels(error.doubt).inc()
        _log.info("unauthenticated", reason=error.doubt, why=error.why)
    elif isinstance(error, RateLimited):
        metrics.RATE_LIMITED.labels(error.rate).inc()
    elif trouble.code == "internal_error":
        metrics.FAULTS.labels(*_UNFORESEEN).inc()
        _log.error("request failed", exc_info=error)
    elif isinstance(error, faults.Fault):
        metrics.FAULTS.labels(type(error).__name__, trouble.code).inc()
        _log.warning("fault", fault=type(error).__name__, reason=str(error))
    return trouble


def fault_code(fault: faults.Fault) -> str:
    """The code of a fault; ``internal_error`` for one that nobody expected to reach a client."""
    return next((code for kind, code in _FAULT_CODES.items() if isinstance(fault, kind)), "internal_error")


def retry_after(fault: faults.Fault) -> dict[str, str]:
    """The header Retry-After for a fault, in whole seconds."""
    return {"Retry-After": str(math.ceil(fault.retry_after_s))}


def rate_headers(rate: str, per_window: int, spent: Spent) -> dict[str, str]:
    """The headers that say what is left of a rate limit."""
    return {
        "RateLimit-Policy": f'"{rate}";q={per_window};w={WINDOW_S:.0f}',
        "RateLimit": f'"{rate}";r={spent.left};t={math.ceil(spent.full_in_s)}',
    }


def allow(methods: Collection[str]) -> str:
    """The header Allow for a path with these methods; HEAD is allowed wherever GET is."""
    return ", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))


def _hint(fault: faults.Fault) -> Mapping[str, str]:
    hint = fault.hint if isinstance(fault, faults.Overloaded) else None
    return _NOTHING if hint is None else {"hint": hint}


def _rate_limited(error: RateLimited) -> Trouble:
    wait_s = max(1, math.ceil(error.spent.retry_in_s))
    headers = rate_headers(error.rate, error.per_window, error.spent) | {"Retry-After": str(wait_s)}
    return Trouble("rate_limited", {"retry_after_s": wait_s}, headers)


def _unreadable(error: Unreadable) -> Trouble:
    details = {} if error.detail is None else {"detail": error.detail}
    return Trouble(error.code, details)


def _of_framework(error: HTTPException) -> Trouble:
    if code := _FRAMEWORK_CODES.get(error.status_code):
        allowed = (error.headers or {}).get("allow")
        return Trouble(code, headers={"Allow": allow(allowed.split(", "))} if allowed else {})
    if error.status_code < 500:
        return Trouble("invalid_request", {"detail": error.detail})
    return Trouble("internal_error")


def _challenge(error: Unauthenticated) -> str:
    scheme = 'Bearer realm="boxoffice"'
    if error.doubt == "missing":
        return scheme
    return f'{scheme}, error="invalid_token", error_description="{error.why}"'
