"""Runs scenarios, one after another: opens sites, measures in rounds, checks the data."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from time import perf_counter

from boxoffice.bench.results import Measurement, Sample, ScenarioResult
from boxoffice.bench.scenarios import Scenario
from boxoffice.bench.stage import Bench, Item, Stage

Tell = Callable[[str], None]
"""Called with what is being done, in a few words."""


async def run_scenario(bench: Bench, scenario: Scenario, tell: Tell) -> ScenarioResult:
    """One scenario from an empty database to its checked result. Raises ``BenchError``."""
    started = perf_counter()
    async with AsyncExitStack() as stack:
        stage = Stage(bench, stack)
        tell(f"{scenario.name}: setting up")
        items = await scenario.prepare(stage)
        measurements = await _measure(items, bench.plan.rounds, lambda text: tell(f"{scenario.name}: {text}"))
        tell(f"{scenario.name}: checking")
        for site in stage.sites:
            await site.settle()
            await site.stop_servers()
        return ScenarioResult(
            name=scenario.name,
            title=scenario.title,
            about=scenario.about,
            measurements=measurements,
            accounts=[
                *[account for site in stage.sites for account in await site.accounts()],
                *stage.accounts,
            ],
            violations=[violated for site in stage.sites for violated in await site.violations()],
            updates=[update for site in stage.sites for update in await site.updates()],
            notes=list(dict.fromkeys(stage.notes)),
            seconds=perf_counter() - started,
        )


async def _measure(items: Sequence[Item], rounds: int, tell: Tell) -> list[Measurement]:
    samples: dict[str, list[Sample]] = {item.name: [] for item in items}
    for number in range(rounds):
        # Each round begins with another item: the first one after a pause has an advantage.
        first = number * len(items) // rounds
        for item in [*items[first:], *items[:first]]:
            tell(f"{item.name} (round {number + 1} of {rounds})")
            samples[item.name].append(await item.run())
    return [Measurement(item.name, item.unit, samples[item.name], item.baselines) for item in items]
