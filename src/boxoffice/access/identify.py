"""Identification: the caller of a request is found by the request's headers."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from msgspec.structs import replace

from boxoffice.access.callers import NOBODY, Caller, Unauthenticated
from boxoffice.access.keys import KnownKeys
from boxoffice.access.profiles import Profiles, as_caller
from boxoffice.access.rates import MemoryRates, RateLimited, Rates
from boxoffice.access.tokens import Tokens
from boxoffice.vocabulary.faults import IdentityUnavailable

LOOK_UPS_PER_MINUTE: Final = 600
"""Unknown keys and bad credentials that one address may send a minute. Without this bound an attacker who
guesses keys would load the database with look-ups."""

SIGNATURES_PER_MINUTE: Final = 6_000
"""Tokens that are bad, or not checked yet, that one address may send a minute: a check takes 0.2 ms, so these
take 2 % of a process. A good token is given back, so an office of any size may log in at once."""

SITE_BITS: Final = 64
"""Leading bits of an IPv6 address that tell one site from another. A site has all addresses behind these
bits, and would escape a limit on each address."""

_KEY_PREFIX: Final = b"box_"
_BEARER: Final = b"bearer"


class Identities:
    """The finder of callers by keys and tokens. ``tokens`` None: no provider is set, no token is accepted."""

    def __init__(self, keys: KnownKeys, tokens: Tokens | None, profiles: Profiles, rates: Rates) -> None:
        self._keys = keys
        self._tokens = tokens
        self._profiles = profiles
        self._rates = rates
        self._signatures = MemoryRates()

    async def recognise(
        self, authorization: bytes | None, api_key: bytes | None, origin: str | None
    ) -> Caller:
        """The caller; a person is given without the user, which ``with_profile`` looks up.

        ``authorization``, ``api_key``: the headers Authorization and X-Api-Key; None: the request has none.
        Raises ``Unauthenticated``, ``RateLimited``, or a fault of the database or the identity provider.
        """
        try:
            credential = _credential(authorization, api_key)
            if credential is None:
                return replace(NOBODY, rate_key=name_of_address(origin))
            if not credential.startswith(_KEY_PREFIX):
                return await self._of_token(credential, origin)
            remembered = self._keys.remembered(credential)
        except Unauthenticated:
            await self._count_guess(origin)
            raise
        return await self._looked_up(credential, origin) if remembered is None else remembered

    async def with_profile(self, caller: Caller, origin: str | None) -> Caller:
        """The caller; a person has the user now. Raises ``NoProfile``, ``ProfileRefused``, or a fault."""
        return caller if caller.person is None else await self._profiles.caller(caller.person, origin)

    async def _of_token(self, token: bytes, origin: str | None) -> Caller:
        if self._tokens is None:
            raise Unauthenticated("untrusted", "no identity provider is set, so only API keys are known")
        person = self._tokens.remembered(token)
        if person is None:
            name = name_of_address(origin)
            self._count_signature(name, 1)
            try:
                person = await self._tokens.person(token)
            except IdentityUnavailable:
                self._count_signature(name, -1)
                raise
            self._count_signature(name, -1)
        return as_caller(person, None)

    def _count_signature(self, name: str, cost: int) -> None:
        """Counts in this process, whose event loop the check would hold up."""
        spent = self._signatures.take_now(name, SIGNATURES_PER_MINUTE, cost)
        if not spent.allowed:
            raise RateLimited("signatures", SIGNATURES_PER_MINUTE, spent)

    async def _looked_up(self, key: bytes, origin: str | None) -> Caller:
        if not self._keys.was_known(key):
            await self._count_guess(origin)
        return await self._keys.look_up(key)

    async def _count_guess(self, origin: str | None) -> None:
        spent = await self._rates.take(f"look-ups {name_of_address(origin)}", LOOK_UPS_PER_MINUTE)
        if not spent.allowed:
            raise RateLimited("look-ups", LOOK_UPS_PER_MINUTE, spent)


@lru_cache(maxsize=4_096)
def name_of_address(origin: str | None) -> str:
    """The name under which the rate limits count the requests of an address."""
    try:
        address = ip_address(origin or "")
    except ValueError:
        return "address unknown"
    if isinstance(address, IPv6Address):
        return f"address {ip_network((address, SITE_BITS), strict=False)}"
    return f"address {address}"


def _credential(authorization: bytes | None, api_key: bytes | None) -> bytes | None:
    """The key or token of the request. Raises ``Unauthenticated`` if it is empty, or one of two."""
    scheme, _, rest = (authorization or b"").partition(b" ")
    token = rest.strip() if scheme.lower() == _BEARER else None
    if b"" in (token, api_key) or (token is not None and api_key is not None):
        raise Unauthenticated("malformed")
    return api_key if token is None else token
