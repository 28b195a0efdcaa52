"""Sending one message to a real receiver, and what comes of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from boxoffice.webhooks import limits, retries
from boxoffice.webhooks.addresses import Judge
from boxoffice.webhooks.backend import JudgingBackend
from boxoffice.webhooks.sender import Sender, retry_after_of
from tests.support.webhooks.receiver import Receiver, open_receiver

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    """A sender that may reach this machine, and waits for half a second."""
    sender = Sender(JudgingBackend(Judge(["127.0.0.0/8"])), 0.5)
    yield sender
    await sender.close()


async def test_a_message_arrives_as_it_was_sent(receiver: Receiver, sender: Sender) -> None:
    answer = await sender.send(receiver.url, {"webhook-id": "7-1-aa"}, b'{"a":1}')
    assert (answer.arrived, answer.status, answer.told) == (True, 200, "200")
    [got] = receiver.got
    assert (got.path, got.id, got.body) == ("/hook", "7-1-aa", b'{"a":1}')
    assert got.headers["user-agent"].startswith("Boxoffice-Webhooks/")


@pytest.mark.parametrize("status", [301, 302, 307, 400, 410, 500])
async def test_what_is_not_2xx_has_not_arrived_and_no_redirect_is_followed(
    receiver: Receiver, sender: Sender, status: int
) -> None:
    receiver.answer(status, f"location: {receiver.url}/elsewhere")
    answer = await sender.send(receiver.url, {}, b"{}")
    assert (answer.arrived, answer.status, len(receiver.got)) == (False, status, 1)


async def test_of_a_failed_answer_200_characters_are_kept(receiver: Receiver, sender: Sender) -> None:
    receiver.answer(500, body="é\r\n\x1b[31m".encode() + b"x" * 100_000)
    excerpt = (await sender.send(receiver.url, {}, b"{}")).excerpt
    assert len(excerpt) == limits.EXCERPT_CHARS_MAX
    assert excerpt.startswith("é   [31mxxx")


async def test_an_endpoint_that_does_not_answer_is_given_up_in_time(
    receiver: Receiver, sender: Sender
) -> None:
    receiver.hold()
    answer = await sender.send(receiver.url, {}, b"{}")
    assert (answer.told, answer.throttles) == ("timeout", True)


async def test_a_closed_port_and_a_broken_answer_are_told(sender: Sender) -> None:
    async with open_receiver() as gone:
        url = gone.url
    assert (await sender.send(url, {}, b"{}")).told == "unreachable"

    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(b"hello\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(rude, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert (await sender.send(f"http://127.0.0.1:{port}/", {}, b"{}")).told == "broken"
        assert (await sender.send(f"https://127.0.0.1:{port}/", {}, b"{}")).told in ("tls", "broken")


@pytest.mark.parametrize(
    ("text", "pause_s"),
    [
        (None, None),
        ("30", 30.0),
        (" 30 ", 30.0),
        ("99999999999999999999", limits.RETRY_AFTER_MAX_S),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(days=9), usegmt=True), 0.0),
        ("soon", None),
        ("-5", None),
        ("Wed, 99 Foo 2030 00:00:00", None),
        ("Tue, 01 Jan 2030 00:01:30", None),
        ("Tue, 01 Jan 2030 00:01:30 +99999999999999999999", None),
    ],
)
def test_the_pause_that_an_endpoint_asks_for(text: str | None, pause_s: float | None) -> None:
    assert retry_after_of(text, NOW) == pause_s


def test_the_times_of_attempts_are_spread_and_grow() -> None:
    assert retries.pauses(lambda _low, _high: 1.0) == list(retries.STEPS_S[1:])
    low, high = retries.pauses(min), retries.pauses(max)
    for step, least, most in zip(retries.STEPS_S[1:], low, high, strict=True):
        assert [least, most] == pytest.approx([0.8 * step, 1.2 * step])
    assert sum(retries.STEPS_S) == pytest.approx(75 * 3600 + 36 * 60 + 5)
