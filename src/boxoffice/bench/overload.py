"""More requests than the queue takes: how they are refused, and how soon bookings are fast again."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from statistics import median
from time import perf_counter
from typing import Final

from msgspec import Struct

from boxoffice.bench.hot import BASELINES, bare_name, book_hot
from boxoffice.bench.load import Load, Request, booking
from boxoffice.bench.plan import CROWD
from boxoffice.bench.results import Sample
from boxoffice.bench.stage import Item, Site, Stage

QUEUE_MAX: Final = 256
"""Commands that the small queue takes. One machine cannot open enough connections to fill the real queue."""

CONNECTIONS: Final = 1_000
"""Connections of the storm: most of them find the queue full."""

PROBE_EVERY_S: Final = 0.02
"""Pause between two bookings of the onlooker, in seconds. These bookings are no part of the load."""

CALM_TIMES: Final = 3.0
"""The server is calm again when a booking takes less than so many times the time from before the storm."""

RECOVERY_MAX_S: Final = 20.0
"""Longest wait for a calm server, in seconds: twice what the engine lets a command wait."""

ANSWER_MAX_S: Final = 30.0
"""Longest wait for one answer, in seconds."""


class _Probe(Struct, frozen=True):
    took_ms: float
    status: int
    retry_after: str | None


class _Onlooker:
    """A user with one connection who books a seat now and then, and notes how long the answer took."""

    def __init__(self, port: int, request: Request) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=ANSWER_MAX_S)
        self._request = request

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    async def book(self) -> _Probe:
        """Try to book one seat, and note the time and the answer."""
        return await asyncio.to_thread(self._book)

    def _book(self) -> _Probe:
        started = perf_counter()
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", self._request.path, self._request.body, headers)
        answer = self._connection.getresponse()
        answer.read()
        took_ms = (perf_counter() - started) * 1_000
        return _Probe(took_ms, answer.status, answer.getheader("Retry-After"))


async def overload(stage: Stage) -> list[Item]:
    """A storm on a server with a small queue, beside the same server with a load that it does not refuse."""
    site = await stage.site("overload", queue_max=QUEUE_MAX)
    calm = f"calm, {QUEUE_MAX // 2} connections"
    stage.notes.append(
        f"The queue takes {QUEUE_MAX} commands here, instead of the bound of the product: the crowd that "
        "would overload that one does not fit on the machine that also makes it."
    )
    return [
        Item(
            calm, "bookings/s", partial(book_hot, site, QUEUE_MAX // 2, seconds=stage.plan.seconds), BASELINES
        ),
        Item(
            f"overload, {CONNECTIONS:,} connections",
            "bookings/s",
            partial(_storm, stage, site),
            BASELINES | {"calm": calm, "bare ASGI": bare_name(CROWD)},
        ),
    ]


async def _storm(stage: Stage, site: Site) -> Sample:
    show_id = await site.make_hot_show(stage.plan.seconds + RECOVERY_MAX_S)
    with closing(_Onlooker(site.servers[0].port, booking(show_id, 1))) as onlooker:
        return await _watch(stage, site, show_id, onlooker)


async def _watch(stage: Stage, site: Site, show_id: int, onlooker: _Onlooker) -> Sample:
    before = [await onlooker.book() for _ in range(20)]
    load = Load(
        requests=[booking(show_id, 2)],
        connections=stage.connections(CONNECTIONS),
        seconds=stage.plan.seconds,
        inspect="status",
    )
    storm = asyncio.create_task(site.load(load))
    during: list[_Probe] = []
    while not storm.done():
        during.append(await onlooker.book())
        await asyncio.sleep(PROBE_EVERY_S)
    sample = storm.result()
    recovery_ms, after = await _recovery(onlooker, CALM_TIMES * median(probe.took_ms for probe in before))
    seen = [*before, *during, *after]
    site.acknowledged["booked"] += sum(probe.status == 201 for probe in seen)
    refused_per_s = sample.answers.get("503", 0) / sample.seconds
    return sample.with_more(refused_per_s=refused_per_s, recovery_ms=recovery_ms, **_refusals(seen))


def _refusals(seen: Sequence[_Probe]) -> dict[str, float]:
    """How often the onlooker was refused, and how fast."""
    refused = [probe for probe in seen if probe.status == 503]
    if not refused:
        return {}
    return {
        "onlooker_refused": len(refused),
        "of_them_with_Retry-After": sum(probe.retry_after is not None for probe in refused),
        "median_ms_of_a_refusal": median(probe.took_ms for probe in refused),
    }


async def _recovery(onlooker: _Onlooker, calm_ms: float) -> tuple[float, list[_Probe]]:
    """Milliseconds from the end of the storm until a booking was calm, and all bookings until then."""
    started = perf_counter()
    probes: list[_Probe] = []
    while perf_counter() - started < RECOVERY_MAX_S:
        probes.append(await onlooker.book())
        if probes[-1].status == 201 and probes[-1].took_ms <= calm_ms:
            break
    return (perf_counter() - started) * 1_000, probes
