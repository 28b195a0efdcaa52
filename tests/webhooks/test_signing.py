"""Signatures: what the standard's own library accepts and refuses, and the same by our public key."""

from base64 import b64decode
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from boxoffice.settings.texts import Secret
from boxoffice.webhooks.signing import Signer, signed_headers

KEY = Secret("k" * 32)
BODY = b'{"seq":1}'
ID = "7-1-00112233"


def now() -> int:
    """The time by which the standard's library measures."""
    return int(datetime.now(UTC).timestamp())


def with_key(headers: dict[str, str], body: bytes, public_key: str) -> None:
    """Checks the v1a signature. Raises ``InvalidSignature``."""
    key = Ed25519PublicKey.from_public_bytes(b64decode(public_key.removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    found = [part[4:] for part in headers["webhook-signature"].split(" ") if part.startswith("v1a,")]
    key.verify(b64decode(found[0]), signed)


def test_both_signatures_are_good() -> None:
    signer = Signer(KEY, 3, 1)
    headers = signed_headers([signer], ID, now(), BODY)
    assert Webhook(signer.secret).verify(BODY, headers) == {"seq": 1}
    with_key(headers, BODY, signer.public_key)


@pytest.mark.parametrize("altered", ["body", "webhook-id", "webhook-timestamp"])
def test_what_was_altered_on_the_way_is_refused(altered: str) -> None:
    signer = Signer(KEY, 3, 1)
    headers = signed_headers([signer], ID, now(), BODY)
    body = b'{"seq":2}' if altered == "body" else BODY
    if altered != "body":
        headers[altered] = {"webhook-id": "7-2-00112233", "webhook-timestamp": str(now() - 1)}[altered]
    with pytest.raises(WebhookVerificationError):
        Webhook(signer.secret).verify(body, headers)
    with pytest.raises(InvalidSignature):
        with_key(headers, body, signer.public_key)


def test_each_endpoint_generation_and_key_has_a_secret_of_its_own() -> None:
    signers = [Signer(KEY, 3, 1), Signer(KEY, 3, 2), Signer(KEY, 4, 1), Signer(Secret("l" * 32), 3, 1)]
    assert len({signer.secret for signer in signers}) == len({signer.public_key for signer in signers}) == 4
    assert Signer(KEY, 3, 1).secret == signers[0].secret


def test_while_a_secret_is_replaced_both_accept_the_message() -> None:
    new, old = Signer(KEY, 3, 2), Signer(KEY, 3, 1)
    headers = signed_headers([new, old], ID, now(), BODY)
    for signer in (new, old):
        Webhook(signer.secret).verify(BODY, headers)
    alone = signed_headers([new], ID, now(), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(old.secret).verify(BODY, alone)
