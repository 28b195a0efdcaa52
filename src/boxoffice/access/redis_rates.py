"""Rate limits that instances share, counted in Redis; while Redis is away, each instance counts alone."""

import asyncio
from collections.abc import Callable
from hashlib import blake2b
from time import monotonic
from typing import Final

import structlog

from boxoffice.access.rates import WINDOW_S, MemoryRates, Rates, Spent, seconds_of, spend
from boxoffice.settings.rates import RateSettings
from boxoffice.settings.texts import SettingsError
from boxoffice.vocabulary import limits

CONNECTIONS_MAX: Final = 8
"""Connections of a process to Redis: each answers some thousand requests a second."""

AWAY_S: Final = 2.0
"""Seconds for which a Redis that did not answer is not asked again."""

_TAKE: Final = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local window, taken = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local debt = full_at - now
if debt + taken <= window + 0.000001 then
    redis.call('SET', KEYS[1], string.format('%.6f', full_at + taken), 'PX', math.ceil((debt + taken) * 1000))
end
return string.format('%.6f', debt)
"""
"""The script that takes tokens, given as the seconds that they are worth, in one step and by the clock of
Redis. It returns the seconds until the bucket would have been full."""

_log: Final = structlog.get_logger("boxoffice.rates")


def rates_of(settings: RateSettings) -> Rates:
    """The counter of requests under these settings. Raises ``SettingsError``."""
    url = settings.redis_url
    return MemoryRates() if url is None else RedisRates(url.reveal())


class RedisRates:
    """Rate limits counted in Redis, which gets only hashes of names: names are addresses and persons."""

    def __init__(self, url: str, clock: Callable[[], float] = monotonic) -> None:
        try:
            from redis import asyncio as redis  # noqa: PLC0415 - an extra, which only this needs
            from redis.exceptions import RedisError  # noqa: PLC0415 - likewise
        except ImportError:
            raise SettingsError(
                "RATE_LIMIT_REDIS_URL is set; expected the extra: pip install 'boxoffice[redis]'"
            ) from None
        self._errors = (RedisError, OSError, TimeoutError)
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS_MAX,
            timeout=limits.RATE_COUNTER_WAIT_MAX_S,
            socket_timeout=limits.RATE_COUNTER_WAIT_MAX_S,
            socket_connect_timeout=limits.RATE_COUNTER_WAIT_MAX_S,
            decode_responses=True,
        )
        self._redis = redis.Redis.from_pool(pool)
        self._take = self._redis.register_script(_TAKE)
        self._alone = MemoryRates()
        self._clock = clock
        self._away_until = 0.0

    async def take(self, name: str, per_window: int, cost: int = 1) -> Spent:
        """Takes ``cost`` tokens from the bucket of this name, if there are as many."""
        if self._clock() < self._away_until:
            return self._alone.take_now(name, per_window, cost)
        key = "boxoffice:rate:" + blake2b(name.encode(), digest_size=16).hexdigest()
        try:
            # The bounds of the pool are on single steps, which the driver repeats; this one is on the whole.
            async with asyncio.timeout(limits.RATE_COUNTER_WAIT_MAX_S):
                debt = await self._take(keys=[key], args=[WINDOW_S, seconds_of(cost, per_window)])
        except self._errors as error:
            self._away_until = self._clock() + AWAY_S
            _log.warning("redis_away", reason=type(error).__name__)
            return self._alone.take_now(name, per_window, cost)
        return spend(float(debt), per_window, cost)

    async def close(self) -> None:
        """Ends the connections."""
        await self._redis.aclose()
