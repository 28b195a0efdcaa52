"""A made-up identity provider, with keys to sign with and the tokens that a provider would give."""

import json
import time
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

ISSUER: Final = "https://login.example"
AUDIENCE: Final = "boxoffice"
ALGORITHM: Final = "ES256"
Claims = dict[str, Any]


class Provider:
    """A provider, which signs tokens with its own key."""

    def __init__(self, key_id: str = "first") -> None:
        self.key_id = key_id
        self.private = generate_private_key(SECP256R1())
        public = self.private.public_key()
        self.public_pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()
        self.jwk: dict[str, Any] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(public)) | {
            "kid": key_id,
            "use": "sig",
            "alg": ALGORITHM,
        }

    def token(self, subject: str = "ada", *, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token for five minutes, unless ``claims`` say otherwise; a claim that is None is left out."""
        wanted = claims_of(subject) | claims
        given = {name: value for name, value in wanted.items() if value is not None}
        return jwt.encode(given, self.private, ALGORITHM, headers={"kid": self.key_id} | (headers or {}))


def claims_of(subject: str) -> Claims:
    """What the provider says of a person whose e-mail address it has verified."""
    now = time.time()
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "iat": int(now),
        "exp": int(now) + 300,
        "email": f"{subject}@example.com",
        "email_verified": True,
        "name": subject.title(),
    }


def bearer(credential: str) -> dict[str, str]:
    """The header with a key or a token."""
    return {"Authorization": f"Bearer {credential}"}
