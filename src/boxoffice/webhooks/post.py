"""Signs messages and sends them."""

from functools import lru_cache
from time import time
from typing import Final

from boxoffice.settings.texts import Secret
from boxoffice.telemetry import metrics
from boxoffice.webhooks.messages import Message
from boxoffice.webhooks.sender import Answer, Sender
from boxoffice.webhooks.signing import Signer, signed_headers


class Post:
    """The way of messages to endpoints."""

    def __init__(self, sender: Sender, key: Secret) -> None:
        self._sender: Final = sender
        self._signer = lru_cache(1_000)(lambda endpoint, generation: Signer(key, endpoint, generation))

    async def send(
        self, url: str, endpoint_id: int, generation: int, message: Message, *, signs_old: bool
    ) -> Answer:
        """What came of the message. Each attempt has a time of its own under the same id."""
        generations = [generation, generation - 1] if signs_old and generation > 1 else [generation]
        signers = [self._signer(endpoint_id, number) for number in generations]
        headers = signed_headers(signers, message.id, int(time()), message.body)
        answer = await self._sender.send(url, headers | {"content-type": message.content_type}, message.body)
        metrics.WEBHOOK_ATTEMPTS.labels(label_of(answer)).inc()
        metrics.WEBHOOK_SECONDS.observe(answer.seconds)
        return answer

    async def close(self) -> None:
        """Closes the connections."""
        await self._sender.close()


def label_of(answer: Answer) -> str:
    """The kind of the answer: an endpoint could answer with any number, and each would be a series."""
    return answer.trouble or f"{answer.status // 100}xx"
