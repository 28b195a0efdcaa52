"""What is read of a token: the roles of a person, and why a token is not believed, in a sentence."""

import re
from typing import Any

import jwt
import pytest

from boxoffice.access.callers import Role, Unauthenticated
from boxoffice.access.tokens import TOKEN_BYTES_MAX, Tokens, tokens_of
from boxoffice.settings.tokens import TokenSettings
from tests.support.http.identity import ALGORITHM, AUDIENCE, ISSUER, Provider, claims_of

PROVIDER = Provider()
FAR_AHEAD = 4_102_444_800
"""A time in the year 2100."""


def verifier(roles_claim: str | None = "roles") -> Tokens:
    settings = TokenSettings(
        issuer=ISSUER,
        audience=AUDIENCE,
        algorithm=ALGORITHM,
        public_key=PROVIDER.public_pem,
        roles_claim=roles_claim,
    )
    tokens = tokens_of(settings)
    assert tokens is not None
    return tokens


REALM = {"realm_access": {"roles": ["offline_access", "operator"]}}


@pytest.mark.parametrize(
    ("path", "claims", "role"),
    [
        ("realm_access.roles", REALM, Role.OPERATOR),
        ("realm_access.roles", {"realm_access.roles": ["admin"], **REALM}, Role.ADMIN),
        ("realm_access", REALM, Role.CUSTOMER),
        ("realm_access.roles.x", REALM, Role.CUSTOMER),
        ("realm_access.none", REALM, Role.CUSTOMER),
        ("realm_access.roles", {"realm_access": ["admin"]}, Role.CUSTOMER),
        ("realm_access.roles", {"realm_access": "roles"}, Role.CUSTOMER),
        ("https://shop.example/roles", {"https://shop.example/roles": ["admin"]}, Role.ADMIN),
        (
            "resource_access.box.office.roles",
            {"resource_access": {"box.office": {"roles": "admin"}}},
            Role.ADMIN,
        ),
    ],
)
async def test_roles_are_found_in_a_nested_claim(path: str, claims: dict[str, Any], role: Role) -> None:
    person = await verifier(roles_claim=path).person(PROVIDER.token(**claims).encode())

    assert person.role is role


@pytest.mark.parametrize(
    ("token", "told"),
    [
        (
            PROVIDER.token(aud="another", exp=FAR_AHEAD),
            "the token is for another audience (aud) than this service",
        ),
        (
            PROVIDER.token(iss="https://evil.example", exp=FAR_AHEAD),
            "the token is of another issuer (iss) than",
        ),
        (PROVIDER.token(nbf=FAR_AHEAD, exp=FAR_AHEAD), "the token is not valid yet"),
        (PROVIDER.token(exp=1), "it has expired"),
        (PROVIDER.token(sub=None), "the token has no sub"),
        (PROVIDER.token(events={}, exp=FAR_AHEAD), "a logout token"),
        (PROVIDER.token(headers={"typ": "x"}), "of another kind (typ)"),
        (Provider().token(aud="another"), "the signature of the token does not fit"),
        (Provider().token(exp=1), "the signature of the token does not fit"),
        (jwt.encode(claims_of("ada"), "secret" * 8, "HS256"), "the token is not signed by ES256"),
        ("x" * (TOKEN_BYTES_MAX + 1), "the token has more than 8192 bytes"),
        ("nonsense", "it is neither an API key nor a token"),
    ],
    ids=range(12),
)
async def test_a_sentence_says_what_is_wrong_with_a_token_and_quotes_nothing_of_it(
    token: str, told: str
) -> None:
    with pytest.raises(Unauthenticated) as caught:
        await verifier().person(token.encode())

    assert told in caught.value.why
    assert re.fullmatch(r"[ !#-\[\]-~]+", caught.value.why), "what RFC 6750 allows in error_description"
    assert "evil" not in caught.value.why


@pytest.mark.parametrize(
    ("listed", "role"),
    [
        (["admin"], Role.ADMIN),
        (["operator", "x"], Role.OPERATOR),
        ("service", Role.SERVICE),
        ("offline service", Role.SERVICE),
        (["customer", "nonsense"], Role.CUSTOMER),
        ("administrator", Role.CUSTOMER),
        ({"admin": True}, Role.CUSTOMER),
        (None, Role.CUSTOMER),
    ],
)
async def test_roles_come_from_the_claim_that_is_set(listed: Any, role: Role) -> None:
    token = PROVIDER.token(roles=listed).encode()
    assert (await verifier().person(token)).role is role
    assert (await verifier(roles_claim=None).person(token)).role is Role.CUSTOMER
