"""Instances share answers in a real Redis; none is wrong, whatever Redis does, and none costs the database
more than without Redis.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, cast

import pytest
from litestar import Litestar

from boxoffice.engine.reads import Reads
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.faults import Unavailable
from boxoffice.web.http import shared_cache
from boxoffice.web.http.services import services_of
from boxoffice.web.http.shared_cache import CachedAnswer, Found, SharedCache, Turn
from tests.support.http.api import Api, data_of
from tests.support.http.fixtures import client_of, running
from tests.support.process.redis import RedisServer, redis_server
from tests.support.settings import settings_for

LATE: Final = 5.0
"""Seconds for Redis in tests: one that answers late on a busy machine would be taken for one that is away."""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own."""
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_cache, "ANSWER_MAX_S", LATE)


class Instance:
    """An instance of the server, and how often it has loaded a seat map."""

    def __init__(self, app: Litestar, api: Api) -> None:
        self.api = api
        self.services = services_of(app)
        self._reads = self.services.reads
        self.services.reads = cast(Reads, self)
        self.loads = 0
        self.fails = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.loading = asyncio.Event()

    async def seat_map(self, show_id: int, **asked: Any) -> object:
        self.loads += 1
        if self.fails:
            raise Unavailable
        seats = await self._reads.seat_map(show_id, **asked)
        self.loading.set()
        await self.gate.wait()
        return seats

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reads, name)

    async def free(self, show: int, query: str = "") -> int:
        """How many seats it says are free."""
        answer = await self.api.http.get(f"/api/shows/{show}/available-seats{query}")
        return int(data_of(answer)["count"])

    async def written(self) -> None:
        """Wait until what it has loaded is in Redis."""
        cache = self.services.cache
        assert cache is not None
        await asyncio.gather(*cache._writing)


@pytest.fixture
async def instances(database: str, redis: RedisServer) -> AsyncIterator[list[Instance]]:
    """Two instances on one database and one Redis."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(2):
            app = await stack.enter_async_context(running(settings_for(database, CACHE_REDIS_URL=redis.url)))
            made.append(Instance(app, Api(await stack.enter_async_context(client_of(app)))))
        yield made


def answer_of(seq: int) -> CachedAnswer:
    """An answer that says the show is at this event."""
    return CachedAnswer([(b"etag", f'W/"{seq}"'.encode())], str(seq).encode(), "/")


async def named() -> str:
    """The name of a database."""
    return "a-database"


@pytest.fixture
async def caches(redis: RedisServer) -> AsyncIterator[list[SharedCache]]:
    """The caches of three instances."""
    made = [SharedCache(redis.url, named) for _ in range(3)]
    yield made
    for cache in made:
        await cache.close()


async def turn_of(cache: SharedCache, monkeypatch: pytest.MonkeyPatch) -> Turn:
    """The turn to load, though what is there be fresh and another one load."""
    with monkeypatch.context() as patch:
        patch.setattr(shared_cache, "FRESH_S", -1.0)
        patch.setattr(shared_cache, "LOAD_MAX_S", 0.002)
        turn = await cache.find(7, "form")
    assert isinstance(turn, Turn)
    return turn


async def kept(cache: SharedCache) -> str:
    """What is kept, however old."""
    await cache._key(7, "form")  # the name of the database is asked once
    found = await cache.last(7, "form")
    assert found is not None
    return found.answer.body.decode()


async def test_a_loader_that_is_late_overwrites_nothing_newer(
    caches: list[SharedCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = await turn_of(caches[0], monkeypatch)  # it has read event 5, and its write is under way for long
    soon = await turn_of(caches[1], monkeypatch)
    await caches[1].write(soon, 6, answer_of(6))

    await caches[0].write(late, 5, answer_of(5))

    assert await kept(caches[2]) == "6"
    again = await turn_of(caches[2], monkeypatch)
    await caches[2].write(again, 6, answer_of(6))
    await caches[0].write(late, 6, CachedAnswer([], b"as old as event 6", "/"))
    assert await kept(caches[2]) == "6"


async def test_after_history_was_rewound_answers_of_the_old_one_go(
    caches: list[SharedCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    await caches[0].write(await turn_of(caches[0], monkeypatch), 900, answer_of(900))

    await caches[1].write(await turn_of(caches[1], monkeypatch), 800, answer_of(800))

    assert await kept(caches[2]) == "800"


async def test_a_replica_that_is_behind_overwrites_nothing(
    redis: RedisServer, caches: list[SharedCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = SharedCache(redis.url, named, lag_s=60.0)
    await caches[0].write(await turn_of(caches[0], monkeypatch), 900, answer_of(900))

    await behind.write(await turn_of(behind, monkeypatch), 800, answer_of(800))

    assert await kept(caches[2]) == "900"
    await behind.close()


async def test_one_instance_loads_and_the_others_wait_for_it(
    caches: list[SharedCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_cache, "LOAD_MAX_S", 60.0)
    monkeypatch.setattr(shared_cache, "FRESH_S", 60.0)
    turn = await caches[0].find(7, "form")
    others = [asyncio.create_task(cache.find(7, "form")) for cache in caches[1:]]
    assert isinstance(turn, Turn)
    caches[0].keep(turn, 5, answer_of(5))

    found = await asyncio.gather(*others)

    assert [one.answer.body for one in found if isinstance(one, Found)] == [b"5", b"5"]


async def test_a_loader_that_was_killed_is_not_waited_for_long(caches: list[SharedCache]) -> None:
    assert isinstance(await caches[0].find(7, "form"), Turn)
    assert isinstance(await caches[1].find(7, "form"), Turn)


async def test_two_instances_cost_the_database_one_load(
    instances: list[Instance], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_cache, "FRESH_S", 60.0)
    first, second = instances
    show = (await first.api.show())["id"]
    first.services.engine._changed.clear()  # as if the show were older than what is fresh

    assert await first.free(show) == 10
    await first.written()
    assert await second.free(show) == 10

    assert (first.loads, second.loads) == (1, 0)


async def test_who_books_and_looks_sees_the_booking(instances: list[Instance], redis: RedisServer) -> None:
    first, second = instances
    user, show = await first.api.user(), (await first.api.show(seats=8))["id"]
    for left in range(8, 0, -1):
        await second.free(show)  # it puts into Redis what was there before
        assert await first.free(show) == left
        await first.api.booking(show, user["id"])


async def test_an_exact_read_sends_redis_nothing(instances: list[Instance], redis: RedisServer) -> None:
    first, second = instances
    show = (await first.api.show())["id"]
    await second.free(show)
    await second.written()
    before = await redis.commands()

    for instance in instances:
        assert await instance.free(show, "?consistent=true") == 10

    assert await redis.commands() == before > 0
    await second.free(show, "?format=ranges")
    assert await redis.commands() > before  # the count counts


@pytest.mark.parametrize("fault", ["killed", "stopped", "flushed"])
async def test_reads_are_right_whatever_redis_does(
    instances: list[Instance], redis: RedisServer, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = instances
    user, show = await first.api.user(), (await first.api.show())["id"]
    assert await second.free(show) == 10
    await second.written()
    monkeypatch.setattr(shared_cache, "FRESH_S", -1.0)  # Redis is asked even after a change
    if fault == "killed":
        redis.kill()
    elif fault == "stopped":
        monkeypatch.setattr(shared_cache, "ANSWER_MAX_S", 0.03)
        redis.hold()
    else:
        async with redis.client() as client:
            await client.flushall()
    before = metrics.SHARED_CACHE.labels("error")._value.get()

    for left in (9, 8):
        await first.api.booking(show, user["id"])
        assert await first.free(show) == left

    if fault != "flushed":  # it is asked once, and then left alone
        assert metrics.SHARED_CACHE.labels("error")._value.get() == before + 1
        assert metrics.SHARED_CACHE_AWAY._value.get() == 1
    if fault == "stopped":
        redis.go_on()


async def test_a_redis_that_came_back_is_asked_again(redis: RedisServer) -> None:
    now = 1_000.0
    cache = SharedCache(redis.url, named, clock=lambda: now)
    cache._away_until = now + shared_cache.AWAY_S
    assert await cache.find(7, "form") is None
    assert await redis.commands() == 0
    now += shared_cache.AWAY_S
    assert isinstance(await cache.find(7, "form"), Turn)
    await cache.close()


@pytest.mark.parametrize(("began", "answer"), [(0, b"garbage"), (3_600_000_000, None)])
async def test_garbage_and_answers_from_the_future_are_not_taken(
    redis: RedisServer,
    caches: list[SharedCache],
    monkeypatch: pytest.MonkeyPatch,
    began: int,
    answer: bytes | None,
) -> None:
    turn = await turn_of(caches[0], monkeypatch)
    if answer is None:
        await caches[0].write(Turn(turn.key, str(int(turn.began) + began), turn.token), 5, answer_of(5))
    else:
        async with redis.client() as client:
            await client.hset(turn.key, mapping={"seq": "9", "began": turn.began, "answer": answer})
    monkeypatch.setattr(shared_cache, "FRESH_S", 60.0)

    assert not isinstance(await caches[1].find(7, "form"), Found)


async def test_a_late_write_of_a_redis_that_was_stopped_is_not_taken_for_fresh(
    redis: RedisServer, caches: list[SharedCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = await turn_of(caches[0], monkeypatch)
    now = int(turn.began)
    late = Turn(turn.key, str(now - 2_000_000), turn.token)  # the load began 2 s before Redis went on

    await caches[0].write(late, 5, answer_of(5))

    assert isinstance(await caches[1].find(7, "form"), Turn)


async def test_while_the_database_fails_the_last_answer_is_told(
    instances: list[Instance], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = instances
    show = (await first.api.show())["id"]
    await second.free(show)
    await second.written()
    monkeypatch.setattr(shared_cache, "FRESH_S", -1.0)  # nothing is fresh
    first.services.engine._changed.clear()
    first.fails = True

    assert await first.free(show) == 10
    assert first.loads == 1
    answer = await first.api.http.get(f"/api/shows/{show}/available-seats?consistent=true")
    assert answer.status_code == 503


async def test_without_a_name_of_the_database_redis_is_not_asked(redis: RedisServer) -> None:
    async def fails() -> str:
        raise Unavailable

    cache = SharedCache(redis.url, fails)
    assert await cache.find(7, "form") is None
    assert await redis.commands() == 0
    await cache.close()
