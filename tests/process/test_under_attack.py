"""While some clients mean harm, the others book: no instance is marked down, and memory stays bounded."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import quantiles
from typing import Final

import pytest

from tests.support.process.attackers import (
    Attack,
    attacked,
    forged_trailers,
    header_flood,
    heads_of,
    slow_body,
)
from tests.support.process.balancer import Balancer, Customers, balanced, killed
from tests.support.process.program import Program

MORE_MB_MAX: Final = 100
"""Megabytes by which an instance may grow under an attack. Without bounds tiny headers take 300."""

LOOKS: Final = 8
"""How often the test looks at the customers during an attack."""

ATTACKS: Final[dict[str, tuple[Attack, int]]] = {
    "slow bodies": (slow_body, 200),
    "floods of headers": (header_flood, 4),
    "forged trailers": (forged_trailers, 4),
    "HEAD storms": (heads_of(b"/api-docs/assets/swagger-ui-bundle.js", 0.02), 2),
}
"""Attacks, and on how many connections each."""


@pytest.fixture
async def instances(tmp_path: Path, database: str) -> AsyncIterator[list[Program]]:
    """Two instances behind haproxy."""
    settings = {"DATABASE_URL": database, "AUTH": "off", "TRUSTED_PROXIES": "127.0.0.1"}
    instances = [Program(tmp_path, **settings) for _ in range(2)]
    try:
        for instance in instances:
            await asyncio.to_thread(instance.serve, "--no-migrate")
        yield instances
    finally:
        for instance in instances:
            killed(instance)


@pytest.fixture
async def balancer(instances: list[Program], tmp_path: Path) -> AsyncIterator[Balancer]:
    """haproxy with the configuration that we ship."""
    with balanced(instances, tmp_path / "haproxy.log") as balancer:
        yield balancer


@pytest.mark.proof
@pytest.mark.parametrize("way", ["haproxy", "direct"])
@pytest.mark.parametrize("name", ATTACKS)
async def test_others_book_and_no_instance_is_marked_down(
    balancer: Balancer, instances: list[Program], name: str, way: str
) -> None:
    attack, connections = ATTACKS[name]
    port = int(balancer.url.rpartition(":")[2]) if way == "haproxy" else instances[0].port
    customers = Customers(balancer.url)
    async with customers.at_work():
        for _ in range(LOOKS):
            await customers.some_more()
        alone, before = customers.waits_s[:], [resident_mb(instance) for instance in instances]
        customers.waits_s.clear()
        async with attacked(port, attack, connections):
            for _ in range(LOOKS):
                await customers.some_more()
                assert balancer.states() == ["UP", "UP"]
    print(f"{name}, {way}: p99 alone {p99_ms(alone):.1f} ms, attacked {p99_ms(customers.waits_s):.1f} ms")  # noqa: T201 - the figure of the report
    after = [resident_mb(instance) for instance in instances]
    assert customers.failures == []
    assert all(late - early < MORE_MB_MAX for early, late in zip(before, after, strict=True)), (before, after)


def resident_mb(instance: Program) -> float:
    """The memory that an instance holds now."""
    [line] = [
        line
        for line in Path(f"/proc/{instance.process.pid}/status").read_text().splitlines()
        if line.startswith("VmRSS:")
    ]
    return int(line.split()[1]) / 1024


def p99_ms(waits_s: list[float]) -> float:
    """The wait that one in a hundred exceeds."""
    return quantiles(waits_s, n=100)[98] * 1_000
