"""The benchmark, tiny: nothing is lost, the data are right, the report is complete. Never how fast.

The suite runs one scenario and one report; `make proof` runs them all.
"""

import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from boxoffice.bench import feed_relay, sinks
from boxoffice.bench.client import BuiltIn
from boxoffice.bench.database import open_cluster
from boxoffice.bench.one_by_one import OneByOne
from boxoffice.bench.plan import QUICK, Plan
from boxoffice.bench.report import Report
from boxoffice.bench.results import Sample
from boxoffice.bench.runner import run_scenario
from boxoffice.bench.scenarios import SCENARIOS, Scenario
from boxoffice.bench.servers import bare_server
from boxoffice.bench.stage import Bench, Item, Stage
from tests.support.process.folders import public_folder
from tests.support.process.polling import wait_until
from tests.support.process.program import Program
from tests.support.settings import settings_of

TINY: Plan = replace(
    QUICK,
    name="tiny",
    seconds=0.2,
    connections=(16,),
    clients=(2,),
    spread_shows=100,
    past_shows=2,
    past_bookings_each=100,
    many_shows=20,
    small_hall=100,
    large_hall=5_000,
    watchers=(20,),
)

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@pytest.fixture(scope="module")
async def bench(postgres_url: str) -> AsyncIterator[Bench]:
    """What all scenarios share, with the built-in generator and the loop in place of pgbench."""
    settings = settings_of(DATABASE_URL=postgres_url)
    with public_folder() as folder:
        async with open_cluster(settings, folder) as cluster, cluster.template(), bare_server(folder) as bare:
            yield Bench(TINY, cluster, BuiltIn(), OneByOne(), bare, folder)


def silent(_text: str) -> None:
    """Tells nobody."""


SELLS_OUT = ("sold-out", "real-life", "growth")  # a small hall may, on a fast machine


PROOF = pytest.mark.proof


@pytest.mark.parametrize(
    "name",
    ["hot", *(pytest.param(name, marks=PROOF) for name in BY_NAME if name not in ("hot", "overload"))],
)
async def test_a_scenario_ends_with_right_data_and_full_books(bench: Bench, name: str) -> None:
    result = await run_scenario(bench, BY_NAME[name], silent)

    assert result.correct, (result.accounts, result.violations)
    assert result.measurements
    for measurement in result.measurements:
        [sample] = measurement.samples
        assert sample.rate > 0 or name == "sold-out", measurement
        assert not sample.broken, measurement
        assert set(measurement.errors()) <= ({"409"} if name in SELLS_OUT else set())
    if name != "sold-out":
        assert sum(account.acknowledged for account in result.accounts) > 0


@PROOF
async def test_an_overloaded_server_refuses_and_recovers(bench: Bench) -> None:
    result = await run_scenario(bench, BY_NAME["overload"], silent)

    [_, storm] = result.measurements
    assert result.correct, (result.accounts, result.violations)
    assert set(storm.samples[0].answers) == {"201", "503"}
    assert storm.more("recovery_ms") is not None
    assert storm.more("onlooker_refused") == storm.more("of_them_with_Retry-After")


async def test_a_broker_that_is_missing_is_named_as_skipped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_relay, "lacking", lambda kind: f"no program for {kind}")

    result = await run_scenario(bench, BY_NAME["feed-relay"], silent)

    assert result.correct, (result.accounts, result.violations)
    assert result.notes == [
        f"{name} was skipped: no program for {kind}." for kind, name in sinks.KINDS.items()
    ]
    assert [one.name for one in result.measurements] == [
        feed_relay.backlog_name(feed_relay.CONSUMER),
        feed_relay.steady_name(feed_relay.CONSUMER),
    ]


@PROOF
async def test_events_that_a_broker_lost_are_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful:
        url = None

        async def clear(self) -> None:
            """Nothing is there."""

        async def count(self) -> int:
            return 1

    @asynccontextmanager
    async def opened(_kind: str, _folder: Path) -> AsyncIterator[Forgetful]:
        yield Forgetful()

    monkeypatch.setattr(feed_relay, "lacking", lambda kind: None if kind == "redis" else "left out")
    monkeypatch.setattr(feed_relay, "open_sink", opened)

    result = await run_scenario(bench, BY_NAME["feed-relay"], silent)

    assert not result.correct
    assert [(one.database, one.stored) for one in result.accounts if not one.balanced] == [("Redis", 1)]


@PROOF
async def test_lost_bookings_and_broken_invariants_are_found(bench: Bench) -> None:
    async def sabotage(stage: Stage) -> list[Item]:
        site = await stage.site("sabotage")
        [show_id] = await site.make_shows(1, 10)
        await site.sell(show_id, [1, 2, 3])

        async def run() -> Sample:
            await site.connection.execute("DELETE FROM booking_seats WHERE place = 2")
            return site.enter(Sample(seconds=1, rate=1, effects={"booked": 1}))

        return [Item("sabotage", "bookings/s", run)]

    result = await run_scenario(bench, Scenario("sabotage", "", "", sabotage), silent)

    assert not result.correct
    assert [(account.acknowledged, account.stored) for account in result.accounts] == [(1, 0)]
    assert {violated.check for violated in result.violations} >= {"map shows the owners"}


@pytest.mark.proof
@pytest.mark.parametrize("names", [["real-life"], ["real-life", "sold-out"]], ids=" ".join)
def test_the_command_agrees_with_the_database_and_writes_a_complete_report(
    program: Program, tmp_path: Path, names: list[str]
) -> None:
    only = [argument for name in reversed(names) for argument in ("--only", name)]
    done = program.run("bench", "--quick", *only, "--out", str(tmp_path))

    assert done.returncode == 0, done.stderr
    report = msgspec.json.decode((tmp_path / "report.json").read_bytes(), type=Report)
    text = (tmp_path / "report.md").read_text()
    assert report.correct
    assert report.surroundings.generator.startswith("wrk" if shutil.which("wrk") else "built-in")
    accounts = report.scenarios[0].accounts
    assert {account.effect for account in accounts} == {"booked", "held", "confirmed", "cancelled"}
    assert all(account.acknowledged > 0 for account in accounts)
    assert [scenario.name for scenario in report.scenarios] == names
    assert report.surroundings.postgres["fsync"] == report.surroundings.postgres["synchronous_commit"] == "on"
    assert all(update.all > 0 for update in report.scenarios[0].updates)
    titles = [BY_NAME[name].title for name in names]
    for title in ("Targets", "Machine", *titles, "How to read it"):
        assert f"## {title}\n" in text
        assert title in done.stdout or title in ("Machine", "How to read it")
    assert "The data were right" in done.stdout


def test_an_unknown_scenario_is_told_in_one_line(program: Program) -> None:
    refused = program.call("bench", "--only", "cold")

    assert refused.returncode == 1
    assert refused.stderr.startswith("boxoffice: there is no scenario cold; there are hot, ")
    assert refused.stderr.count("\n") == 1


@PROOF
def test_sigterm_leaves_nothing_behind(program: Program, data_dir: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "boxoffice",
        "bench",
        "--only",
        "instances",
        "--out",
        str(data_dir / "out"),
    ]
    process = subprocess.Popen(
        command,
        env=program.environment | {"TMPDIR": str(data_dir)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: any(data_dir.glob("boxoffice-bench-*/server-*.log")), "the first server")

    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 1
    assert said == b"boxoffice: told to stop; there is no report\n"
    assert list(data_dir.glob("boxoffice-bench-*")) == []
