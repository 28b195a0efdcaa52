"""Answers about shows that instances share in Redis, for the moment for which a process would keep them, too.

Only what a read would load is kept there; no decision about a sale asks for it. Whatever is wrong with Redis,
the answer is loaded from the database, as without it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from time import monotonic
from typing import Any, Final, TypeVar
from uuid import uuid4

import msgspec
import structlog
from msgspec import Struct

from boxoffice import __version__
from boxoffice.settings.settings import Settings
from boxoffice.settings.texts import SettingsError
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.faults import Fault

FRESH_S: Final = 0.2
"""Seconds from the begin of a load for which its answer is given: no longer than a process keeps its own."""

KEPT_S: Final = 60.0
"""Seconds for which an answer is there for the case that the database fails: longer than most failovers."""

LOAD_MAX_S: Final = 0.15
"""Seconds for which the others leave the load to the instance that began it. A load takes a few
milliseconds; if it takes longer, or its instance was killed, each loads for itself."""

LOOK_AGAIN_S: Final = 0.01
"""Seconds between two looks whether another instance's load is there: about the time of a load."""

ANSWER_MAX_S: Final = 0.03
"""Longest wait for Redis: a load from the database takes less in nearly all cases."""

AWAY_S: Final = 1.0
"""Seconds for which a Redis that did not answer is not asked again."""

CONNECTIONS_MAX: Final = 8
"""Connections of a process to Redis: each answers some thousand requests a second."""

_CLOCK: Final = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
"""

_ASK: Final = (
    _CLOCK
    + """
local kept = redis.call('HMGET', KEYS[1], 'began', 'answer')
local age = kept[1] and now - tonumber(kept[1])
if age and age >= 0 and age < tonumber(ARGV[1]) then return {'hit', string.format('%.0f', age), kept[2]} end
local mine = redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3])
return {mine and 'load' or 'wait', string.format('%.0f', now), ''}
"""
)
"""Gives the answer with its age in microseconds if it is fresh; one from the future is not, for the clock was
set back. Otherwise it says who loads: the asker, or another one for whom to wait; and the time by the clock
of Redis, which is when the load begins."""

_PUT: Final = (
    _CLOCK
    + """
local kept = redis.call('HMGET', KEYS[1], 'seq', 'began', 'written')
local seq, began = tonumber(ARGV[1]), tonumber(ARGV[2])
if redis.call('GET', KEYS[2]) == ARGV[3] then redis.call('DEL', KEYS[2]) end
if kept[1] and seq == tonumber(kept[1]) and began < tonumber(kept[2]) then return 'older' end
if kept[1] and seq < tonumber(kept[1]) then
    if began <= tonumber(kept[3]) + tonumber(ARGV[6]) then return 'older' end
end
redis.call('HSET', KEYS[1], 'seq', ARGV[1], 'began', ARGV[2], 'answer', ARGV[4],
           'written', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 'kept'
"""
)
"""Keeps an answer unless what is there is newer: of a later event, or of the same event and loaded later. A
load that began after a later event was kept, and does not see that event, shows that the event is gone (a
restore, a failover that lost it): such an answer is kept. It must have begun later by as much as a replica
may lag, for a replica may not have the event yet."""

_STALE: Final = (
    _CLOCK
    + """
local kept = redis.call('HMGET', KEYS[1], 'began', 'answer')
return {kept[1] and string.format('%.0f', now - tonumber(kept[1])) or '', kept[2] or ''}
"""
)

T = TypeVar("T")

_log: Final = structlog.get_logger("boxoffice.web")


class CachedAnswer(Struct, frozen=True, array_like=True):
    """A successful answer as it lies in Redis. ``template``: that of the operation's path."""

    headers: list[tuple[bytes, bytes]]
    body: bytes
    template: str


class Found(Struct, frozen=True):
    """An answer from Redis, and for how many seconds it may have been out of date."""

    answer: CachedAnswer
    age_s: float


class Turn(Struct, frozen=True):
    """The load of an answer that this process makes. ``began``: by the clock of Redis, in microseconds."""

    key: str
    began: str
    token: str


class SharedCache:
    """The answers that instances share. ``name`` asks the database for the name of its answers. ``lag_s``:
    for how many seconds a read may not see an event.
    """

    def __init__(
        self,
        url: str,
        name: Callable[[], Awaitable[str]],
        *,
        lag_s: float = 0.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Raises ``SettingsError`` without the extra."""
        try:
            from redis import asyncio as redis  # noqa: PLC0415 - an extra, which only this needs
            from redis.exceptions import RedisError  # noqa: PLC0415 - likewise
        except ImportError:
            raise SettingsError(
                "CACHE_REDIS_URL is set; expected the extra: pip install 'boxoffice[redis]'"
            ) from None
        self._errors = (RedisError, OSError, TimeoutError)
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS_MAX,
            timeout=ANSWER_MAX_S,
            socket_timeout=ANSWER_MAX_S,
            socket_connect_timeout=ANSWER_MAX_S,
            protocol=2,
        )
        self._redis: Any = redis.Redis.from_pool(pool)
        self._ask = self._redis.register_script(_ASK)
        self._put = self._redis.register_script(_PUT)
        self._stale = self._redis.register_script(_STALE)
        self._ask_name = name
        self._name = ""
        self._lag_us = int(lag_s * 1e6)
        self._clock = clock
        self._away_until = 0.0
        self._writing: set[asyncio.Task[None]] = set()

    async def find(self, show_id: int, form: str) -> Found | Turn | None:
        """A fresh answer, or the turn to load one, which ``keep`` ends; None: load without Redis."""
        key = await self._key(show_id, form)
        give_up_at = self._clock() + LOAD_MAX_S
        token = uuid4().hex
        while key is not None:
            told = await self._answered(
                self._ask(keys=[key, f"{key}:load"], args=[int(FRESH_S * 1e6), token, int(LOAD_MAX_S * 1e3)])
            )
            if told is None:
                return None
            what, number, answer = told
            if what == b"hit":
                return self._found(number, answer)
            if what == b"load" or self._clock() >= give_up_at:
                metrics.SHARED_CACHE.labels("miss").inc()
                return Turn(key, number.decode(), token)
            await asyncio.sleep(LOOK_AGAIN_S)
        return None

    def keep(self, turn: Turn, seq: int, answer: CachedAnswer) -> None:
        """Gives an answer that was loaded to the others; nobody waits for it."""
        task = asyncio.create_task(self.write(turn, seq, answer))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def write(self, turn: Turn, seq: int, answer: CachedAnswer) -> None:
        """Writes an answer, unless a newer one is there."""
        args: list[int | str | bytes] = [
            seq,
            turn.began,
            turn.token,
            msgspec.msgpack.encode(answer),
            int(KEPT_S * 1e3),
            self._lag_us,
        ]
        if await self._answered(self._put(keys=[turn.key, f"{turn.key}:load"], args=args)) == b"older":
            metrics.SHARED_CACHE.labels("older").inc()

    async def last(self, show_id: int, form: str) -> Found | None:
        """The last answer that is kept, however old: for the case that the database fails."""
        if not self._name:
            return None
        told = await self._answered(self._stale(keys=[f"bo:{self._name}:{show_id}:{form}"]))
        return None if told is None or not told[0] else self._found(told[0], told[1], "stale")

    async def close(self) -> None:
        """Ends what is being written, and the connections."""
        for task in self._writing:
            task.cancel()
        await self._redis.aclose()

    def _found(self, age: bytes, answer: bytes, result: str = "hit") -> Found | None:
        try:
            found = Found(msgspec.msgpack.decode(answer, type=CachedAnswer), int(age) / 1e6)
        except msgspec.DecodeError:  # whatever somebody wrote there
            metrics.SHARED_CACHE.labels("error").inc()
            return None
        metrics.SHARED_CACHE.labels(result).inc()
        return found

    async def _key(self, show_id: int, form: str) -> str | None:
        if self._is_away():
            return None
        if not self._name:
            try:
                self._name = await self._ask_name()
            except Fault:  # the load will tell
                return None
        return f"bo:{self._name}:{show_id}:{form}"

    def _is_away(self) -> bool:
        away = self._clock() < self._away_until
        metrics.SHARED_CACHE_AWAY.set(away)
        return away

    async def _answered(self, asking: Awaitable[T]) -> T | None:
        """What Redis answers; None if it is away, and then it is left alone for a while."""
        try:
            async with asyncio.timeout(ANSWER_MAX_S):
                return await asking
        except self._errors as error:
            self._away_until = self._clock() + AWAY_S
            metrics.SHARED_CACHE.labels("error").inc()
            metrics.SHARED_CACHE_AWAY.set(1)
            _log.warning("shared_cache_away", reason=type(error).__name__)
            return None


def form_of(*parts: object) -> str:
    """The name of all that an answer depends on beside its show; releases do not read each other's."""
    return blake2b(repr((__version__, *parts)).encode(), digest_size=12).hexdigest()


def cache_of(settings: Settings, name: Callable[[], Awaitable[str]]) -> SharedCache | None:
    """The cache under these settings. Raises ``SettingsError``."""
    url, replica = settings.cache.redis_url, settings.replica
    lag_s = 0.0 if replica.url is None else replica.lag_seconds_max
    return None if url is None else SharedCache(url.reveal(), name, lag_s=lag_s)
