"""Bots that hold seats without buying them, and families that want to buy, as callers of two servers."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import httpx
from msgspec import Struct

from tests.support.http.client import ANSWER_MAX_S, Answer, Api, Ask, cancel, confirm, hold
from tests.support.http.identity import Provider, bearer

HOLD_S: Final = 0.9375
"""The longest hold, in seconds. The setting is in minutes, so this must be an exact fraction of a minute."""

COOLDOWN_S: Final = 0.5
"""The pause after a hold of the longest length, in seconds."""

LIFE_S: Final = 2 * HOLD_S
"""The longest lifetime of a hold with its extensions, in seconds."""

HOLDS_MAX: Final = 3
HOLDS_PER_SHOW_MAX: Final = 2
SEATS_MAX: Final = 2
"""Seats in a hold at most; bots always take as many."""

LINES: Final = 2
"""How many tasks of each bot follow its plan at the same time."""

REFUSALS: Final = {"too_many_holds", "hold_cooldown", "hold_expired", "invalid_state", "hold_lifetime_over"}
"""The refusals that a bot may get."""

TOKEN_S: Final = 3_600
"""Seconds that a token is good for: longer than a round."""


class Place(Struct, frozen=True):
    """The site of a round: the servers' URLs, the shows, a shop's API key, and the issuer of tokens."""

    urls: list[str]
    shows: list[int]
    shop_key: str
    provider: Provider


class Bot:
    """A user that many tasks work for. ``told``: the number of its answers by code."""

    def __init__(self, api: Api, user_id: int, place: Place, chance: random.Random) -> None:
        self.user_id = user_id
        self.shows = place.shows
        self.told = Counter[str]()
        self.chance = chance
        self._api = api
        self._urls = place.urls

    async def ask(self, ask: Ask, server: int | None = None) -> Answer:
        """Send a request to one of the servers; returns the answer."""
        url = self.chance.choice(self._urls) if server is None else self._urls[server]
        answer = await self._api.ask(url, ask)
        self.told[answer.code or ask.effect] += 1
        return answer

    async def hold(self, show: int, key: str | None = None, server: int | None = None) -> Answer:
        """Ask for a hold of some length."""
        seconds = self.chance.choice((HOLD_S, HOLD_S, HOLD_S / 3))
        return await self.ask(hold(show, self.user_id, SEATS_MAX, key, seconds=seconds), server)


async def hold_again(bot: Bot) -> None:
    """Hold again and again."""
    await bot.hold(bot.shows[0])


async def cancel_at_the_end(bot: Bot) -> None:
    """Cancel each hold just before its end, so that it does not run out, and hold again at once."""
    held = await bot.hold(bot.shows[0])
    if held.done:
        await asyncio.sleep(bot.chance.uniform(0.6, 0.98) * HOLD_S)
        await bot.ask(cancel(held.data["id"]))


async def extend_to_the_end(bot: Bot) -> None:
    """Extend the hold as long as the server allows."""
    held = await bot.hold(bot.shows[0])
    while held.done:
        await asyncio.sleep(0.3 * HOLD_S)
        path = f"/api/bookings/{held.data['id']}/extend"
        held = await bot.ask(Ask("extended", "POST", path, {"hold_seconds": HOLD_S}))


async def spread_over_shows(bot: Bot) -> None:
    """Hold in all shows at the same time."""
    await asyncio.gather(*(bot.hold(show) for show in bot.shows))


async def repeat_with_keys(bot: Bot) -> None:
    """Ask both servers at once with one key, then again with that key, then without a key."""
    key = f"{bot.chance.random()}"
    ask = hold(bot.shows[0], bot.user_id, SEATS_MAX, key)
    await asyncio.gather(bot.ask(ask, 0), bot.ask(ask, 1), bot.hold(bot.shows[0]))
    await bot.ask(ask)


PLANS: Final[tuple[Callable[[Bot], Awaitable[None]], ...]] = (
    hold_again,
    cancel_at_the_end,
    extend_to_the_end,
    spread_over_shows,
    repeat_with_keys,
)


async def hoard(bot: Bot, plan: Callable[[Bot], Awaitable[None]], end: float) -> None:
    """Follow a plan in several tasks until the time is up."""

    async def line() -> None:
        while time.monotonic() < end:
            await plan(bot)

    await asyncio.gather(*(line() for _ in range(LINES)))


@asynccontextmanager
async def person(place: Place, name: str) -> AsyncIterator[tuple[Api, int]]:
    """A person with a token, and the user that the first call with the token registers."""
    token = place.provider.token(name, exp=int(time.time()) + TOKEN_S)
    async with _client(token) as api:
        yield api, (await api.get(place.urls[0], "/api/users/me")).json()["data"]["id"]


@asynccontextmanager
async def client_of_the_shop(place: Place, name: str) -> AsyncIterator[tuple[Api, int]]:
    """A client of the shop, for whom the shop asks with its API key."""
    async with _client(place.shop_key) as api:
        body = {"name": name, "email": f"{name}@shop.example.com"}
        yield api, (await api.ask(place.urls[0], Ask("", "POST", "/api/users", body))).data["id"]


async def buy_once(place: Place, name: str, show: int) -> tuple[Answer, Answer | None]:
    """A family holds its seats and pays at the shop. Returns the answers to the family and to the shop."""
    async with person(place, name) as (api, user_id):
        held = await api.ask(place.urls[1], hold(show, user_id, SEATS_MAX))
    if not held.done:
        return held, None
    async with _client(place.shop_key) as shop:
        return held, await shop.ask(place.urls[0], confirm(held.data["id"]))


@asynccontextmanager
async def _client(credential: str) -> AsyncIterator[Api]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=ANSWER_MAX_S, limits=limits, headers=bearer(credential)) as client:
        yield Api(client)
