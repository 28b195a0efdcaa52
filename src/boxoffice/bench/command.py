"""``boxoffice bench``: opens what a run needs, runs the scenarios, prints and writes the report."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from boxoffice import __version__
from boxoffice.bench import database, plots, terminal
from boxoffice.bench.client import BuiltIn
from boxoffice.bench.faults import BenchError
from boxoffice.bench.machine import describe_machine
from boxoffice.bench.markdown import to_markdown
from boxoffice.bench.one_by_one import OneByOne
from boxoffice.bench.pgbench import find_pgbench
from boxoffice.bench.plan import Plan
from boxoffice.bench.report import Report, Surroundings, figures_of
from boxoffice.bench.results import ScenarioResult
from boxoffice.bench.runner import run_scenario
from boxoffice.bench.scenarios import Scenario, chosen
from boxoffice.bench.servers import bare_server, server_environment
from boxoffice.bench.stage import Bench
from boxoffice.bench.targets import verdicts
from boxoffice.bench.wrk import Wrk
from boxoffice.settings.settings import Settings


def run_bench(settings: Settings, plan: Plan, only: Sequence[str], folder: Path, out: Console) -> bool:
    """Run the scenarios of these names and families (all, if none is given); the report goes into ``folder``.

    Returns whether the data were right after every scenario. Raises ``BenchError`` and ``EmbeddedError``.
    """
    scenarios = chosen(only)
    folder.mkdir(parents=True, exist_ok=True)
    report = asyncio.run(_interruptible(_run(settings, plan, scenarios, out)))
    terminal.show(report, out)
    pictures: list[str] = []
    try:
        pictures = plots.draw(report, folder)
    except ImportError:
        out.print(plots.MISSING, markup=False)
    (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    (folder / "report.md").write_text(to_markdown(report, pictures), "utf-8")
    out.print(f"wrote {', '.join(['report.md', 'report.json', *pictures])} in {folder}", markup=False)
    return report.correct


async def _interruptible(work: Coroutine[Any, Any, Report]) -> Report:
    """SIGTERM and Ctrl-C end the work, and every server and database with it. Raises ``BenchError``."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise BenchError("told to stop; there is no report") from None


async def _run(settings: Settings, plan: Plan, scenarios: Sequence[Scenario], out: Console) -> Report:
    started_at, started = datetime.now(UTC), perf_counter()
    results: list[ScenarioResult] = []
    with database.public_folder() as name, _progress(out) as progress:
        task = progress.add_task("starting PostgreSQL", total=len(scenarios))
        async with _open(settings, plan, Path(name)) as bench:
            surroundings = await _surroundings(bench)
            for scenario in scenarios:
                results.append(
                    await run_scenario(bench, scenario, lambda text: progress.update(task, description=text))
                )
                progress.advance(task)
    figures = figures_of(results)
    return Report(
        version=__version__,
        started_at=started_at,
        seconds=perf_counter() - started,
        command=" ".join(["boxoffice", *sys.argv[1:]]),
        plan=plan,
        surroundings=surroundings,
        correct=all(result.correct for result in results),
        targets=verdicts(figures, plan),
        figures=figures,
        scenarios=results,
    )


async def _surroundings(bench: Bench) -> Surroundings:
    return Surroundings(
        generator=bench.generator.name,
        one_at_a_time=bench.one_at_a_time.name,
        machine=describe_machine(bench.folder),
        settings=server_environment(),
        postgres=await database.server_settings(bench.cluster.admin),
    )


@asynccontextmanager
async def _open(settings: Settings, plan: Plan, folder: Path) -> AsyncIterator[Bench]:
    async with (
        database.open_cluster(settings, folder) as cluster,
        cluster.template(),
        bare_server(folder) as bare,
    ):
        generator = Wrk.find() or BuiltIn()
        yield Bench(plan, cluster, generator, find_pgbench() or OneByOne(), bare, folder)


def _progress(out: Console) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=out, transient=True)
