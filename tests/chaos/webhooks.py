"""Two servers send webhooks to endpoints that fail, hang, throttle, are gone and come back, while the servers
are killed or sleep beyond their leases: each endpoint is told everything, in order for each show.

What an endpoint refuses for too long is parked, and arrives when it is sent again. An endpoint that was
dropped is told nothing more.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from tests.chaos import told
from tests.chaos.campaign import Campaign, Findings, Stage
from tests.chaos.endpoints import MOODS, Endpoint, Mood, is_fine, is_poisoned
from tests.chaos.hurried import LEASE_S
from tests.chaos.kills import asleep
from tests.chaos.sale import HurriedProgram, Sale, level, open_sale, rounds, selling
from tests.support.engine.alongside import alongside
from tests.support.engine.eventually import eventually
from tests.support.http.client import Ask
from tests.support.process.program import Program
from tests.support.webhooks.receiver import open_receiver
from tests.support.webhooks.site import KEY

ROUND_S: Final = 20.0
"""Seconds of a round, which has endpoints of its own."""

ASLEEP_S: Final = LEASE_S * 1.5
"""Seconds for which a server sleeps: its leases are over then, and the other has taken them."""

TIMEOUT_S: Final = 1.0
"""Seconds within which an endpoint must answer."""

GOES_ON_MAX_S: Final = TIMEOUT_S + 1.0
"""Seconds after which nothing may come to an endpoint that was dropped: a look at the endpoints each fifth of
a second, and the messages under way."""

MOOD_MAX_S: Final = 1.5
"""Longest mood in seconds; the shortest is a fifth of it."""

TOLD_MAX_S: Final = 90.0
"""Longest wait, in seconds, until all endpoints have everything: a hint that was lost costs a minute."""

ENDPOINTS: Final[dict[str, Mood]] = {
    "fine": is_fine,
    "moody": is_fine,
    "moody too": is_fine,
    "poisoned": is_poisoned,
    "dropped": is_fine,
}


async def run(stage: Stage) -> Findings:
    """Rounds, each with new shows and new endpoints."""
    async with AsyncExitStack() as stack:
        sale = await stack.enter_async_context(open_sale(stage, lambda dsn: _servers(stage, dsn)))
        dropped: list[Endpoint] = []

        async def one(until: float) -> None:
            endpoints = [
                Endpoint(await stack.enter_async_context(open_receiver()), name, mood)
                for name, mood in ENDPOINTS.items()
            ]
            await _round(sale, endpoints, until)
            dropped.extend(endpoints)

        await rounds(sale, stage.seconds, ROUND_S, one)
        sale.violations += [text for endpoint in dropped for text in endpoint.late()]
        return sale.findings()


def _servers(stage: Stage, dsn: str) -> list[Program]:
    settings = {
        "WEBHOOK_SECRET_KEY": KEY,
        "WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8",
        "WEBHOOK_ALLOW_HTTP": "true",
        "WEBHOOK_TIMEOUT_SECONDS": str(TIMEOUT_S),
    }
    return [HurriedProgram(stage.folder, DATABASE_URL=dsn, DB_POOL_MAX="8", **settings) for _ in range(2)]


async def _round(sale: Sale, endpoints: list[Endpoint], until: float) -> None:
    shows = await sale.open_shows()
    for endpoint in endpoints:
        body = {"name": endpoint.name, "url": endpoint.url, "show_ids": shows, "from_start": True}
        endpoint.webhook_id = (await _ask(sale, "POST", "", body))["webhook"]["id"]
    async with selling(sale, shows), _moods(sale, endpoints):
        await _suffer(sale, endpoints[-1], until)
    told_to = endpoints[:-1]
    await _come_back(sale, told_to)
    for endpoint in told_to:
        await level(sale, f"webhook:{endpoint.webhook_id}", shows, TOLD_MAX_S)
    histories = await sale.histories(shows)
    for endpoint in told_to:
        await _judge_letters(sale, endpoint, histories)
    for endpoint in told_to:
        await _judge(sale, endpoint, histories)
    for endpoint in told_to:
        await _drop(sale, endpoint)
    sale.violations += [text for endpoint in endpoints for text in endpoint.forged()]
    sale.counts["messages"] += sum(endpoint.count for endpoint in endpoints)


async def _suffer(sale: Sale, dropped: Endpoint, until: float) -> None:
    async def sleep() -> None:
        with asleep(sale.servers[1].process.pid):
            await asyncio.sleep(ASLEEP_S / 2)
            if dropped_now := dropped.gone_at is None:
                await _drop(sale, dropped)
            await asyncio.sleep(ASLEEP_S / 2)
        if dropped_now:
            dropped.gone_at = time.monotonic() + GOES_ON_MAX_S

    faults = {
        "servers killed": sale.kill_server,
        "servers asleep": sleep,
        "databases killed": sale.kill_database,
        "both killed": sale.kill_both,
    }
    await sale.suffer(faults, sale.chance.sample(list(faults)[:2], 2), until)


@asynccontextmanager
async def _moods(sale: Sale, endpoints: Sequence[Endpoint]) -> AsyncIterator[None]:
    """The moody endpoints change their moods again and again, and are fine in the end."""
    moody = [endpoint for endpoint in endpoints if endpoint.name.startswith("moody")]

    async def change() -> None:
        while True:
            endpoint, mood = sale.chance.choice(moody), sale.chance.choice(MOODS)
            sale.counts[f"endpoint {mood.__name__.replace('_', ' ')}"] += 1
            endpoint.feel(mood)
            await asyncio.sleep(sale.chance.uniform(MOOD_MAX_S / 5, MOOD_MAX_S))

    try:
        async with alongside(change()):
            yield
    finally:
        for endpoint in moody:
            endpoint.feel(is_fine)


async def _come_back(sale: Sale, endpoints: Sequence[Endpoint]) -> None:
    """Those that were disabled are told again."""
    for endpoint in endpoints:
        if (await _ask(sale, "GET", f"/{endpoint.webhook_id}"))["state"] == "disabled":
            sale.counts["endpoints disabled"] += 1
            await _ask(sale, "POST", f"/{endpoint.webhook_id}/resume", {"backlog": "resume"})


async def _judge_letters(sale: Sale, endpoint: Endpoint, histories: dict[int, list[str]]) -> None:
    """What was not taken must be letters. They are sent again."""
    letters = await _letters(sale, endpoint)
    for letter in letters:
        endpoint.letters.update(histories[letter["show_id"]][letter["seq"] - 1 : letter["last_seq"]])
    taken = {message.id for message in endpoint.taken}
    lost = [one for ids in histories.values() for one in ids if one not in taken | endpoint.letters]
    if lost:
        sale.violations.append(
            f"{endpoint.name}: {len(lost)} events neither arrived nor parked, such as {lost[0]}"
        )
    sale.counts["letters parked"] += len(letters)
    endpoint.feel(is_fine)
    for letter in letters:
        await _ask(sale, "POST", f"/{endpoint.webhook_id}/parked/{letter['id']}/retry")


async def _judge(sale: Sale, endpoint: Endpoint, histories: dict[int, list[str]]) -> None:
    async def no_letter() -> bool:
        return not await _letters(sale, endpoint)

    await eventually(no_letter, f"all letters to {endpoint.name} arrive")
    got = told.by_show(endpoint.taken, histories)
    sale.violations += told.all_in_order(endpoint.name, got, histories, apart=endpoint.letters)
    sale.violations += told.same_again(
        endpoint.name, [m for m in endpoint.taken if m.id not in endpoint.letters]
    )
    sale.violations += endpoint.holes()
    sale.counts["messages taken twice"] += len(endpoint.taken) - len(
        {message.id for message in endpoint.taken}
    )


async def _drop(sale: Sale, endpoint: Endpoint) -> None:
    await _ask(sale, "DELETE", f"/{endpoint.webhook_id}")
    endpoint.gone_at = time.monotonic() + GOES_ON_MAX_S


async def _letters(sale: Sale, endpoint: Endpoint) -> list[dict[str, Any]]:
    response = await sale.api.get(sale.servers[0].url, f"/api/webhooks/{endpoint.webhook_id}/parked")
    letters: list[dict[str, Any]] = response.json()["data"]
    return letters


async def _ask(sale: Sale, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await sale.api.ask(sale.servers[0].url, Ask("", method, f"/api/webhooks{path}", body))
    assert answer.done, answer
    return answer.data


CAMPAIGN: Final = Campaign(
    name="webhooks",
    promise="every endpoint is told everything, in order for each show, whoever fails, is killed or sleeps",
    share=2,
    short_s=3,
    run=run,
)
