"""Who asks, as the gate has found out and as commands and reads need it."""

from typing import Any, Final, NamedTuple, TypeVar

from litestar.types import Scope
from msgspec import Struct

from boxoffice.access.allowances import Allowance
from boxoffice.access.callers import Caller
from boxoffice.vocabulary.commands import Caps, Command

C = TypeVar("C", bound=Command[Any])

_ACCESS: Final = "access"
_HEADERS: Final = "answer_headers"

RawHeader = tuple[bytes, bytes]


class Access(NamedTuple):
    """What the gate allows a caller.

    ``origin`` is the address that the request comes from. ``owner_id``: if it is set, the operation may touch
    only what belongs to this user. None: what belongs to anybody.
    """

    caller: Caller
    origin: str | None
    owner_id: int | None
    allowance: Allowance

    @property
    def owner_caps(self) -> Caps | None:
        """The caps of a caller who may only touch what is their own; others are not bound by them."""
        return None if self.owner_id is None else self.allowance.caps


class Requester(Struct, frozen=True):
    """Who sends a request, with its Idempotency-Key."""

    access: Access
    key: str | None = None

    def asks(self, command: type[C], **fields: Any) -> C:
        """The command as this requester asks it: for the audit, and under the key of the request."""
        access = self.access
        return command(**fields, actor=access.caller.actor, idempotency_key=self.key, origin=access.origin)


def grant(scope: Scope, access: Access) -> None:
    """Puts what the gate allows into the request; nothing behind the gate acts without it."""
    state: dict[str, Any] = scope.setdefault("state", {})
    state[_ACCESS] = access


def access_of(scope: Scope) -> Access:
    """What the gate has allowed. A request that did not pass the gate raises ``KeyError``."""
    access: Access = scope["state"][_ACCESS]
    return access


def add_headers(scope: Scope, headers: list[RawHeader]) -> None:
    """Headers that the answer gets, whichever part makes it."""
    state: dict[str, Any] = scope.setdefault("state", {})
    state[_HEADERS] = headers


def added_headers(scope: Scope) -> list[RawHeader]:
    """The headers that were added."""
    headers: list[RawHeader] = scope.get("state", {}).get(_HEADERS, [])
    return headers
