"""Callers: their roles, and a caller as policies and handlers see one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct

Doubt = Literal["missing", "malformed", "unknown", "expired", "revoked", "untrusted"]
"""What is wrong with a credential; ``missing``: the request has none."""


_WHY: Final[Mapping[Doubt, str]] = {
    "missing": "there is no credential",
    "malformed": "it is neither an API key nor a token, or there is more than one",
    "unknown": "there is no such API key",
    "expired": "it has expired",
    "revoked": "the API key was revoked",
    "untrusted": "the token cannot be trusted",
}
"""The sentence for a doubt that has no closer one. Without quotation marks: RFC 6750 forbids them there."""


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

    @property
    def vouches(self) -> bool:
        """Whether an e-mail address counts as verified because this caller wrote it: the caller is staff."""
        return self.role in (Role.OPERATOR, Role.ADMIN)

    def reaches(self, show_id: int) -> bool:
        """Whether the caller may see this show."""
        return self.show_ids is None or show_id in self.show_ids


class Unauthenticated(Exception):
    """The request does not prove who calls. ``doubt`` says why, for the metrics; ``why`` in a sentence, for
    the log and for the client.

    A client may learn what is wrong with the credential that it sent: it has the whole of it, and whoever
    guesses keys would have to guess all of one to learn that it was revoked. What a token is held to (issuer,
    audience, algorithm) is no secret, and claims are only told wrong after the signature was found right.
    The sentence quotes nothing of the credential, and tells nothing of other keys or of persons.
    """

    def __init__(self, doubt: Doubt, why: str | None = None) -> None:
        super().__init__(doubt)
        self.doubt: Final = doubt
        self.why: Final = _WHY[doubt] if why is None else why


class Forbidden(Exception):
    """The caller is known and may not do this. The text says what would be allowed instead."""


class NoProfile(Forbidden):
    """The person has no user yet, and the token has no verified e-mail address to make one with."""


OPEN: Final = Caller(actor="anonymous", role=Role.ADMIN)
"""Every caller, where authentication is off."""

NOBODY: Final = Caller(actor="nobody", role=None)
"""A caller without a credential, where authentication is on."""
