"""Who asks: the roles, and a caller as policies and handlers see it."""

from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct

Doubt = Literal["missing", "malformed", "unknown", "expired", "revoked", "untrusted"]
"""What is wrong with a credential; ``missing``: there is none."""


class Role(StrEnum):
    """What somebody is to the box office."""

    CUSTOMER = "customer"
    """Books for themselves, and sees what is their own."""
    SERVICE = "service"
    """A trusted front end, which books for its users."""
    OPERATOR = "operator"
    """The staff of the box office: any booking, blocked seats, forced cancels."""
    ADMIN = "admin"
    """Everything, shows and persons included."""


class Person(Struct, frozen=True):
    """What a trusted token says of somebody. ``email`` is given only if the provider has verified it."""

    issuer: str
    subject: str
    role: Role
    email: str | None
    name: str


class Caller(Struct, frozen=True):
    """Somebody who asks.

    ``actor`` is the name in the audit, and the scope of idempotency keys. ``role`` None is nobody known.
    ``show_ids`` narrows a key to these shows; None does not. ``rate_key`` names who is counted by the
    rate limits; None is not counted. ``capped``: the limits on seats and holds apply.
    ``person`` is who a token names; the user may not have been looked up yet.
    """

    actor: str
    role: Role | None
    user_id: int | None = None
    show_ids: frozenset[int] | None = None
    rate_key: str | None = None
    capped: bool = False
    person: Person | None = None

    def reaches(self, show_id: int) -> bool:
        """Whether this show is not hidden from the caller."""
        return self.show_ids is None or show_id in self.show_ids


class Unauthenticated(Exception):
    """The credential does not say who it is. ``doubt`` is for the metrics; nobody else is told more."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__(doubt)
        self.doubt: Final = doubt


class Forbidden(Exception):
    """The caller is known and may not do this. The text says what would be allowed instead."""


class NoProfile(Forbidden):
    """The person has no user yet, and the token has no verified e-mail address to make one with."""


OPEN: Final = Caller(actor="anonymous", role=Role.ADMIN)
"""Everybody, where authentication is off."""

NOBODY: Final = Caller(actor="nobody", role=None)
"""Somebody without a credential."""
