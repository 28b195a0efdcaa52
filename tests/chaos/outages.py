"""The way to the database fails in every way a network can, and comes back: the server recovers by itself.

In a short run the server's timeouts for the database are a tenth of the real ones
(``tests/support/process/impatient.py``); in a long run they are the real ones.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import ClassVar, Final, Literal, get_args

import httpx
import msgspec
from msgspec import Struct

from tests.chaos.campaign import Campaign, Figures, Findings, Stage
from tests.support.engine.box import violations
from tests.support.engine.databases import connected
from tests.support.engine.eventually import eventually
from tests.support.http.client import Api, open_api
from tests.support.network.line import Line, open_line
from tests.support.process.power import RECOVERY_MAX_S, durable_cluster
from tests.support.process.program import Program
from tests.support.proof.buyers import Crowd, crowd_at_work
from tests.support.proof.ledger import Ledger

Kind = Literal["refused", "reset", "drops", "late", "black hole", "half a statement"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SILENT: Final = frozenset({"refused", "late", "black hole", "half a statement"})
"""Outages during which no byte comes from the database."""

CLIENTS: Final = 12
SEATS: Final = 100_000
LONG_RUN_S: Final = 60.0
"""Seconds from which on a run is a long one."""

_STUCK: Final = """
    SELECT pid, state, wait_event_type, query FROM pg_stat_activity
    WHERE application_name = 'boxoffice' AND backend_type = 'client backend'
      AND (state LIKE 'idle in transaction%' OR wait_event_type = 'Lock' OR state = 'active')
"""


class Lengths(Struct, frozen=True):
    """Lengths in seconds: ``before_s`` of the measurement before the outage, ``outage_s`` of the outage,
    ``window_s`` of the windows in which throughput is measured afterwards, ``settle_max_s`` of all windows.
    """

    before_s: float
    outage_s: float
    window_s: float
    settle_max_s: float


SHORT: Final = Lengths(0.3, 0.5, 0.2, 0.5)
LONG: Final = Lengths(3, 10, 1, 20)

IMPATIENT: Final = Path(__file__).parents[1] / "support/process/impatient.py"


class Impatient(Program):
    """The program with short waits."""

    launch: ClassVar[tuple[str, ...]] = ("-P", str(IMPATIENT))


class _Site(Struct):
    lengths: Lengths
    dsn: str
    line: Line
    program: Program
    api: Api
    user_id: int
    chance: random.Random
    ledgers: list[Ledger]
    settled_s: dict[str, list[str]]
    counts: Counter[str]
    longest_s: dict[str, float]
    violations: list[str]


async def run(stage: Stage) -> Findings:
    """Run one kind of outage after another until the time is up, and each kind at least once."""
    ends_at = time.monotonic() + stage.seconds
    async with _open_site(stage) as site:
        while len(site.ledgers) < len(KINDS) or time.monotonic() < ends_at:
            kind = KINDS[len(site.ledgers) % len(KINDS)]
            try:
                await _round(site, kind)
            except AssertionError as error:
                site.violations.append(f"{kind}: {error}")
                break
        if site.violations:
            histories = b"".join(msgspec.json.encode(ledger) + b"\n" for ledger in site.ledgers)
            (stage.folder / "outages.jsonl").write_bytes(histories)
    return Findings(_figures(site), site.violations)


async def _round(site: _Site, kind: Kind) -> None:
    """Load, outage, load until it is as fast as before; then the database is checked."""
    ledger = Ledger(await site.api.open_show(site.program.url, SEATS))
    site.ledgers.append(ledger)
    crowd = Crowd(site.api, site.program.url, site.user_id, ledger, site.chance)
    async with crowd_at_work(crowd, CLIENTS):
        await eventually(lambda: _acknowledged_since(crowd, 0), "a first booking")
        began_at = time.monotonic()
        await asyncio.sleep(site.lengths.before_s)
        rate = len([moment for moment, _ in crowd.acknowledged if moment > began_at]) / site.lengths.before_s
        await _outage(site, kind)
        healed_at = time.monotonic()
        await eventually(
            lambda: _is_ready(site), f"/readyz says that it is over ({kind})", wait_max_s=RECOVERY_MAX_S
        )
        await eventually(
            lambda: _acknowledged_since(crowd, healed_at),
            f"a booking after: {kind}",
            wait_max_s=RECOVERY_MAX_S,
        )
        site.settled_s.setdefault(kind, []).append(await _settled(site, crowd, healed_at, rate))
    await eventually(
        lambda: _nobody_is_stuck(site), f"no session in a transaction or at a lock after: {kind}"
    )
    site.counts.update(crowd.answers)
    site.longest_s[kind] = max(site.longest_s.get(kind, 0.0), crowd.longest_s)
    site.violations += [f"{kind}: {text}" for text in crowd.told + await _broken(site, ledger)]


async def _outage(site: _Site, kind: Kind) -> None:
    """Run an outage. A silent one lasts at least until /readyz reports it."""
    line, ends_at = site.line, time.monotonic() + site.lengths.outage_s
    match kind:
        case "refused":
            line.shut()
        case "reset":
            line.reset()
        case "drops":
            line.lives_s = (0.1, 1.0)
            line.reset()
        case "late":
            line.stall()
        case "black hole":
            line.swallow()
        case "half a statement":
            line.swallow(within=True)
    if kind in SILENT:
        status = await _readiness(site)
        if status != 503:
            site.violations.append(
                f"{kind}: /readyz said {status} while nothing could come from the database"
            )
    if kind != "reset":
        await asyncio.sleep(ends_at - time.monotonic())
    line.lives_s = None
    await line.open()


async def _settled(site: _Site, crowd: Crowd, healed_at: float, rate: float) -> str:
    """Seconds until the throughput was 95 % of ``rate`` again. The number is reported, not judged."""
    window_s, wanted = site.lengths.window_s, 0.95 * rate * site.lengths.window_s
    while (now := time.monotonic()) < healed_at + site.lengths.settle_max_s + window_s:
        moments = [moment for moment, _ in crowd.acknowledged if moment > healed_at]
        for start in moments:
            if start + window_s <= now and sum(start <= m < start + window_s for m in moments) >= wanted:
                return f"{start - healed_at:.1f}"
        await asyncio.sleep(window_s / 4)
    return f"over {site.lengths.settle_max_s:g}"


async def _acknowledged_since(crowd: Crowd, moment: float) -> bool:
    return bool(crowd.acknowledged) and crowd.acknowledged[-1][0] > moment


async def _readiness(site: _Site) -> int:
    """The HTTP status of /readyz; 0 if the server does not answer."""
    try:
        return (await site.api.get(site.program.url, "/readyz")).status_code
    except httpx.TransportError:
        return 0


async def _is_ready(site: _Site) -> bool:
    return await _readiness(site) == 200


async def _nobody_is_stuck(site: _Site) -> bool:
    async with connected(site.dsn) as connection:
        return not await connection.fetch(_STUCK)


async def _broken(site: _Site, ledger: Ledger) -> list[str]:
    async with connected(site.dsn) as connection:
        lost = await ledger.compare(connection)
    checks = await violations(site.dsn)
    return lost + [f"verify, {check}: {text}" for check, texts in checks.items() for text in texts]


def _figures(site: _Site) -> Figures:
    figures: Figures = {
        "rounds": len(site.ledgers),
        "bookings acknowledged": sum(len(ledger.entries) for ledger in site.ledgers),
        "new bookings never answered": sum(ledger.unknown for ledger in site.ledgers),
    }
    figures |= {f"answers {answer}": count for answer, count in sorted(site.counts.items())}
    figures |= {f"{kind}, s until 95 % throughput": ", ".join(t) for kind, t in site.settled_s.items()}
    return figures | {f"{kind}, longest answer in s": round(s, 1) for kind, s in site.longest_s.items()}


@asynccontextmanager
async def _open_site(stage: Stage) -> AsyncIterator[_Site]:
    chance = random.Random(stage.seed)
    long = stage.seconds >= LONG_RUN_S
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(durable_cluster(stage.folder))
        line = await stack.enter_async_context(open_line(cluster.dsn, chance))
        program = (Program if long else Impatient)(stage.folder, DATABASE_URL=line.dsn)
        stack.push_async_callback(asyncio.to_thread, program.close)
        await asyncio.to_thread(program.serve)
        api = await stack.enter_async_context(open_api())
        yield _Site(
            lengths=LONG if long else SHORT,
            dsn=cluster.dsn,
            line=line,
            program=program,
            api=api,
            user_id=await api.register(program.url),
            chance=chance,
            ledgers=[],
            settled_s={},
            counts=Counter(),
            longest_s={},
            violations=[],
        )


CAMPAIGN: Final = Campaign(
    name="outages",
    promise="whatever the way to the database does, callers are answered and the server recovers by itself",
    share=3,
    short_s=6,
    run=run,
)
