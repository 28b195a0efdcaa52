"""The public keys of an OpenID Connect provider: fetched, kept, and fetched again.

A setting says where the keys come from. A token never does: an attacker could name own keys in a token.
"""

import asyncio
import json
import math
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import jwt
import structlog
from cryptography.exceptions import UnsupportedAlgorithm

from boxoffice.access.callers import Unauthenticated
from boxoffice.settings.texts import SettingsError, is_loopback
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import IdentityUnavailable

KEYS_FRESH_S: Final = 600.0
"""Seconds after which the keys are fetched again, so that a withdrawn key is not trusted for long."""

REFETCH_MIN_S: Final = 10.0
"""Fewest seconds between two fetches: tokens with made-up key ids must not flood the provider."""

FETCHED_BYTES_MAX: Final = 1_000_000
"""Most bytes of a provider's answer that are read: its keys take a few thousand."""

_ASKED: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}
"""Headers of a fetch. A compressed answer could be short, and fill the memory when it is read."""

Key = Any  # one of the public key types of cryptography
Fetch = Callable[[str], Awaitable[Mapping[str, Any]]]

_log: Final = structlog.get_logger("boxoffice.jwks")


class FixedKey:
    """The one public key that the setting ``JWT_PUBLIC_KEY`` gives."""

    def __init__(self, text: str, algorithm: str) -> None:
        """``text`` is PEM, or the path of a PEM file. Raises ``SettingsError``."""
        try:
            pem = text if text.startswith("-----BEGIN") else Path(text).read_text("ascii")
            if "PRIVATE" in pem:
                raise ValueError
            self._key = jwt.get_algorithm_by_name(algorithm).prepare_key(pem)
        except (OSError, ValueError, TypeError, jwt.PyJWTError, UnsupportedAlgorithm):
            raise SettingsError(
                f"JWT_PUBLIC_KEY is set; expected a public key for {algorithm} as PEM, or the path of one"
            ) from None

    async def find(self, _key_id: str | None) -> Key:
        """The key, whatever key id the token names."""
        return self._key


class ProviderKeys:
    """The keys at ``address``; None: at the address that the issuer's own configuration names."""

    def __init__(
        self,
        issuer: str,
        address: str | None,
        algorithm: str,
        *,
        fetch: Fetch | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._issuer = issuer
        self._address = address
        self._algorithm = algorithm
        self._fetch = fetch or fetch_json
        self._clock = clock
        self._keys: dict[str | None, Key] = {}
        self._fetched_at: float | None = None
        self._tried_at = -math.inf
        self._failed = False
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, key_id: str | None) -> Key:
        """The key of this id, or the only key. Raises ``Unauthenticated``, ``IdentityUnavailable``."""
        key = self._known(key_id)
        if self._may_fetch() and (key is None or self._age() > KEYS_FRESH_S):
            fetching = self._refreshed()
            if key is None or not self._still_holds():
                await asyncio.shield(fetching)
                key = self._known(key_id)
        if key is not None:
            return key
        if self._fetched_at is None:
            raise IdentityUnavailable("the keys of the identity provider cannot be had")
        raise Unauthenticated("untrusted", "the token is signed by no key of the identity provider")

    def _age(self) -> float:
        return math.inf if self._fetched_at is None else self._clock() - self._fetched_at

    def _still_holds(self) -> bool:
        """Whether the kept keys are good enough while the provider is asked again.

        They are, for ``KEYS_FRESH_S`` more seconds, and for as long as the provider does not answer: a caller
        with a good token must not wait for a provider that is away.
        """
        return self._failed or self._age() <= 2 * KEYS_FRESH_S

    def _known(self, key_id: str | None) -> Key | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _may_fetch(self) -> bool:
        return self._fetching is not None or self._clock() - self._tried_at >= REFETCH_MIN_S

    def _refreshed(self) -> "asyncio.Task[None]":
        """The fetch that is under way, or a new one. All requests that need keys meanwhile share it."""
        if self._fetching is None:
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._refresh())
        return self._fetching

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(limits.IDENTITY_KEYS_WAIT_MAX_S):
                listed = await self._listed()
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._failed = True
            _log.warning("keys_not_fetched", reason=f"{type(error).__name__}: {error}")
        else:
            self._keys = {jwk.get("kid"): key for jwk in listed if (key := self._usable(jwk)) is not None}
            self._fetched_at = self._clock()
            self._failed = False
        finally:
            self._fetching = None

    async def _listed(self) -> list[dict[str, Any]]:
        """The keys as the provider lists them."""
        address = self._address
        if address is None:
            told = await self._fetch(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
            if told["issuer"] != self._issuer:
                raise ValueError("the provider names another issuer")
            address = str(told["jwks_uri"])
        return [jwk for jwk in (await self._fetch(address))["keys"] if isinstance(jwk, dict)]

    def _usable(self, jwk: Mapping[str, Any]) -> Key | None:
        """The key, if it is public and meant for signatures by our algorithm; otherwise None."""
        if jwk.get("use", "sig") != "sig" or jwk.get("alg", self._algorithm) != self._algorithm or "d" in jwk:
            return None
        try:
            return jwt.get_algorithm_by_name(self._algorithm).from_jwk(dict(jwk))
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, UnsupportedAlgorithm):
            return None


async def fetch_json(address: str) -> Mapping[str, Any]:
    """A JSON object from an address; HTTPS only, but for this machine. Raises ``OSError``, ``ValueError``.

    A redirect is not followed: a redirect could bring keys that are not the provider's. The caller bounds the
    whole fetch: a bound on each piece would let a provider that sends byte by byte hold the fetch for ever.
    """
    _check(address)
    try:
        async with (
            httpx.AsyncClient(verify=_authorities(), timeout=limits.IDENTITY_KEYS_WAIT_MAX_S) as client,
            client.stream("GET", address, headers=_ASKED) as answer,
        ):
            body = await _body(answer.raise_for_status())
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
    told = json.loads(body)
    if not isinstance(told, dict):
        raise ValueError("the answer is no object")
    return told


async def _body(answer: httpx.Response) -> bytes:
    body = b""
    async for part in answer.aiter_raw():
        body += part
        if len(body) > FETCHED_BYTES_MAX:
            raise ValueError("the answer is too long")
    return body


def _check(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ValueError("the address is not one of HTTPS")


@cache
def _authorities() -> ssl.SSLContext:
    """The authorities that this system trusts: a provider inside a company may have one of the company's."""
    return ssl.create_default_context()
