"""The keys of a provider that is slow on purpose, redirects, or sends too much: a fetch ends, as a whole."""

import asyncio
import ssl
from typing import Final

import pytest

from boxoffice.access.jwks import FETCHED_BYTES_MAX, ProviderKeys, fetch_json
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import IdentityUnavailable
from tests.support.http.identity import ALGORITHM, ISSUER
from tests.support.network.dripping import dripping

HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


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
