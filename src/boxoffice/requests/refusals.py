"""The refusals of asynchronous booking."""

from collections.abc import Mapping
from typing import Final

from boxoffice.web.http.kinds import Kind

REQUEST_NOT_FOUND: Final = "request_not_found"
REQUEST_DECIDED: Final = "request_decided"
REQUEST_WITHDRAWN: Final = "request_withdrawn"

REFUSALS: Final[Mapping[str, Kind]] = {
    REQUEST_NOT_FOUND: Kind(404, "There is no such request", "You have no request with this ticket."),
    REQUEST_DECIDED: Kind(
        409, "The request is decided", "It is {state}, and cannot be withdrawn.", {"state": "done"}
    ),
    REQUEST_WITHDRAWN: Kind(409, "The request was withdrawn", "Use a new Idempotency-Key for a new request."),
}
