"""Events to NATS JetStream: a subject for each show, and a publish that names the message it follows.

`Nats-Expected-Last-Subject-Sequence` is the fence: a relay that was stopped and goes on after another took
over is refused, for as long as the stream lives. `Nats-Msg-Id` drops duplicates too, but only within the
stream's `duplicate_window`.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeVar

from nats.aio.client import Client
from nats.errors import Error
from nats.js import JetStreamContext
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
    """A connection, which has one message of each show under way.

    A message names the number of the one before it, which is known when that one is acknowledged. If numbers
    were foretold, a run of a show could be under way at once. But another publisher moves the numbers of the
    stream on: then a foretold one can be that of an earlier message of the show, and the stream takes a
    message although those before it were refused.
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

    async def publish(self, messages: Sequence[Message]) -> int:
        """Returns when the stream has all messages, and how many it had already."""
        shows = by_show(messages).values()
        ended = await self._unless_lost(
            asyncio.gather(*(self._publish_show(of_show) for of_show in shows), return_exceptions=True)
        )
        there = 0
        for each in ended:
            if isinstance(each, BaseException):
                raise each
            there += each
        return there

    async def close(self) -> None:
        """End the connection."""
        await self._client.close()

    async def _publish_show(self, messages: list[Message]) -> int:
        """Send the messages of one show. Returns how many were there already."""
        tail, left, sent = self._known(messages[0]), messages, 0
        while left:
            taken = None if tail is None else await self._sent(left[0], tail)
            if taken is None:
                tail, left = await self._read_back(left)
            else:
                tail, left, sent = taken, left[1:], sent + 1
        return len(messages) - sent

    def _known(self, message: Message) -> Tail | None:
        """The message that this one follows; None: it must be read back."""
        tail = self._tails.get(message.show_id)
        follows = tail is not None and (message.position is None or message.continues(tail.position))
        return tail if follows else None

    async def _read_back(self, messages: list[Message]) -> tuple[Tail, list[Message]]:
        """The last message of the show in the stream, and the messages that are not there yet."""
        show_id = messages[0].show_id
        try:
            last = await self._context.get_last_msg(self._stream, _subject(show_id))
        except NotFoundError:
            return Tail(0, START), messages
        last_id = (last.headers or {}).get("Nats-Msg-Id", "")
        known = parse_id(last_id)
        tail = Tail(last.seq or 0, START if known is None else known[1])
        self._tails.put(show_id, tail)
        return tail, await not_yet_there(messages, last_id, self._fits)

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

    async def _sent(self, message: Message, before: Tail) -> Tail | None:
        """Send a message that follows another. None: the fence refused it, or it was there."""
        # Not the client's publish_async: it never answers when the server refuses.
        headers = {"Nats-Msg-Id": message.id, "Nats-Expected-Last-Subject-Sequence": str(before.number)}
        try:
            answer = await self._context.publish(
                _subject(message.show_id), message.body, stream=self._stream, headers=headers
            )
        except BadRequestError as error:
            if error.err_code != WRONG_LAST_SEQUENCE:
                raise
            return None
        if answer.duplicate:
            return None
        tail = Tail(answer.seq, message.position or START)
        self._tails.put(message.show_id, tail)
        return tail


def _subject(show_id: int) -> str:
    return f"boxoffice.show.{show_id}"
