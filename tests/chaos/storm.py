"""The campaign "storm": many clients at three servers, and every few seconds a fault."""

import asyncio
import random
import time
from collections import Counter
from typing import Any, Final

import httpx

from boxoffice.database.verify import verify
from tests.chaos.asking import ANSWER_MAX_S, Asker, booking_of
from tests.chaos.campaign import Campaign, Figures, Findings, Stage
from tests.chaos.checker import check
from tests.chaos.clients import Client, Hall, Recorder, ask_at_last
from tests.chaos.history import FinalBooking, History, Operation, Show, describe, save
from tests.chaos.site import Site, open_site

CLIENTS: Final = 24
HOT_SEATS: Final = 60
OTHER_SHOWS: Final = 50
OTHER_SEATS: Final = 30

ROUND_MIN_S: Final = 9.0
"""Seconds of the shortest storm. A storm lasts longer until every kind of fault has happened."""

ROUND_MAX_S: Final = 60.0
"""Seconds of the longest storm. A longer campaign has several storms, each with its own shows."""

AFTERWARDS_S: Final = 5.0
"""About how many seconds the end of a round takes: settling, the last questions, judging."""

LAST_ANSWER_MAX_S: Final = 20.0
"""Longest wait for an answer when no fault lasts, in seconds: more than the engine's own bounds."""

CALM_MAX_S: Final = 1.0
"""Longest time between the end of a fault and the next one, in seconds."""


async def run(stage: Stage) -> Findings:
    """Run rounds until the time is up."""
    findings = Findings(_no_figures(), [])
    give_up_at = time.monotonic() + stage.seconds
    async with open_site(stage.folder) as site:
        number = 0
        while not number or time.monotonic() + ROUND_MIN_S < give_up_at:
            left = give_up_at - time.monotonic() - AFTERWARDS_S
            await site.start()
            storm = _Storm(site, stage.seed + number)
            history = await storm.blow(min(max(left, ROUND_MIN_S), ROUND_MAX_S))
            save(history, stage.folder / f"storm-{stage.seed + number}.jsonl")
            _judge(history, storm, findings)
            findings.violations += [text async for text in _verified(site)]
            number += 1
    findings.figures["rounds"] = number
    return findings


class _Storm:
    """One round: new shows, the clients, the faults, and the last questions after all faults."""

    def __init__(self, site: Site, seed: int) -> None:
        self._site = site
        self._seed = seed
        self._random = random.Random(seed)
        self._recorder = Recorder()
        self.faults: Counter[str] = Counter()
        self.resolved = 0
        self.violations: list[str] = []

    async def blow(self, seconds: float) -> History:
        """Run a storm of so many seconds; returns its history."""
        async with httpx.AsyncClient(base_url=self._url(), timeout=30.0) as http:
            shows, users = await self._prepare(http)
        hall = Hall([(show.id, show.total) for show in shows])
        askers = [Asker(self._site.ports) for _ in users]
        clients = [
            Client(no, user, asker, len(self._site.ports), hall, self._recorder, self._seed)
            for no, (user, asker) in enumerate(zip(users, askers, strict=True))
        ]
        async with asyncio.TaskGroup() as tasks:
            trouble = tasks.create_task(self._make_trouble(shows[0].id, time.monotonic() + seconds))
            for client in clients:
                tasks.create_task(client.work(lambda: not trouble.done()))
        for asker in askers:
            asker.close()
        await self._site.settle()
        await self._site.start(servers=1)
        return await self._last_questions(shows)

    async def _prepare(self, http: httpx.AsyncClient) -> tuple[list[Show], list[int]]:
        sizes = [HOT_SEATS] + [OTHER_SEATS] * OTHER_SHOWS
        start = "2035-01-01T20:00:00Z"
        shows = [
            await _posted(
                http, "/api/shows", name=f"Show {no} {self._seed}", start_time=start, total_seats=size
            )
            for no, size in enumerate(sizes)
        ]
        users = [
            await _posted(http, "/api/users", name=f"User {no}", email=f"user{no}@example.com")
            for no in range(CLIENTS)
        ]
        return [Show(data["id"], data["total_seats"]) for data in shows], [data["id"] for data in users]

    async def _make_trouble(self, hot_show: int, over_at: float) -> None:
        """Make one fault after another until the time is up; each kind comes once before any comes again."""
        faults = self._site.faults(hot_show, self._random)
        while time.monotonic() < over_at:
            for name in self._random.sample(list(faults), len(faults)):
                if self.faults[name] and time.monotonic() > over_at:
                    return
                await asyncio.sleep(self._random.uniform(0, CALM_MAX_S))
                await faults[name]()
                self.faults[name] += 1

    async def _last_questions(self, shows: list[Show]) -> History:
        """Repeat the requests that were never answered; then read all bookings, seats and counters."""
        asker = Asker(self._site.ports)
        for operation in [o for o in self._recorder.operations if o.outcome == "info" and o.key]:
            self.resolved += await self._ask_at_last(operation, asker)
        finals = list[FinalBooking]()
        async with httpx.AsyncClient(base_url=self._url(), timeout=30.0) as http:
            for show in shows:
                finals += [FinalBooking(booking_of(data)) async for data in _listed(http, show.id)]
        for show in shows:
            seats = Operation(0, -1, 0, "seats", show.id, 0, 0, consistent=True)
            stats = Operation(0, -1, 0, "stats", show.id, 0, 0, consistent=True)
            for look in (seats, stats):
                await self._ask_at_last(self._recorder.begin(look), asker)
        asker.close()
        return History(shows, self._recorder.operations, finals)

    async def _ask_at_last(self, operation: Operation, asker: Asker) -> bool:
        """Whether a repeated request is answered now, as it must be. After one failure waits are shorter."""
        wait_max_s = ANSWER_MAX_S if self.violations else LAST_ANSWER_MAX_S
        known = await ask_at_last(operation, asker, self._recorder, wait_max_s=wait_max_s)
        if not known:
            self.violations.append(
                f"show {operation.show}: {describe(operation)} was not answered when all was well again"
            )
        return known

    def _url(self) -> str:
        return f"http://127.0.0.1:{self._site.ports[0]}"


async def _posted(http: httpx.AsyncClient, path: str, **body: object) -> Any:
    response = await http.post(path, json=body)
    return response.raise_for_status().json()["data"]


async def _listed(http: httpx.AsyncClient, show: int) -> Any:
    path: str | None = f"/api/bookings/show/{show}?consistent=true"
    while path:
        response = (await http.get(path)).raise_for_status()
        for data in response.json()["data"]:
            yield data
        path = response.links.get("next", {}).get("url")


async def _verified(site: Site) -> Any:
    for result in (await verify(site.dsn)).results:
        for violation in result.violations:
            yield f"verify, {result.name}: show {violation.show_id}: {violation.text}"


def _no_figures() -> Figures:
    return {"operations": 0, "ok": 0, "fail": 0, "info": 0, "info resolved by key": 0}


def _judge(history: History, storm: _Storm, findings: Findings) -> None:
    started = time.monotonic()
    judgement = check(history)
    findings.violations += storm.violations + judgement.violations
    outcomes = Counter[str](operation.outcome for operation in history.operations)
    counted = Counter[str]({"operations": len(history.operations), "info resolved by key": storm.resolved})
    counted |= outcomes | Counter({f"fault: {name}": number for name, number in storm.faults.items()})
    counted |= Counter({"seats checked": judgement.seats, "bookings checked": judgement.bookings})
    counted["undecided"] = judgement.undecided
    for name, number in counted.items():
        figure = findings.figures.get(name, 0)
        assert isinstance(figure, int)
        findings.figures[name] = figure + number
    spent = findings.figures.get("judging, s", 0)
    assert not isinstance(spent, str)
    findings.figures["judging, s"] = round(spent + time.monotonic() - started, 1)


CAMPAIGN: Final = Campaign(
    name="storm",
    promise="every seat has a history that the rules allow, whatever is killed, stopped or cut off",
    share=12,
    short_s=10,
    run=run,
)
