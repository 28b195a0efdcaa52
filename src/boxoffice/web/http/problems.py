"""Problem details (RFC 9457): the answers that say what went wrong, made of a trouble and its kind.

Beside the members of the RFC a problem has ``code``, the details of a refusal (``available``, ``seats`` and
so on), ``request_id``, and ``success`` and ``error`` for clients that look for these.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from litestar import Request, Response
from litestar.exceptions import ValidationException
from litestar.types import Scope
from msgspec import UNSET, Struct, UnsetType

from boxoffice.telemetry.requests import ids_of_request
from boxoffice.web.http.invalid import FieldError, misfit_parameters
from boxoffice.web.http.kinds import Kind
from boxoffice.web.http.raw_answers import RawAnswer, encode, raw_headers
from boxoffice.web.http.troubles import Trouble, recorded

MEDIA_TYPE: Final = "application/problem+json"
_CONTENT_TYPE: Final = (b"content-type", MEDIA_TYPE.encode())
_SEATS_SHOWN_MAX: Final = 20
_TROUBLE: Final = "trouble"


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


class Problems:
    """The maker of an application's problems; ``kinds``: those of the core and of the domains."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds: Final = kinds

    def on_error(self, request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        """The framework's handler for every exception."""
        if isinstance(error, ValidationException):
            error = misfit_parameters(request, error)
        trouble = recorded(error)
        request.scope["state"][_TROUBLE] = trouble
        return self.response(trouble)

    def response(self, trouble: Trouble) -> Response[bytes]:
        """The answer as a handler gives it."""
        members = worded(self._kinds[trouble.code], trouble)
        headers = dict(trouble.headers)
        return Response(
            encode(members), status_code=members["status"], media_type=MEDIA_TYPE, headers=headers
        )

    def raw(self, trouble: Trouble) -> RawAnswer:
        """The answer without the framework."""
        members = worded(self._kinds[trouble.code], trouble)
        return RawAnswer(members["status"], [_CONTENT_TYPE, *raw_headers(trouble.headers)], encode(members))


def trouble_in(scope: Scope) -> Trouble | None:
    """The trouble that a handler of the framework ended with; None: it answered."""
    trouble: Trouble | None = scope["state"].get(_TROUBLE)
    return trouble


def worded(kind: Kind, trouble: Trouble) -> dict[str, Any]:
    """The members of a problem: those of its kind and, beside them, the details of the trouble."""
    told = {name: _in_words(value) for name, value in trouble.details.items()}
    members: dict[str, Any] = {
        "type": f"urn:boxoffice:problem:{trouble.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.detail.format_map(told),
        "code": trouble.code,
        "success": False,
        "error": kind.title,
        "request_id": "" if (ids := ids_of_request()) is None else ids.request_id,
    }
    if trouble.errors is not UNSET:
        members["errors"] = trouble.errors
    return members | dict(trouble.details)


def _in_words(value: object) -> str:
    if not isinstance(value, list):
        return str(value)
    more = ", …" if len(value) > _SEATS_SHOWN_MAX else ""
    return ", ".join(map(str, value[:_SEATS_SHOWN_MAX])) + more
