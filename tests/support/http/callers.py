"""An application with authentication on, and callers of every kind."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any, Final, Literal

from litestar import Litestar

from boxoffice.access.callers import Role
from boxoffice.access.key_desk import KeyDesk
from boxoffice.engine.runtime import open_store
from boxoffice.serve.operations import DOMAINS, Domain
from boxoffice.serve.settings import ProgramSettings
from tests.support.http.api import Api
from tests.support.http.fixtures import client_of, running
from tests.support.http.identity import ALGORITHM, AUDIENCE, ISSUER, Provider, bearer
from tests.support.settings import settings_for

Credential = Literal[
    "nobody",
    "customer",
    "other customer",
    "operator",
    "admin",
    "service",
    "expired key",
    "revoked key",
    "unknown key",
    "wrong audience token",
    "expired token",
]

PROVIDER: Final = Provider()


def closed(dsn: str, **environ: object) -> ProgramSettings:
    """Settings with authentication on. The limits are so wide that only tests of limits meet them."""
    wide = {
        "AUTH": "on",
        "JWT_ISSUER": ISSUER,
        "JWT_AUDIENCE": AUDIENCE,
        "JWT_ALGORITHM": ALGORITHM,
        "JWT_PUBLIC_KEY": PROVIDER.public_pem,
        "JWT_ROLES_CLAIM": "roles",
        "RATE_READS_PER_MINUTE": 100_000,
        "RATE_WRITES_PER_MINUTE": 100_000,
        "HOLDS_PER_USER_MAX": 10_000,
        "WEBHOOK_SECRET_KEY": "0123456789abcdef0123456789abcdef",
    }
    return settings_for(dsn, **wide | environ)


class MovedClock:
    """The clock by which keys and logins are remembered; the clock stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Callers:
    """The application as each caller sees it."""

    def __init__(self, app: Litestar, desk: KeyDesk, memory: MovedClock) -> None:
        self.app = app
        self.desk = desk
        self.memory = memory

    async def key(self, role: Role, *, shows: list[int] | None = None, lasts: timedelta | None = None) -> str:
        """The secret of a new key."""
        return (await self.desk.create("test", role, shows, lasts)).secret

    async def headers(self, credential: Credential) -> dict[str, str]:
        """The headers that a caller with this credential sends."""
        if credential == "revoked key":
            new = await self.desk.create("test", Role.ADMIN, None, None)
            await self.desk.revoke(new.key.key_id)
            return bearer(new.secret)
        return await _MAKERS[credential](self)

    @asynccontextmanager
    async def api(self, credential: Credential) -> AsyncIterator[Api]:
        """A client that sends this credential."""
        async with self.api_with(await self.headers(credential)) as api:
            yield api

    @asynccontextmanager
    async def api_with(self, headers: dict[str, str]) -> AsyncIterator[Api]:
        """A client that sends these headers."""
        async with client_of(self.app) as http:
            http.headers.update(headers)
            yield Api(http)


@asynccontextmanager
async def callers_of(
    settings: ProgramSettings, domains: Sequence[Domain] = DOMAINS
) -> AsyncIterator[Callers]:
    """The application under these settings."""
    memory = MovedClock()
    async with running(settings, memory, domains) as app, open_store(settings) as store:
        yield Callers(app, KeyDesk(store), memory)


async def _nobody(_: Callers) -> dict[str, str]:
    return {}


async def _key(callers: Callers, *, role: Role, lasts: timedelta | None = None) -> dict[str, str]:
    return bearer(await callers.key(role, lasts=lasts))


async def _unknown(_: Callers) -> dict[str, str]:
    from boxoffice.access.keys import make_key

    return bearer(make_key())


async def _token(_: Callers, *, subject: str = "ada", **claims: Any) -> dict[str, str]:
    return bearer(PROVIDER.token(subject, **claims))


_MAKERS: Final[dict[str, Callable[[Callers], Awaitable[dict[str, str]]]]] = {
    "nobody": _nobody,
    "customer": _token,
    "other customer": partial(_token, subject="bob"),
    "operator": partial(_key, role=Role.OPERATOR),
    "admin": partial(_key, role=Role.ADMIN),
    "service": partial(_key, role=Role.SERVICE),
    "expired key": partial(_key, role=Role.ADMIN, lasts=timedelta(seconds=-1)),
    "unknown key": _unknown,
    "wrong audience token": partial(_token, aud="another service"),
    "expired token": partial(_token, exp=1_700_000_000),
}
