"""Events to Redis Streams: a stream for each show, whose ids are the numbers of the events.

The id `812-0` is the fence: Redis refuses an id that is not greater than the last one of the stream, so a
message is there once, and in order, whoever sends it.
"""

from collections.abc import Sequence
from typing import Any, Final

from redis import asyncio as redis
from redis.exceptions import RedisError, ResponseError

from boxoffice.feed.events import START, Position
from boxoffice.relay.sinks import (
    CONNECT_MAX_S,
    PUBLISH_MAX_S,
    REWOUND,
    Fits,
    Known,
    Message,
    SinkRefused,
    by_show,
    not_yet_there,
)

CONNECTIONS_MAX: Final = 4
"""Connections of a process: each carries some ten thousand messages a second."""

_SMALLER: Final = "equal or smaller"
"""What Redis says of an id that is not greater than the last one."""

_NO_KEY: Final = "no such key"
"""What Redis says of a stream that does not exist."""


class RedisBroker:
    """A Redis at an address."""

    errors: tuple[type[Exception], ...] = (RedisError, OSError)

    def __init__(self, url: str, fits: Fits) -> None:
        self._url = url
        self._fits = fits

    async def connect(self) -> "RedisSink":
        """A connection. Nothing is declared: a stream begins with its first message."""
        pool = redis.BlockingConnectionPool.from_url(
            self._url,
            protocol=2,
            max_connections=CONNECTIONS_MAX,
            timeout=PUBLISH_MAX_S,
            socket_timeout=PUBLISH_MAX_S,
            socket_connect_timeout=CONNECT_MAX_S,
            decode_responses=True,
        )
        client = redis.Redis.from_pool(pool)
        try:
            await client.ping()
        except BaseException:
            await client.aclose()
            raise
        return RedisSink(client, self._fits)


class RedisSink:
    """Connections to one Redis."""

    def __init__(self, client: "redis.Redis", fits: Fits) -> None:
        self._client = client
        self._fits = fits
        self._lasts: Known[int, Position] = Known()

    async def publish(self, messages: Sequence[Message]) -> int:
        """Returns when the streams have all messages, and how many they had already."""
        waiting, there = by_show(messages), 0
        for show_id, of_show in list(waiting.items()):
            if not self._continues(of_show[0]):
                waiting[show_id] = await self._left(show_id, of_show)
                there += len(of_show) - len(waiting[show_id])
        left = [message for of_show in waiting.values() for message in of_show]
        refused = await self._add(left) if left else []
        for show_id, of_show in by_show(refused).items():
            if await self._left(show_id, of_show):  # raises Forked if another history is there
                raise SinkRefused(f"{key_of(show_id)} refuses a greater id")
        return there + len(refused)

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()

    def _continues(self, message: Message) -> bool:
        last = self._lasts.get(message.show_id)
        return last is not None and message.continues(last)

    async def _left(self, show_id: int, messages: list[Message]) -> list[Message]:
        """The messages that the show's stream has not yet."""
        key = key_of(show_id)
        last = await self._last(key)
        if last is None:
            return messages
        last_seq, last_id = last
        if last_id.endswith(REWOUND) and messages[0].position is not None:
            # An operator has rewound the show. Its new events have smaller numbers than the stream's.
            await _answer(self._client.rename(key, f"{key}:{last_id.removesuffix(f'-{REWOUND}')}"))
            return messages
        left = await not_yet_there(messages, last_id, self._fits)
        return [message for message in left if message.position is None or message.seq > last_seq]

    async def _last(self, key: str) -> tuple[int, str] | None:
        """The number of the last event that the stream has had, and the id of the last entry that it has."""
        try:
            told = await _answer(self._client.xinfo_stream(key))
        except ResponseError as error:
            if _NO_KEY in str(error):
                return None
            raise SinkRefused(f"{key}: {error}") from error
        entry = told["last-entry"]
        last_id = entry[1].get("id", "") if entry else ""
        return (0 if last_id.endswith(REWOUND) else int(told["last-generated-id"].split("-")[0])), last_id

    async def _add(self, messages: Sequence[Message]) -> list[Message]:
        """Add all in one transaction: none is left out between two others. Returns those with known ids."""
        async with self._client.pipeline(transaction=True) as pipe:
            for message in messages:
                fields: dict[Any, Any] = {"id": message.id, "type": message.type, "event": message.body}
                pipe.xadd(key_of(message.show_id), fields, id=_id(message))
            answers = await pipe.execute(raise_on_error=False)
        refused: list[Message] = []
        for message, answer in zip(messages, answers, strict=True):
            if isinstance(answer, ResponseError) and _SMALLER in str(answer):
                refused.append(message)
            elif isinstance(answer, Exception):
                raise SinkRefused(f"{key_of(message.show_id)}: {answer}") from answer
            else:
                self._lasts.put(message.show_id, message.position or START)
        return refused


def key_of(show_id: int) -> str:
    """The key of a show's stream."""
    return f"bo:show:{show_id}"


def _id(message: Message) -> str:
    return "*" if message.position is None else f"{message.seq}-0"


async def _answer(answer: Any) -> Any:
    """What the client answers: its types leave open whether that must be awaited."""
    return await answer
