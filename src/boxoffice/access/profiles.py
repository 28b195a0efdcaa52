"""Profiles: a person's user is found by the login, or made at a first call with a verified e-mail address."""

from collections.abc import Callable
from time import monotonic
from typing import Final, Protocol

from boxoffice.access.callers import NOBODY, Caller, NoProfile, Person, Role
from boxoffice.engine.engine import BookingEngine
from boxoffice.engine.reads import Reads
from boxoffice.vocabulary.commands import CreateUser
from boxoffice.vocabulary.outcomes import Refused

PROFILE_CACHE_S: Final = 60.0
"""Seconds for which a login is not looked up again: the login of an erased user ends within them."""

PROFILES_CACHED_MAX: Final = 50_000
"""Logins that a process remembers, some 10 MB."""

ACTOR: Final = "login"
"""The actor who, for the audit, makes the user at a first call: the person has no user id yet."""


class ProfileRefused(Exception):
    """The database refused to link the login to a user; ``refused`` says why."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code)
        self.refused: Final = refused


class _Services(Protocol):
    """The holder of the engine and the reads, which exist once the application has started."""

    engine: BookingEngine
    reads: Reads


class Profiles:
    """The users of persons, found by their logins and remembered for a while."""

    def __init__(self, services: _Services, clock: Callable[[], float] = monotonic) -> None:
        self._services = services
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, int]] = {}

    async def caller(self, person: Person, origin: str | None) -> Caller:
        """The person as a caller. Raises ``NoProfile``, ``ProfileRefused``, or a fault of the database."""
        login = person.issuer, person.subject
        known = self._known.get(login)
        if known is not None and known[0] > self._clock():
            return as_caller(person, known[1])
        user_id = await self._services.reads.user_of_subject(*login)
        if user_id is None:
            user_id = await self._register(person, origin)
        if len(self._known) >= PROFILES_CACHED_MAX:
            del self._known[next(iter(self._known))]  # the oldest
        self._known[login] = self._clock() + PROFILE_CACHE_S, user_id
        return as_caller(person, user_id)

    def forget(self, user_id: int) -> None:
        """Forgets the logins of an erased user, so that the next call looks them up again."""
        for login in [login for login, (_, known) in self._known.items() if known == user_id]:
            del self._known[login]

    async def _register(self, person: Person, origin: str | None) -> int:
        if person.email is None:
            raise NoProfile(
                "You have no profile here yet. Ask the identity provider for a token with a verified e-mail "
                "address (the scope `email`, and `email_verified`), and call again."
            )
        command = CreateUser(
            actor=ACTOR,
            origin=origin,
            name=person.name,
            email=person.email,
            issuer=person.issuer,
            subject=person.subject,
        )
        outcome = await self._services.engine.execute(command)
        if isinstance(outcome, Refused):
            raise ProfileRefused(outcome)
        return outcome.user.id


def as_caller(person: Person, user_id: int | None) -> Caller:
    """The person as a caller. Without a user the caller may use only operations that are open."""
    return Caller(
        actor=NOBODY.actor if user_id is None else f"user:{user_id}",
        role=person.role,
        user_id=user_id,
        rate_key=f"person {person.issuer} {person.subject}",
        capped=person.role in (Role.CUSTOMER, Role.SERVICE),
        person=person,
    )
