"""The keys of a provider: when they are fetched and which are used, and that a fetch ends, as a whole."""

import asyncio
import json
import ssl
from typing import Any, Final

import jwt
import pytest

from boxoffice.access.callers import Unauthenticated
from boxoffice.access.jwks import FETCHED_BYTES_MAX, REFETCH_MIN_S, ProviderKeys, fetch_json
from boxoffice.access.tokens import Tokens
from boxoffice.settings.tokens import TokenSettings
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import IdentityUnavailable
from tests.support.http.identity import ALGORITHM, AUDIENCE, ISSUER, Provider
from tests.support.network.dripping import dripping

HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PROVIDER: Final = Provider()
JWKS_URL: Final = "https://login.example/keys"
PRIVATE: Final = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(PROVIDER.private))
"""The provider's private key, published by mistake: every attacker can sign with it."""


def settings() -> TokenSettings:
    """Settings of a service whose tokens this provider signs."""
    return TokenSettings(issuer=ISSUER, audience=AUDIENCE, algorithm=ALGORITHM)


class Site:
    """The provider's site, which notes each address that is fetched."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.pages: dict[str, Any] = {JWKS_URL: {"keys": list(keys)}}
        self.fetched: list[str] = []
        self.now = 1_000.0

    async def fetch(self, address: str) -> Any:
        """A page of the site. Raises ``OSError`` if there is none."""
        self.fetched.append(address)
        if address not in self.pages:
            raise OSError("no such page")
        return self.pages[address]

    def keys(self, address: str | None = JWKS_URL) -> ProviderKeys:
        """The keys of the provider as a server of ours finds them."""
        return ProviderKeys(ISSUER, address, ALGORITHM, fetch=self.fetch, clock=lambda: self.now)


async def test_keys_are_fetched_once_and_found_by_id() -> None:
    other = Provider("second")
    site = Site(PROVIDER.jwk, other.jwk)
    tokens = Tokens(settings(), site.keys())
    assert (await tokens.person(PROVIDER.token("ada").encode())).subject == "ada"
    assert (await tokens.person(other.token("bob").encode())).subject == "bob"
    assert site.fetched == [JWKS_URL]


async def test_an_unknown_key_is_looked_for_once_in_a_while() -> None:
    site, rotated = Site(PROVIDER.jwk), Provider("rotated")
    keys = site.keys()
    tokens = Tokens(settings(), keys)
    await tokens.person(PROVIDER.token().encode())
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            await tokens.person(rotated.token().encode())
    assert len(site.fetched) == 1
    site.now += REFETCH_MIN_S
    site.pages[JWKS_URL]["keys"].append(rotated.jwk)
    assert (await tokens.person(rotated.token().encode())).subject == "ada"
    assert len(site.fetched) == 2


async def test_a_withdrawn_key_is_not_believed_once_the_keys_are_old() -> None:
    site = Site(PROVIDER.jwk)
    tokens = Tokens(settings(), site.keys())
    await tokens.person(PROVIDER.token("ada").encode())
    site.pages[JWKS_URL] = {"keys": [Provider("new").jwk]}
    site.now += 10_000
    with pytest.raises(Unauthenticated):
        await tokens.person(PROVIDER.token("bob").encode())


async def test_while_the_provider_is_away_its_last_keys_hold() -> None:
    site = Site(PROVIDER.jwk)
    tokens = Tokens(settings(), site.keys())
    await tokens.person(PROVIDER.token("ada").encode())
    del site.pages[JWKS_URL]
    site.now += 10_000
    assert (await tokens.person(PROVIDER.token("bob").encode())).subject == "bob"


async def test_without_any_keys_it_is_our_fault_and_not_the_caller_s() -> None:
    site = Site()
    del site.pages[JWKS_URL]
    with pytest.raises(IdentityUnavailable):
        await Tokens(settings(), site.keys()).person(PROVIDER.token().encode())


async def test_the_address_of_the_keys_is_discovered_from_the_issuer() -> None:
    site = Site(PROVIDER.jwk)
    page = ISSUER + "/.well-known/openid-configuration"
    site.pages[page] = {"issuer": ISSUER, "jwks_uri": JWKS_URL}
    assert (await Tokens(settings(), site.keys(None)).person(PROVIDER.token().encode())).subject == "ada"
    assert site.fetched == [page, JWKS_URL]


async def test_a_provider_that_names_another_issuer_is_not_believed() -> None:
    site = Site(PROVIDER.jwk)
    page = ISSUER + "/.well-known/openid-configuration"
    site.pages[page] = {"issuer": "https://evil.example", "jwks_uri": JWKS_URL}
    with pytest.raises(IdentityUnavailable):
        await Tokens(settings(), site.keys(None)).person(PROVIDER.token().encode())


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"alg": "ES384"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"crv": "P-384"},
        PRIVATE,
        {"x": 7},
    ],
    ids=["encryption", "another algorithm", "secret", "another curve", "private", "nonsense"],
)
async def test_a_key_that_is_not_for_this_is_not_used(change: dict[str, Any]) -> None:
    site = Site(PROVIDER.jwk | change)
    with pytest.raises(Unauthenticated):
        await Tokens(settings(), site.keys()).person(PROVIDER.token().encode())


@pytest.mark.parametrize(
    "address", ["http://login.example/keys", "file:///etc/passwd", "ftp://login.example/"]
)
async def test_keys_are_fetched_by_https_only(address: str) -> None:
    with pytest.raises(ValueError, match="HTTPS"):
        await fetch_json(address)


@pytest.mark.parametrize(
    ("beginning", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (HEAD + b"Content-Length: 900000\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["status line", "headers", "body", "chunks", "interim answers"],
)
async def test_a_provider_that_drips_is_one_that_is_away(
    beginning: bytes, drop: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "IDENTITY_KEYS_WAIT_MAX_S", 0.3)
    async with dripping(beginning, drop) as port, asyncio.timeout(20):
        keys = ProviderKeys(ISSUER, f"http://127.0.0.1:{port}/keys", ALGORITHM)
        with pytest.raises(IdentityUnavailable):
            await keys.find("any")
        assert keys._fetching is None  # nothing of the fetch is left


async def test_the_bound_is_on_both_steps_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IDENTITY_KEYS_WAIT_MAX_S", 0.3)
    asked: list[str] = []

    async def half_as_slow_as_allowed(address: str) -> dict[str, str]:
        asked.append(address)
        await asyncio.sleep(0.2)  # a sleep, because the slowness is what is tested
        return {"issuer": ISSUER, "jwks_uri": "https://login.example/keys"}

    with pytest.raises(IdentityUnavailable):
        await ProviderKeys(ISSUER, None, ALGORITHM, fetch=half_as_slow_as_allowed).find("any")
    assert len(asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: https://evil.example/keys\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n{}",
        b"nonsense\r\n\r\n",
        b"",
    ],
    ids=["redirect", "fault", "no HTTP", "nothing"],
)
async def test_an_answer_without_keys_is_none(answer: bytes) -> None:
    with pytest.raises(OSError, match=r"\w"):
        await _fetched(answer)


@pytest.mark.parametrize("body", [b"[]", b"{", b" " * (FETCHED_BYTES_MAX + 1)], ids=["list", "half", "long"])
async def test_a_body_that_is_no_short_object_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        await _fetched(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)


async def test_keys_are_asked_for_uncompressed() -> None:
    """A compressed answer of a few bytes could fill the memory."""
    heard: list[bytes] = []
    body = b'{"keys": []}'
    told = await _fetched(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body, heard)
    assert told == {"keys": []}
    assert b"accept-encoding: identity\r\n" in heard[0].lower()


def test_the_authorities_are_those_of_the_system() -> None:
    from boxoffice.access.jwks import _authorities

    assert _authorities().verify_mode == ssl.CERT_REQUIRED
    assert _authorities().check_hostname


async def _fetched(answer: bytes, heard: list[bytes] | None = None) -> object:
    """What is fetched from a server that answers so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(asked)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        return await fetch_json(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys")
