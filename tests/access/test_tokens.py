"""Tokens of people: a good token is believed, and a token of each known way to cheat is not (RFC 8725)."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from boxoffice.access.callers import Role, Unauthenticated
from boxoffice.access.jwks import FixedKey
from boxoffice.access.tokens import LEEWAY_S, TOKEN_BYTES_MAX, TOKEN_CACHE_S, Tokens, tokens_of
from boxoffice.settings.texts import SettingsError
from boxoffice.settings.tokens import TokenSettings
from tests.support.http.identity import ALGORITHM, AUDIENCE, ISSUER, Provider, claims_of

PROVIDER = Provider()
FAR_AHEAD = 4_102_444_800
"""A time in the year 2100. It names a test, so it must be the same in each process that runs tests."""


def settings(**changes: Any) -> TokenSettings:
    given: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "algorithm": ALGORITHM,
        "public_key": PROVIDER.public_pem,
        "roles_claim": "roles",
    }
    return TokenSettings(**given | changes)


def verifier(**changes: Any) -> Tokens:
    tokens = tokens_of(settings(**changes))
    assert tokens is not None
    return tokens


async def doubt_about(token: str | bytes, **changes: Any) -> str:
    """Why the token is not believed."""
    with pytest.raises(Unauthenticated) as caught:
        await verifier(**changes).person(token.encode() if isinstance(token, str) else token)
    return caught.value.doubt


async def test_a_good_token_says_who_it_is() -> None:
    person = await verifier().person(PROVIDER.token("ada").encode())
    assert (person.issuer, person.subject, person.role) == (ISSUER, "ada", Role.CUSTOMER)
    assert (person.email, person.name) == ("ada@example.com", "Ada")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"aud": None},
        {"aud": [AUDIENCE, 7]},
        {"iss": "https://evil.example"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "ada\n"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 10**400},
        {"sub": "ada\ud800"},
        {"name": "Ada \ud800"},
        {"email": "ada\udfff@example.com"},
        {"email": "ada\udfff@example.com", "email_verified": False},
        {"nbf": FAR_AHEAD},
        {"iat": FAR_AHEAD},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
    ],
    ids=str,
)
async def test_claims_that_do_not_fit_are_not_believed(claims: dict[str, Any]) -> None:
    assert await doubt_about(PROVIDER.token(**claims)) == "untrusted"


async def test_one_of_several_audiences_is_enough() -> None:
    token = PROVIDER.token(aud=["another", AUDIENCE])
    assert (await verifier().person(token.encode())).subject == "ada"


async def test_an_expired_token_is_told_apart() -> None:
    assert await doubt_about(PROVIDER.token(exp=int(time.time() - LEEWAY_S - 5))) == "expired"


@pytest.mark.parametrize("kind", ["logout+jwt", "dpop+jwt", "secevent+jwt", "none"])
async def test_a_token_of_another_kind_is_not_believed(kind: str) -> None:
    assert await doubt_about(PROVIDER.token(headers={"typ": kind})) == "untrusted"


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "application/at+jwt"])
async def test_access_tokens_and_plain_ones_are_believed(kind: str) -> None:
    assert (await verifier().person(PROVIDER.token(headers={"typ": kind}).encode())).subject == "ada"


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
async def test_an_unsigned_token_is_not_believed(name: str) -> None:
    assert await doubt_about(forged({"alg": name, "typ": "JWT"}, b"")) != ""
    assert await doubt_about(forged({"alg": name, "typ": "JWT"}, b"x")) == "untrusted"


async def test_the_public_key_is_no_shared_secret() -> None:
    """The classic confusion: an attacker signs by HMAC, with the public key as the secret."""
    header = {"alg": "HS256", "typ": "JWT"}
    signature = hmac.new(PROVIDER.public_pem.encode(), signed_part(header), hashlib.sha256).digest()
    assert await doubt_about(forged(header, signature)) == "untrusted"


@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", "x5c"])
async def test_a_key_that_the_token_brings_is_not_looked_at(member: str) -> None:
    evil = Provider("first")
    brought: Any = {"jwk": evil.jwk, "x5c": ["MII"]}.get(member, "https://evil.example/keys")
    assert await doubt_about(evil.token(headers={member: brought})) == "untrusted"
    good = PROVIDER.token(headers={member: brought})
    assert (await verifier().person(good.encode())).subject == "ada"


async def test_another_algorithm_than_the_one_that_is_set_is_not_believed() -> None:
    private = rsa.generate_private_key(65537, 2048)
    assert await doubt_about(jwt.encode(claims_of("ada"), private, "RS256")) == "untrusted"


async def test_a_changed_token_is_not_believed() -> None:
    header, payload, signature = PROVIDER.token("ada").split(".")
    other = encoded(claims_of("bob"))
    assert await doubt_about(f"{header}.{other}.{signature}") == "untrusted"
    assert await doubt_about(f"{header}.{payload}.{signature[:-4]}AAAA") == "untrusted"


async def test_a_critical_extension_that_we_do_not_know_is_not_believed() -> None:
    token = PROVIDER.token(headers={"crit": ["exp"], "exp": 1})
    assert await doubt_about(token) in ("malformed", "untrusted")


@pytest.mark.parametrize(
    "token",
    [
        "a.b",
        "a.b.c.d.e",
        "....",
        "!.!.!",
        "e30.e30.e30",
        "a" * (TOKEN_BYTES_MAX + 1),
        base64.urlsafe_b64encode(b'{"alg":' + b"[" * 3_000).decode().rstrip("=") + ".e30.e30",
    ],
    ids=["two parts", "encrypted", "dots", "no base64", "empty", "huge", "deep"],
)
async def test_what_is_no_token_is_malformed(token: str) -> None:
    assert await doubt_about(token) == "malformed"


@pytest.mark.parametrize("verified", [None, False, "true", 1])
async def test_an_address_that_is_not_verified_is_none(verified: Any) -> None:
    person = await verifier().person(PROVIDER.token(email_verified=verified).encode())
    assert person.email is None


@pytest.mark.parametrize(
    "email",
    [
        "no address",
        "a@b",
        "x" * 250 + "@example.com",
        7,
        "ada@ex\u200bample.com",
        "ada@example.com,",
        "mi\u212ae@x.com",
    ],
)
async def test_an_address_that_is_none_is_left_out(email: Any) -> None:
    assert (await verifier().person(PROVIDER.token(email=email).encode())).email is None


async def test_an_address_is_told_in_the_form_in_which_addresses_are_compared() -> None:
    for given in ("ada@XN--mller-kva.de", "ada@mu\u0308ller.de"):
        assert (await verifier().person(PROVIDER.token(email=given).encode())).email == "ada@m\u00fcller.de"


async def test_a_name_is_made_fit() -> None:
    named = await verifier().person(PROVIDER.token(name="Ada\u0000 Lovelace" + "x" * 300).encode())
    assert named.name.startswith("Ada Lovelacex")
    assert len(named.name) == 255
    assert (await verifier().person(PROVIDER.token(name="\n").encode())).name == "ada"
    turned = await verifier().person(PROVIDER.token(name="Ade\u0301le \u202e(admin)").encode())
    assert turned.name == "Ad\u00e9le (admin)"


async def test_a_checked_token_is_remembered_for_a_while_and_never_beyond_its_end() -> None:
    now = [time.time()]
    key = CountedKey()
    tokens = Tokens(settings(), key, clock=lambda: now[0])
    token = PROVIDER.token().encode()
    for _ in range(3):
        await tokens.person(token)
    assert key.asked == 1
    now[0] += TOKEN_CACHE_S + 1
    await tokens.person(token)
    assert key.asked == 2
    short = PROVIDER.token(exp=int(time.time() - LEEWAY_S + 2)).encode()
    await tokens.person(short)
    now[0] += 3 + LEEWAY_S
    asked = key.asked
    await tokens.person(short)
    assert key.asked == asked + 1


class CountedKey(FixedKey):
    """The right key, which counts how often it is asked for."""

    def __init__(self) -> None:
        super().__init__(PROVIDER.public_pem, ALGORITHM)
        self.asked = 0

    async def find(self, key_id: str | None) -> Any:
        """The key."""
        self.asked += 1
        return await super().find(key_id)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"audience": None}, "JWT_AUDIENCE"),
        ({"issuer": None}, "JWT_ISSUER"),
        ({"public_key": "/nowhere/key.pem"}, "JWT_PUBLIC_KEY"),
        ({"public_key": "-----BEGIN PUBLIC KEY-----\nAAAA"}, "JWT_PUBLIC_KEY"),
        ({"algorithm": "RS256"}, "JWT_PUBLIC_KEY"),
        ({"algorithm": "ES384"}, "JWT_PUBLIC_KEY"),
    ],
    ids=str,
)
def test_settings_that_do_not_fit_are_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=named) as caught:
        tokens_of(settings(**changes))
    assert "\n" not in str(caught.value)


def test_without_an_issuer_there_are_no_tokens() -> None:
    assert tokens_of(TokenSettings()) is None


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def signed_part(header: dict[str, Any]) -> bytes:
    return f"{encoded(header)}.{encoded(claims_of('ada'))}".encode()


def forged(header: dict[str, Any], signature: bytes) -> str:
    """A token with this header and signature."""
    tail = base64.urlsafe_b64encode(signature).decode().rstrip("=")
    return f"{signed_part(header).decode()}.{tail}"
