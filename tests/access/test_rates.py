"""Rate limits: what a bucket gives, in memory and in Redis, and when Redis is away."""

import asyncio
import random
import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest

from boxoffice.access import rates
from boxoffice.access.rates import WINDOW_S, MemoryRates, Spent, spend
from boxoffice.access.redis_rates import AWAY_S, RedisRates
from boxoffice.vocabulary import limits
from tests.support.network.dripping import dripping
from tests.support.process.installed import installed
from tests.support.process.polling import wait_until
from tests.support.process.program import free_port


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_full_bucket_gives_a_minute_s_worth_and_no_more() -> None:
    clock = Clock()
    memory = MemoryRates(clock)
    left = [memory.take_now("ada", 5).left for _ in range(5)]
    refused = memory.take_now("ada", 5)
    assert left == [4, 3, 2, 1, 0]
    assert (refused.allowed, refused.left) == (False, 0)
    assert [refused.full_in_s, refused.retry_in_s] == pytest.approx([60, 12])
    clock.now += refused.retry_in_s
    assert memory.take_now("ada", 5).allowed
    assert not memory.take_now("ada", 5).allowed
    assert memory.take_now("bob", 5).allowed


def test_a_refused_request_costs_nothing() -> None:
    clock = Clock()
    memory = MemoryRates(clock)
    tries = [memory.take_now("ada", 5) for _ in range(100)]
    clock.now += tries[-1].retry_in_s
    assert memory.take_now("ada", 5).allowed


def test_what_costs_more_takes_more_and_what_is_given_back_is_there_again() -> None:
    memory = MemoryRates(Clock())
    assert memory.take_now("ada", 10, 7).left == 3
    assert not memory.take_now("ada", 10, 4).allowed
    assert memory.take_now("ada", 10, 3).left == 0
    assert memory.take_now("ada", 10, -5).left == 5
    assert memory.take_now("ada", 10, -50).left == 10


def test_what_costs_more_than_a_bucket_takes_a_full_one() -> None:
    clock = Clock()
    memory = MemoryRates(clock)
    assert memory.take_now("ada", 10, 50).left == 0
    assert not memory.take_now("ada", 10, 50).allowed
    clock.now += WINDOW_S
    assert memory.take_now("ada", 10, 50).allowed


@pytest.mark.parametrize("seed", range(5))
def test_nobody_gets_more_than_the_rate_over_any_span(seed: int) -> None:
    chance, clock, given = random.Random(seed), Clock(), []  # noqa: S311 - no secret
    memory = MemoryRates(clock)
    for _ in range(3_000):
        clock.now += chance.choice([0, 0, 0.01, 0.1, 1, chance.expovariate(0.2)])
        if memory.take_now("ada", 30).allowed:
            given.append(clock.now)
    for first in range(len(given)):
        for last in range(first, len(given)):
            span = given[last] - given[first]
            assert last - first + 1 <= 30 + span * 30 / WINDOW_S + 1e-6, f"seed {seed}"


def test_memory_is_bounded_and_forgets_full_buckets_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "BUCKETS_MAX", 100)
    clock = Clock()
    memory = MemoryRates(clock)
    for _ in range(5):
        memory.take_now("busy", 5)
    for number in range(99):
        memory.take_now(f"old {number}", 60)
    clock.now += 2  # the old buckets are full again, the busy one is not
    for number in range(50):
        memory.take_now(f"new {number}", 60)
    assert not memory.take_now("busy", 5).allowed
    for number in range(1_000):
        memory.take_now(f"crowd {number}", 60)
        assert len(memory._full_at) <= 100


def test_a_bucket_says_what_is_left_and_when_it_is_full() -> None:
    assert spend(0, 60) == Spent(allowed=True, left=59, full_in_s=1)
    assert spend(58.5, 60).left == 0
    assert spend(59.5, 60) == Spent(allowed=False, left=0, full_in_s=59.5, retry_in_s=0.5)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of our own."""
    server = installed("redis-server")
    port, folder = free_port(), tmp_path_factory.mktemp("redis")
    log = folder / "log"
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([server, *arguments, "--logfile", str(log)])
    try:
        wait_until(lambda: log.exists() and "Ready to accept" in log.read_text(), "Redis")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that answers late on a busy machine would be taken for one that is away."""
    monkeypatch.setattr(limits, "RATE_COUNTER_WAIT_MAX_S", 5.0)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[RedisRates]:
    """Rate limits that are counted in this Redis."""
    counted = RedisRates(redis_url)
    yield counted
    await counted.close()


async def test_redis_counts_as_memory_does(redis: RedisRates) -> None:
    spent = [await redis.take("ada", 5) for _ in range(6)]
    assert [each.left for each in spent] == [4, 3, 2, 1, 0, 0]
    assert [each.allowed for each in spent] == [True] * 5 + [False]
    assert 0 < spent[-1].retry_in_s <= 12


async def test_redis_charges_as_memory_does(redis: RedisRates) -> None:
    spent = [await redis.take("dear", 10, cost) for cost in (7, 4, 3, 1)]
    assert [each.allowed for each in spent] == [True, False, True, False]
    assert (await redis.take("dearest", 10, 50)).allowed
    assert not (await redis.take("dearest", 10, 50)).allowed


async def test_two_instances_share_a_bucket_whatever_the_interleaving(redis_url: str) -> None:
    instances = [RedisRates(redis_url) for _ in range(2)]
    given = await asyncio.gather(*(instances[i % 2].take("shared", 20) for i in range(60)))
    assert sum(spent.allowed for spent in given) == 20
    for instance in instances:
        await instance.close()


async def test_redis_is_told_no_names(redis: RedisRates) -> None:
    await redis.take("person https://login.example ada", 5)
    keys = await redis._redis.keys("*")
    assert keys
    assert not any("ada" in key for key in keys)
    assert all([0 < await redis._redis.pttl(key) <= WINDOW_S * 1000 for key in keys])


async def test_while_redis_is_away_each_instance_counts_alone() -> None:
    clock = Clock()
    away = RedisRates(f"redis://127.0.0.1:{free_port()}/0", clock)
    spent = [await away.take("ada", 3) for _ in range(4)]
    assert [each.allowed for each in spent] == [True, True, True, False]
    await away.close()


async def test_a_redis_that_came_back_is_used_again(redis_url: str) -> None:
    clock = Clock()
    rates = RedisRates(redis_url, clock)
    rates._away_until = clock.now + AWAY_S
    await rates.take("back", 5)
    assert (await rates.take("back", 5)).left == 3
    clock.now += AWAY_S
    assert (await rates.take("back", 5)).left == 4  # a bucket that this Redis has not seen yet
    await rates.close()


@pytest.mark.parametrize(
    ("beginning", "drop"), [(b"", b"$"), (b"$900000\r\n", b" "), (b"*900000\r\n", b":1\r\n")]
)
async def test_a_redis_that_drips_is_one_that_is_away(
    beginning: bytes, drop: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RATE_COUNTER_WAIT_MAX_S", 0.3)
    async with dripping(beginning, drop) as port, asyncio.timeout(20):
        counted = RedisRates(f"redis://127.0.0.1:{port}/0", Clock())
        assert [(await counted.take("ada", 1)).allowed for _ in range(2)] == [True, False]
        await counted.close()
