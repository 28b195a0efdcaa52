"""What a client is told of each exception, and which exceptions are counted and logged."""

from typing import Any

import pytest
from litestar.exceptions import (
    ClientException,
    HTTPException,
    InternalServerException,
    MethodNotAllowedException,
    NotFoundException,
)
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from boxoffice.access.callers import Forbidden, NoProfile, Unauthenticated
from boxoffice.access.profiles import ProfileRefused
from boxoffice.access.rates import RateLimited, Spent
from boxoffice.vocabulary.faults import Busy, Fault, OutcomeUnknown, Overloaded
from boxoffice.vocabulary.outcomes import Refused
from boxoffice.web.http.invalid import Unfit, invalid_field
from boxoffice.web.http.refusals import Refusal
from boxoffice.web.http.troubles import Trouble, recorded, trouble_of

TAKEN = Refused("seats_taken", {"seats": [4]})
EMPTY = RateLimited("writes", 120, Spent(allowed=False, left=0, full_in_s=60.2, retry_in_s=0.4))


class Unnamed(Fault):
    """A fault that no code has been given."""


MISTAKE = invalid_field("name", "a name", "Missing")


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (Refusal(TAKEN), Trouble("seats_taken", {"seats": [4]})),
        (ProfileRefused(Refused("email_taken")), Trouble("email_taken")),
        (
            Refusal(Refused("hold_cooldown", {"retry_after_s": 12.2})),
            Trouble("hold_cooldown", {"retry_after_s": 12.2}, {"Retry-After": "13"}),
        ),
        (Refusal(Refused("hold_cooldown", {"retry_after_s": 0})), None),
        (MISTAKE, Trouble("invalid_request", errors=MISTAKE.errors)),
        (Forbidden("No."), Trouble("forbidden", {"detail": "No."})),
        (NoProfile("Not yet."), Trouble("no_profile", {"detail": "Not yet."})),
        (
            Unauthenticated("missing"),
            Trouble("unauthenticated", headers={"WWW-Authenticate": 'Bearer realm="boxoffice"'}),
        ),
        (
            Unauthenticated("expired"),
            Trouble(
                "unauthenticated",
                headers={
                    "WWW-Authenticate": 'Bearer realm="boxoffice", error="invalid_token", '
                    'error_description="it has expired"'
                },
            ),
        ),
        (
            EMPTY,
            Trouble(
                "rate_limited",
                {"retry_after_s": 1},
                {
                    "RateLimit-Policy": '"writes";q=120;w=60',
                    "RateLimit": '"writes";r=0;t=61',
                    "Retry-After": "1",
                },
            ),
        ),
        (Busy("secret"), Trouble("timed_out", headers={"Retry-After": "1"})),
        (Overloaded("secret"), Trouble("overloaded", headers={"Retry-After": "1"})),
        (NotFoundException("secret"), Trouble("not_found")),
        (
            MethodNotAllowedException(headers={"allow": "GET, POST"}),
            Trouble("method_not_allowed", headers={"Allow": "GET, HEAD, POST"}),
        ),
        (HTTPException(status_code=413), Trouble("body_too_large")),
        (ClientException("Bad query"), Trouble("invalid_request", {"detail": "Bad query"})),
        (InternalServerException("secret"), Trouble("internal_error")),
        (RuntimeError("secret"), Trouble("internal_error")),
        (Unnamed("secret"), Trouble("internal_error", headers={"Retry-After": "1"})),
        (Unfit("unsupported_coding", {"A": "b"}), Trouble("unsupported_coding", headers={"A": "b"})),
    ],
)
def test_each_exception_has_its_trouble(error: Exception, trouble: Trouble | None) -> None:
    if trouble is None:  # a wait of 0 is told as a second, too
        assert trouble_of(error).headers == {"Retry-After": "1"}
    else:
        assert trouble_of(error) == trouble


def counted(name: str, **labels: str) -> float:
    """The value of a counter."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(
    ("error", "counter", "labels"),
    [
        (Unauthenticated("expired"), "boxoffice_authentication_failures_total", {"reason": "expired"}),
        (EMPTY, "boxoffice_rate_limited_total", {"rate": "writes"}),
        (OutcomeUnknown(), "boxoffice_faults_total", {"fault": "OutcomeUnknown", "code": "outcome_unknown"}),
        (RuntimeError(), "boxoffice_faults_total", {"fault": "unforeseen", "code": "internal_error"}),
        (Unnamed(), "boxoffice_faults_total", {"fault": "unforeseen", "code": "internal_error"}),
    ],
)
def test_what_operators_want_to_know_is_counted(
    error: Exception, counter: str, labels: dict[str, Any]
) -> None:
    before = counted(counter, **labels)
    recorded(error)
    assert counted(counter, **labels) == before + 1


@pytest.mark.parametrize(
    ("error", "events"),
    [
        (Overloaded("full"), ["fault"]),
        (RuntimeError("broken"), ["request failed"]),
        (Unnamed("broken"), ["request failed"]),
        (InternalServerException("broken"), ["request failed"]),
        (Refusal(TAKEN), []),
        (MISTAKE, []),
        (Forbidden("No."), []),
        (NotFoundException(), []),
        (Unauthenticated("expired"), ["unauthenticated"]),
    ],
)
def test_what_is_ours_to_mend_and_who_was_not_recognised_is_logged(
    error: Exception, events: list[str]
) -> None:
    with capture_logs() as logs:
        recorded(error)
    assert [entry["event"] for entry in logs] == events
