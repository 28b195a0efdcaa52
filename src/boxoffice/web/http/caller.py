"""Who asks, as the gate has found out and as commands and reads need it."""

from typing import Any, Final, NamedTuple

from litestar.types import Scope

from boxoffice.access.allowances import Terms
from boxoffice.access.callers import Caller
from boxoffice.vocabulary.commands import Caps

_ACCESS: Final = "access"
_HEADERS: Final = "answer_headers"

RawHeader = tuple[bytes, bytes]


class Access(NamedTuple):
    """What the gate lets somebody do.

    ``origin`` is the address that the request comes from. ``owner_id``: the caller may only do it about
    what is this user's; None is no such limit.
    """

    caller: Caller
    origin: str | None
    owner_id: int | None
    terms: Terms


class Asking(NamedTuple):
    """Who asks for one command: for the audit, for its idempotency key, and whose things it may be about.

    ``caps`` bound who may only do it about their own.
    """

    actor: str
    key: str | None = None
    origin: str | None = None
    owner_id: int | None = None
    caps: Caps | None = None


def let_in(scope: Scope, access: Access) -> None:
    """Notes what the gate allows; nothing behind it acts without."""
    state: dict[str, Any] = scope.setdefault("state", {})
    state[_ACCESS] = access


def access_of(scope: Scope) -> Access:
    """What the gate has allowed. A request that did not pass it raises ``KeyError``."""
    access: Access = scope["state"][_ACCESS]
    return access


def asking(access: Access, key: str | None) -> Asking:
    """Who asks, with the request's Idempotency-Key."""
    caps = None if access.owner_id is None else access.terms.caps
    return Asking(access.caller.actor, key, access.origin, access.owner_id, caps)


def add_headers(scope: Scope, headers: list[RawHeader]) -> None:
    """Headers that the answer gets, whoever makes it."""
    state: dict[str, Any] = scope.setdefault("state", {})
    state[_HEADERS] = headers


def added_headers(scope: Scope) -> list[RawHeader]:
    """The headers that were added."""
    headers: list[RawHeader] = scope.get("state", {}).get(_HEADERS, [])
    return headers
