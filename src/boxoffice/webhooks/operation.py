"""How operations that are no commands of the engine are told."""

from typing import Literal

from litestar.openapi import ResponseSpec
from msgspec import Struct

from boxoffice.web.http.operation import Operation
from boxoffice.web.http.samples import shown
from boxoffice.web.http.troubles import ENGINE_FAULTS


class DeskOperation(Operation, frozen=True, kw_only=True):
    """An operation at a desk: it changes something that no sale depends on.

    ``example``: an answer, with this ``status``. ``again``: the status of the same answer to a repetition.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"] = "POST"
    example: Struct
    meaning: str
    status: int = 200
    again: int | None = None

    def successes(self) -> dict[int, ResponseSpec]:
        """The example, under each status that it may have."""
        statuses = (self.status,) if self.again is None else (self.status, self.again)
        return {status: shown(self.example, self.meaning) for status in statuses}

    def errors(self, *, has_body: bool) -> tuple[str, ...]:
        """The operation's own codes, and those of all that change something."""
        body = ("body_too_large", "unsupported_coding") if has_body else ()
        return ("invalid_request", "precondition_failed", *body, *self.refusals, "internal_error", *ENGINE_FAULTS)
