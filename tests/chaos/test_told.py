"""The judges of who is told: each promise is broken once, and must be found."""

import asyncio
import random
import time
from typing import Any

import pytest

from boxoffice.settings.texts import Secret
from boxoffice.webhooks.signing import Signer, signed_headers
from tests.chaos import told
from tests.chaos.endpoints import Endpoint, is_fine
from tests.chaos.told import Message
from tests.chaos.watching import Watcher, untrue
from tests.support.engine.alongside import alongside
from tests.support.webhooks.receiver import Got, Receiver, Reply
from tests.support.webhooks.site import KEY

HISTORY = {7: ["7-1-aa", "7-2-bb", "7-3-cc"]}


@pytest.mark.parametrize(
    ("got", "broken"),
    [
        ("1 2 3", ""),
        ("1 2 1 2 3", "twice"),
        ("1 3", "never came: 7-2-bb"),
        ("1 3 2", "event 2 came after a later one"),
        ("1 2 3 4", "not in the history"),
    ],
)
def test_what_a_broker_got_is_judged(got: str, broken: str) -> None:
    ids = {7: [([*HISTORY[7], "7-4-dd"])[int(seq) - 1] for seq in got.split()]}
    found = told.all_in_order("nats", ids, HISTORY, once=True)
    assert [broken in text for text in found] == ([True] if broken else [])
    assert told.all_in_order("nats", ids, HISTORY) == [text for text in found if "twice" not in text]


def test_what_is_apart_may_come_late() -> None:
    late = {7: ["7-1-aa", "7-3-cc", "7-2-bb"]}
    assert told.all_in_order("shop", late, HISTORY, apart={"7-2-bb"}) == []


def test_two_bodies_under_one_id_are_found() -> None:
    same, other = Message(7, "7-1-aa", b"a"), Message(7, "7-1-aa", b"b")
    assert told.same_again("rabbitmq", [same, same]) == []
    assert told.same_again("rabbitmq", [same, other]) == ["rabbitmq: 7-1-aa came with two bodies"]


def message(seq: int, previous: int, *, generation: int = 1) -> Got:
    body = b'{"data":{"show_id":7,"seq":%d},"previous":"%016d"}' % (seq, previous)
    signer = Signer(Secret(KEY), 3, generation)
    return Got("/hook", signed_headers([signer], f"7-{seq}-aa", int(time.time()), body), body)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def endpoint(receiver: Receiver) -> Endpoint:
    endpoint = Endpoint(receiver, "shop", is_fine)
    endpoint.webhook_id = 3
    return endpoint


def arrives(receiver: Receiver, got: Got) -> Reply:
    receiver.got.append(got)
    return receiver.decide(got)


def test_a_wrong_signature_is_found(receiver: Receiver, endpoint: Endpoint) -> None:
    arrives(receiver, message(1, 0))
    assert endpoint.forged() == []
    arrives(receiver, message(2, 1, generation=2))
    assert endpoint.forged() == ["shop: 7-2-aa is not signed"]


def test_a_hole_that_is_no_letter_is_found(receiver: Receiver, endpoint: Endpoint) -> None:
    arrives(receiver, message(1, 0))
    arrives(receiver, message(3, 1))
    assert endpoint.holes() == ["shop: 7-3-aa tells a hole after 1 that is no letter"]
    endpoint.letters.add("7-2-aa")
    assert endpoint.holes() == []


def test_what_comes_after_the_drop_is_found(receiver: Receiver, endpoint: Endpoint) -> None:
    arrives(receiver, message(1, 0))
    endpoint.gone_at = time.monotonic()
    assert endpoint.late() == []
    arrives(receiver, message(2, 1))
    assert len(endpoint.late()) == 1


@pytest.fixture
def watcher() -> Watcher:
    return Watcher(random.Random(1), (), 7)


@pytest.mark.parametrize(
    ("name", "seq", "resumed", "broken"),
    [
        ("snapshot", 9, True, ""),
        ("seats", 8, True, ""),
        ("reset", 9, False, ""),
        ("reset", 9, True, "answered with reset"),
        ("snapshot", 7, True, "went back from event 8 to 7"),
        ("snapshot", 7, False, ""),
        ("seats", 5, False, "a frame of event 5 came after one of event 6"),
    ],
)
def test_a_frame_that_goes_back_is_found(
    watcher: Watcher, name: str, seq: int, resumed: bool, broken: str
) -> None:
    data: dict[str, Any] = {"seq": seq}
    watcher._check(name, data, 8, 6, resumed=resumed)
    assert [broken in text for text in watcher.broken] == ([True] if broken else [])


def test_a_state_that_never_was_is_found(watcher: Watcher) -> None:
    states = [b"\0\0", b"\1\0", b"\1\1"]
    watcher.seen.update({(1, b"\1\0"), (2, b"\1\1")})
    assert untrue([watcher], lambda _: states) == []
    watcher.seen.add((2, b"\0\1"))
    assert untrue([watcher], lambda _: states) == [
        "show 7: a watcher's map at event 2 is not what the events say"
    ]


async def test_a_check_that_fails_beside_a_block_is_seen() -> None:
    async def check() -> None:
        raise ValueError("the check itself is broken")

    with pytest.raises(ValueError, match="the check itself"):
        async with alongside(check()):
            await asyncio.sleep(0)
