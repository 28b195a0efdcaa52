"""The caller of a request and what the caller may do: the gate notes both, commands and reads use them."""

from typing import Any, Final, NamedTuple, TypeVar

from litestar.types import Scope
from msgspec import Struct

from boxoffice.access.allowances import Allowance
from boxoffice.access.callers import Caller
from boxoffice.vocabulary.commands import Caps, Command

C = TypeVar("C", bound=Command[Any])

_ACCESS: Final = "access"
_HEADERS: Final = "answer_headers"
_DEPENDS: Final = "depends_on_caller"

RawHeader = tuple[bytes, bytes]


class Access(NamedTuple):
    """What the gate allows a caller.

    ``origin``: the address that the request comes from. ``owner_id``: if it is set, the operation may touch
    only what belongs to this user. None: what belongs to any user.
    """

    caller: Caller
    origin: str | None
    owner_id: int | None
    allowance: Allowance

    @property
    def owner_caps(self) -> Caps | None:
        """The caps of a caller who may touch only what is the caller's own; None for all other callers."""
        return None if self.owner_id is None else self.allowance.caps


class Requester(Struct, frozen=True):
    """The sender of a request, with the request's Idempotency-Key."""

    access: Access
    key: str | None = None

    def asks(self, command: type[C], **fields: Any) -> C:
        """A command with this requester's name and address, for the audit, and with the request's key."""
        access = self.access
        return command(**fields, actor=access.caller.actor, idempotency_key=self.key, origin=access.origin)


def grant(scope: Scope, access: Access) -> None:
    """Notes in the request what the gate allows; no handler acts without this note."""
    state: dict[str, Any] = scope.setdefault("state", {})
    state[_ACCESS] = access


def access_of(scope: Scope) -> Access:
    """What the gate has allowed. A request that did not pass the gate raises ``KeyError``."""
    access: Access = scope["state"][_ACCESS]
    return access


def note_dependence(scope: Scope) -> None:
    """Notes that the answer depends on who asks, so that no cache gives one caller's answer to another."""
    scope.setdefault("state", {})[_DEPENDS] = True


def depends_on_caller(scope: Scope) -> bool:
    """Whether the answer depends on who asks."""
    return _DEPENDS in scope["state"]


def add_headers(scope: Scope, headers: list[RawHeader]) -> None:
    """Adds headers to the answer, whichever layer makes the answer."""
    state: dict[str, Any] = scope.setdefault("state", {})
    state[_HEADERS] = headers


def added_headers(scope: Scope) -> list[RawHeader]:
    """The headers that ``add_headers`` has added."""
    headers: list[RawHeader] = scope.get("state", {}).get(_HEADERS, [])
    return headers
