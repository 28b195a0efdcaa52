"""Clients that buy, hold, confirm and give back seats, and keep a ledger of the answers."""

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import httpx
from msgspec import Struct, field

from tests.support.http import client as orders
from tests.support.http.client import Answer, Api, Ask
from tests.support.proof.ledger import Entry, Ledger

PAUSE_S: Final = 0.02
"""Seconds before a request that had no effect is sent again."""


class Crowd(Struct):
    """The state that the clients of one show share, and the answers that they got.

    ``answers`` by status and code. ``acknowledged``: the clients' clock and the database's when a new
    booking was made, by ``time.monotonic`` and ``created_at``.
    ``longest_s``: the longest wait for any answer.
    """

    api: Api
    url: str
    user_id: int
    ledger: Ledger
    chance: random.Random
    answers: Counter[str] = field(default_factory=Counter)
    acknowledged: list[tuple[float, datetime]] = field(default_factory=list)
    longest_s: float = 0.0
    leaving: bool = False
    told: list[str] = field(default_factory=list)


class Buyer:
    """One client. With a key it repeats a request until it is answered; without one it must not repeat it."""

    def __init__(self, crowd: Crowd, *, keyed: bool) -> None:
        self._crowd = crowd
        self._keyed = keyed
        self._mine: list[Entry] = []

    async def work(self) -> None:
        """Send one request after another until the crowd leaves; the last one is finished."""
        while not self._crowd.leaving:
            if self._mine and self._crowd.chance.random() < 0.4:
                await self._change(self._mine.pop())
            else:
                await self._new()

    async def _new(self) -> None:
        crowd = self._crowd
        order = orders.hold if crowd.chance.random() < 0.5 else orders.book
        ask = order(crowd.ledger.show_id, crowd.user_id, crowd.chance.randint(1, 3), self._key())
        answer = await self._told(ask)
        if answer is None:
            crowd.ledger.unknown += 1
        elif answer.done:
            created_at = datetime.fromisoformat(answer.data["created_at"])
            crowd.acknowledged.append((time.monotonic(), created_at))
            self._mine.append(crowd.ledger.acknowledge(answer))

    async def _change(self, entry: Entry) -> None:
        held = entry.may_be == {"PENDING"}
        order = self._crowd.chance.choice([orders.confirm, orders.fail]) if held else orders.cancel
        ask = order(entry.booking_id, self._key())
        before = set(entry.may_be)
        self._crowd.ledger.may_become(entry, ask)
        answer = await self._told(ask)
        if answer is None:
            return
        if answer.done:
            self._crowd.ledger.settle(entry, answer)
        else:  # the answer says that the request had no effect
            entry.may_be = before

    def _key(self) -> str | None:
        return str(uuid.UUID(int=self._crowd.chance.getrandbits(128))) if self._keyed else None

    async def _told(self, ask: Ask) -> Answer | None:
        """The answer; None if the outcome is not known."""
        while True:
            try:
                answer = await self._answer(ask)
            except httpx.ConnectError:  # no server got the request
                await asyncio.sleep(PAUSE_S)
                continue
            if answer is not None and answer.status < 500:
                if not answer.done:
                    self._crowd.told.append(f"{ask.method} {ask.path}, which was possible, got {answer}")
                return answer
            if ask.key is None:
                return None if answer is None or answer.code == "outcome_unknown" else answer
            await asyncio.sleep(PAUSE_S)

    async def _answer(self, ask: Ask) -> Answer | None:
        started = time.monotonic()
        try:
            answer = await self._crowd.api.ask(self._crowd.url, ask)
        except httpx.TimeoutException:
            self._crowd.told.append(
                f"{ask.method} {ask.path} was not answered within {orders.ANSWER_MAX_S} s"
            )
            return None
        except httpx.ConnectError:
            raise  # no server got the request
        except httpx.TransportError:
            self._crowd.answers["none"] += 1
            return None
        finally:
            self._crowd.longest_s = max(self._crowd.longest_s, time.monotonic() - started)
        if answer.status == 500 or answer.code == "internal_error":
            self._crowd.told.append(f"{ask.method} {ask.path} got {answer}")
        self._crowd.answers[f"{answer.status} {answer.code}".strip()] += 1
        if answer.status >= 500:
            await asyncio.sleep(PAUSE_S)
        return answer


@asynccontextmanager
async def crowd_at_work(crowd: Crowd, size: int) -> AsyncIterator[None]:
    """So many clients, half of them with keys, until the end of the block; by then all have answers."""
    tasks = [asyncio.create_task(Buyer(crowd, keyed=no % 2 == 0).work()) for no in range(size)]
    try:
        yield
        crowd.leaving = True
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
