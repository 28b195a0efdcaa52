"""Callers: their roles, and a caller as policies and handlers see one."""

from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct

Doubt = Literal["missing", "malformed", "unknown", "expired", "revoked", "untrusted"]
"""What is wrong with a credential; ``missing``: the request has none."""


class Role(StrEnum):
    """What a caller is to the box office."""

    CUSTOMER = "customer"
    """A buyer, who books for themselves and sees only what is their own."""
    SERVICE = "service"
    """A trusted front end, which books for its users."""
    OPERATOR = "operator"
    """The staff of the box office: any booking, blocked seats, forced cancels."""
    ADMIN = "admin"
    """The administrator: everything, shows and personal data included."""


class Person(Struct, frozen=True):
    """What a trusted token says of a person. ``email`` is given only if the provider has verified it."""

    issuer: str
    subject: str
    role: Role
    email: str | None
    name: str


class Caller(Struct, frozen=True):
    """The sender of a request, as the gate knows this sender.

    ``actor``: the name in the audit, and the scope of idempotency keys. ``role`` None: the caller is unknown.
    ``show_ids``: the only shows that a key is for; None: all shows. ``rate_key``: the name under which rate
    limits count the caller; None: the caller is not counted. ``capped``: the limits on seats and holds apply.
    ``person``: the person that a token names; the person's user may not have been looked up yet.
    """

    actor: str
    role: Role | None
    user_id: int | None = None
    show_ids: frozenset[int] | None = None
    rate_key: str | None = None
    capped: bool = False
    person: Person | None = None

    def reaches(self, show_id: int) -> bool:
        """Whether the caller may see this show."""
        return self.show_ids is None or show_id in self.show_ids


class Unauthenticated(Exception):
    """The request does not prove who calls. ``doubt`` says why.

    Only the metrics tell every ``doubt``; a client learns whether a credential was missing or bad.
    """

    def __init__(self, doubt: Doubt) -> None:
        super().__init__(doubt)
        self.doubt: Final = doubt


class Forbidden(Exception):
    """The caller is known and may not do this. The text says what would be allowed instead."""


class NoProfile(Forbidden):
    """The person has no user yet, and the token has no verified e-mail address to make one with."""


OPEN: Final = Caller(actor="anonymous", role=Role.ADMIN)
"""Every caller, where authentication is off."""

NOBODY: Final = Caller(actor="nobody", role=None)
"""A caller without a credential, where authentication is on."""
