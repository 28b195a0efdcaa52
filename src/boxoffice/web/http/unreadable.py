"""What the HTTP server could not read as a request, on its way to the application, which gives the answer.

The server finds the fault, and the application answers: so the answer has the headers of all answers and is
logged and counted as they are. If the head is unreadable, the server marks the request. If only the body is,
the server raises the error where the body is read.
"""

from typing import Final

from litestar.types import Scope

_UNREADABLE: Final = "unreadable"


class Unreadable(Exception):
    """Why a request cannot be read: the code of a problem, and what is wrong with this request."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(detail or code)
        self.code: Final = code
        self.detail: Final = detail


def mark_unreadable(scope: Scope, error: Unreadable) -> None:
    """Notes that nothing of this request may be acted on."""
    scope.setdefault("state", {})[_UNREADABLE] = error


def unreadable_of(scope: Scope) -> Unreadable | None:
    """The error with which the server has marked the request."""
    error: Unreadable | None = scope["state"].get(_UNREADABLE)
    return error
