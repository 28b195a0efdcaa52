"""Events to NATS JetStream: a subject for each show, and a publish that names the message it follows.

`Nats-Expected-Last-Subject-Sequence` is the fence: a relay that was stopped and goes on after another took
over is refused, for as long as the stream lives. `Nats-Msg-Id` drops duplicates too, but only within the
stream's `duplicate_window`.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from nats.aio.client import Client
from nats.errors import Error
from nats.js import JetStreamContext
from nats.js.api import PubAck
from nats.js.errors import APIError, BadRequestError, NotFoundError

from boxoffice.feed.events import START, Position, parse_id
from boxoffice.relay.sinks import (
    CONNECT_MAX_S,
    Fits,
    Known,
    Message,
    SinkAway,
    SinkRefused,
    by_show,
    not_yet_there,
)

STREAM: Final = "BOXOFFICE"
"""The stream that the relay declares if no stream has the subjects. Its limits are its operator's."""

SUBJECTS: Final = "boxoffice.show.*"

COVERING: Final = frozenset({SUBJECTS, "boxoffice.show.>", "boxoffice.*.*", "boxoffice.>", "*.*.*", ">"})
"""Subjects of a stream of the operator's that have all of these."""

WRONG_LAST_SEQUENCE: Final = 10071
"""JetStream's code for a message that does not follow the one that it names."""

T = TypeVar("T")

_RUN_MAX: Final = 512
"""Messages of a show under way at once; as many as a batch has."""


class Tail(NamedTuple):
    """The last message of a show's subject: its number in the stream, and the event's position."""

    number: int
    position: Position


class NatsBroker:
    """A NATS, or a cluster, at an address."""

    errors: tuple[type[Exception], ...] = (Error, OSError, ValueError)

    def __init__(self, url: str, fits: Fits) -> None:
        self._url = url
        self._fits = fits

    async def connect(self) -> "NatsSink":
        """A connection on which a stream has the subjects."""
        client, lost = Client(), asyncio.Event()

        async def lose() -> None:
            lost.set()

        try:
            await client.connect(
                _servers(self._url),
                error_cb=_tell_nobody,
                disconnected_cb=lose,
                name="boxoffice",
                allow_reconnect=False,  # the relay makes a new connection, and reads the tails back
                max_reconnect_attempts=1,  # of the first connection, too
                reconnect_time_wait=0,
                connect_timeout=round(CONNECT_MAX_S),
            )
            context = client.jetstream(timeout=CONNECT_MAX_S)
            return NatsSink(client, context, await _stream(context), self._fits, lost)
        except BaseException:
            await client.close()
            raise


def _servers(url: str) -> list[str]:
    scheme, _, hosts = url.partition("://")
    login, at, hosts = hosts.rpartition("@")
    return [f"{scheme}://{login}{at}{host}" for host in hosts.split("/")[0].split(",")]


async def _tell_nobody(_error: Exception) -> None:
    """The publish that fails tells it."""


async def _stream(context: JetStreamContext) -> str:
    """The stream that has the subjects. It is declared if there is none."""
    try:
        found = await context.find_stream_name_by_subject(SUBJECTS)  # also one that has a part of them
        subjects = (await context.stream_info(found)).config.subjects or []
        if not COVERING.intersection(subjects):
            raise SinkRefused(f"stream {found} has a part of {SUBJECTS}; it must have all, or none")
        return found
    except NotFoundError:
        pass
    try:
        await context.add_stream(name=STREAM, subjects=[SUBJECTS])
    except APIError as error:
        raise SinkRefused(f"stream {STREAM} of {SUBJECTS}: {error.description}") from error
    return STREAM


class NatsSink:
    """A connection, which foretells numbers of the stream.

    The number of a message is known when the message is acknowledged, and the next one of the show must name
    that number. To wait for each would cost a round trip an event. So the numbers of a run are foretold from
    the last one that was seen. If another publisher came between, the rest of the run is refused, in order,
    and goes again: more slowly at first.
    """

    def __init__(
        self, client: Client, context: JetStreamContext, stream: str, fits: Fits, lost: asyncio.Event
    ) -> None:
        self._client = client
        self._context = context
        self._stream = stream
        self._fits = fits
        self._lost = lost
        self._tails: Known[int, Tail] = Known()
        self._next = 0
        self._run = 1

    async def publish(self, messages: Sequence[Message]) -> int:
        """Returns when the stream has all messages, and how many it had already."""
        waiting, there = by_show(messages), 0
        for show_id, of_show in list(waiting.items()):
            if not self._continues(of_show[0]):
                there += await self._read_back(show_id, waiting)
        while waiting:
            for show_id in await self._send(waiting):
                there += await self._read_back(show_id, waiting)
        return there

    async def close(self) -> None:
        """End the connection."""
        await self._client.close()

    def _continues(self, message: Message) -> bool:
        tail = self._tails.get(message.show_id)
        return tail is not None and (message.position is None or message.continues(tail.position))

    async def _read_back(self, show_id: int, waiting: dict[int, list[Message]]) -> int:
        """Read the last message of the show, and leave out what is there. Returns how many were left out."""
        try:
            last = await self._context.get_last_msg(self._stream, _subject(show_id))
        except NotFoundError:
            self._tails.put(show_id, Tail(0, START))
            return 0
        last_id, before = (last.headers or {}).get("Nats-Msg-Id", ""), len(waiting[show_id])
        known = parse_id(last_id)
        self._tails.put(show_id, Tail(last.seq or 0, START if known is None else known[1]))
        self._next = max(self._next, (last.seq or 0) + 1)
        left = await not_yet_there(waiting[show_id], last_id, self._fits)
        _leave(waiting, show_id, left)
        return before - len(left)

    async def _send(self, waiting: dict[int, list[Message]]) -> set[int]:
        """Send a run of each show. Returns the shows of which a message was refused, or was there."""
        under_way: list[tuple[Message, Coroutine[Any, Any, PubAck]]] = []
        for show_id, messages in waiting.items():
            expected = self._tails[show_id].number
            for message in messages[: self._run]:
                under_way.append((message, self._sent(message, expected)))
                expected = self._next + len(under_way) - 1  # foretold
        answers = await self._unless_lost(
            asyncio.gather(*(answer for _, answer in under_way), return_exceptions=True)
        )
        refused: set[int] = set()
        for (message, _), answer in zip(under_way, answers, strict=True):
            if not self._taken(message, answer):
                refused.add(message.show_id)
            elif message.show_id not in refused:
                _leave(waiting, message.show_id, waiting[message.show_id][1:])
        self._run = 1 if refused else min(self._run * 2, _RUN_MAX)
        return refused & waiting.keys()

    async def _unless_lost(self, answers: asyncio.Future[T]) -> T:
        """The answers. The client itself would wait for them on a connection that is lost."""
        lost = asyncio.ensure_future(self._lost.wait())
        try:
            either: set[asyncio.Future[Any]] = {answers, lost}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not answers.done():
                raise SinkAway("the connection broke")
            return answers.result()
        finally:
            lost.cancel()
            answers.cancel()

    async def _sent(self, message: Message, expected: int) -> PubAck:
        # Not the client's publish_async: it never answers when the server refuses.
        headers = {"Nats-Msg-Id": message.id, "Nats-Expected-Last-Subject-Sequence": str(expected)}
        return await self._context.publish(
            _subject(message.show_id), message.body, stream=self._stream, headers=headers
        )

    def _taken(self, message: Message, answer: PubAck | BaseException) -> bool:
        """Whether the stream has taken the message now. Raises what is no refusal of the fence."""
        if isinstance(answer, BadRequestError) and answer.err_code == WRONG_LAST_SEQUENCE:
            return False
        if isinstance(answer, BaseException):
            raise answer
        if answer.duplicate:
            return False
        self._tails.put(message.show_id, Tail(answer.seq, message.position or START))
        self._next = max(self._next, answer.seq + 1)
        return True


def _leave(waiting: dict[int, list[Message]], show_id: int, left: list[Message]) -> None:
    if left:
        waiting[show_id] = left
    else:
        del waiting[show_id]


def _subject(show_id: int) -> str:
    return f"boxoffice.show.{show_id}"
