"""Signatures as in Standard Webhooks, and the secrets that make them.

All secrets are derived from one key, the endpoint and its generation. So none is in the database or in its
backups, and each instance has the same ones.
"""

import hmac
from base64 import b64encode
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from boxoffice.settings.texts import Secret

SECRET_BYTES: Final = 32
"""Bytes of a secret: as many as the hash has; the standard asks for 24 to 64."""

_SALT: Final = b"boxoffice webhooks 1"


class Signer:
    """The secrets of one endpoint in one generation."""

    def __init__(self, key: Secret, endpoint_id: int, generation: int) -> None:
        self._secret = _derived(key, f"hmac:{endpoint_id}:{generation}")
        seed = _derived(key, f"ed25519:{endpoint_id}:{generation}")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def secret(self) -> str:
        """The secret as receivers keep it."""
        return "whsec_" + b64encode(self._secret).decode()

    @property
    def public_key(self) -> str:
        """The public key as receivers keep it."""
        raw = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return "whpk_" + b64encode(raw).decode()

    def signatures(self, message_id: str, timestamp: int, body: bytes) -> str:
        """Both signatures of a message: over its id, the time of the attempt and the body."""
        signed = f"{message_id}.{timestamp}.".encode() + body
        symmetric = hmac.new(self._secret, signed, sha256).digest()
        return f"v1,{b64encode(symmetric).decode()} v1a,{b64encode(self._private.sign(signed)).decode()}"


def signed_headers(signers: list[Signer], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a message; while a secret is replaced, with the signatures of both."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signer.signatures(message_id, timestamp, body) for signer in signers),
    }


def _derived(key: Secret, purpose: str) -> bytes:
    made = HKDF(algorithm=SHA256(), length=SECRET_BYTES, salt=_SALT, info=purpose.encode())
    return made.derive(key.reveal().encode())
