"""The report of a benchmark: Markdown, JSON, pictures, terminal."""

import io
import itertools
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from boxoffice.bench import feed_live, plots, scenarios, terminal
from boxoffice.bench.hot import BASELINES, hot_name
from boxoffice.bench.markdown import to_markdown
from boxoffice.bench.plan import FULL, MANY, QUICK, chosen
from boxoffice.bench.report import Report, Surroundings, figures_of
from boxoffice.bench.results import Account, Latency, Measurement, Sample, ScenarioResult, Updates, Violated
from boxoffice.bench.scenarios import SCENARIOS
from boxoffice.bench.stage import Together
from boxoffice.bench.targets import verdicts


def measured(name: str, rate: float, against: dict[str, str] | None = None, **more: float) -> Measurement:
    """One round of something."""
    latency = Latency(1, 2, 1_000, 4)
    sample = Sample(
        seconds=1, rate=rate, effects={}, answers={"201": 9, "409": 1}, latency=latency, more=more
    )
    return Measurement(name, "bookings/s", [sample], against or {})


def hot(*, stored: int = 10, violations: list[Violated] | None = None) -> ScenarioResult:
    """A hot show with its baselines."""
    crowd = [measured(hot_name(n), 12_000, BASELINES) for n in (1, 512)]
    many = measured(hot_name(MANY), 10_000, BASELINES, server_memory_mb=180)
    baselines = [measured(name, 1_000.0 * (place + 1)) for place, name in enumerate(BASELINES.values())]
    return ScenarioResult(
        name="hot",
        title="Hot show",
        about="Everybody wants in.",
        measurements=[*crowd, many, *baselines],
        accounts=[Account("hot", "booked", 10, stored, 0)],
        violations=violations or [],
        updates=[Updates("hot", "show_inventory", 200, 199)],
        notes=["Something to know."],
        seconds=1,
    )


def report(*results: ScenarioResult) -> Report:
    """The report of a full run."""
    figures = figures_of(results)
    return Report(
        version="1.2.3",
        started_at=datetime(2027, 1, 1, tzinfo=UTC),
        seconds=60,
        command="boxoffice bench",
        plan=FULL,
        surroundings=Surroundings(
            generator="some generator 1.0",
            one_at_a_time="pgbench 18",
            machine={"cores": "2"},
            settings={"LOG_LEVEL": "warning"},
            postgres={"fsync": "on"},
        ),
        correct=all(result.correct for result in results),
        targets=verdicts(figures, FULL),
        figures=figures,
        scenarios=list(results),
    )


def test_markdown_tells_everything() -> None:
    text = to_markdown(report(hot()), ["throughput.svg"])

    for part in (
        "1.2.3",
        "2027-01-01",
        "| cores | 2 |",
        "some generator 1.0",
        "| PostgreSQL: fsync | on |",
        "## Hot show",
        "Everybody wants in.",
        "| hot show, 512 connections | 12,000 | 12,000..12,000 | 1.00 | 2.00 | 1,000 | 4.00 | 12.0 |",
        "409: 1",
        "server memory mb 180",
        "Something to know.",
        "`verify` found nothing.",
        "| hot | booked | 10 | 10 | 0 | yes |",
        "| hot | show_inventory | 200 | 199 | 99.5% |",
        "![throughput](throughput.svg)",
        "The data were right",
    ):
        assert part in text


def test_the_targets_of_a_run_are_told_as_reached_missed_or_not_measured() -> None:
    told = {verdict.target.text: verdict.reached for verdict in report(hot()).targets}

    assert told["hot show at 512 connections, times pgbench, serializable, 32 clients"] is False
    assert told["hot show at 512 connections, times bare ASGI, 512 connections"] is True
    assert told["10,000 connections: errors"] is False
    assert told["10,000 connections: p99, times connections / throughput"] is True
    assert told["10,000 connections: most memory of the server, MB"] is True
    assert told["4 instances, times one instance"] is None


def test_wrong_data_are_told_aloud() -> None:
    wrong = report(hot(stored=9, violations=[Violated("hot", "one owner", 3, "seat 1 is in two bookings")]))

    text = to_markdown(wrong, [])
    out = Console(file=io.StringIO(), width=200)
    terminal.show(wrong, out)
    assert isinstance(out.file, io.StringIO)

    assert not wrong.correct
    for said in (text, out.file.getvalue()):
        assert "seat 1 is in two bookings" in said
        assert "wrong" in said.lower()
    assert "| hot | booked | 10 | 9 | 0 | NO |" in text


def test_json_can_be_read_back() -> None:
    written = report(hot())

    assert msgspec.json.decode(msgspec.json.encode(written), type=Report) == written


def test_the_plots_are_pictures(tmp_path: Path) -> None:
    assert plots.draw(report(hot()), tmp_path) == ["throughput.svg", "latency.svg"]
    for name in ("throughput.svg", "latency.svg"):
        assert "<svg" in (tmp_path / name).read_text()


def test_without_a_hot_show_there_is_nothing_to_draw(tmp_path: Path) -> None:
    assert plots.draw(report(), tmp_path) == []


def test_a_report_without_any_scenario_can_be_told() -> None:
    assert "not measured" in to_markdown(report(), [])


@pytest.mark.parametrize(("quick", "plan"), [(True, QUICK), (False, FULL)])
def test_rounds_and_seconds_can_be_chosen(quick: bool, plan: object) -> None:
    assert chosen(quick=quick, rounds=None, seconds=None) == plan
    assert chosen(quick=quick, rounds=7, seconds=9).rounds == 7
    assert chosen(quick=quick, rounds=7, seconds=9).seconds == 9


def test_scenarios_have_names_of_their_own() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names) == 13


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (["feed"], ["feed-marks", "feed-live", "feed-relay", "feed-tickets"]),
        (["feed-live", "hot"], ["hot", "feed-live"]),
        (["feed", "feed-live"], ["feed-marks", "feed-live", "feed-relay", "feed-tickets"]),
        ([], [scenario.name for scenario in SCENARIOS]),
    ],
    ids=" ".join,
)
def test_scenarios_are_chosen_by_name_or_by_family(only: list[str], names: list[str]) -> None:
    assert [scenario.name for scenario in scenarios.chosen(only)] == names


async def test_what_one_run_brings_is_taken_once_each_round() -> None:
    runs = itertools.count(1)

    async def run() -> dict[str, Sample]:
        number = next(runs)
        return {name: Sample(seconds=1, rate=number, effects={}) for name in ("a", "b")}

    both = Together(run)

    # The second round begins with another item, as rounds do.
    taken = [(name, (await both.take(name)).rate) for name in ("a", "b", "b", "a", "a")]
    assert taken == [("a", 1), ("b", 1), ("b", 2), ("a", 2), ("a", 3)]


def test_watchers_are_told_and_judged() -> None:
    bare, live = (feed_live.watched_name(way, FULL.watchers[0]) for way in ("bare", "live"))
    frames = [
        msgspec.structs.replace(measured(bare, 100_000, us_a_frame=10, kb_a_watcher=1.4), unit="frames/s"),
        msgspec.structs.replace(
            measured(live, 80_000, {"bare protocol": bare}, us_a_frame=12.5, kb_a_watcher=1.8),
            unit="frames/s",
        ),
    ]
    told = report(
        msgspec.structs.replace(
            hot(), name="feed-live", measurements=frames, accounts=[Account(live, "told", 5, 5, 0)]
        )
    )

    text = to_markdown(told, plots.draw(told, Path("/nowhere")))
    judged = {verdict.target.text: verdict.reached for verdict in told.targets}
    assert f"| {live} (frames) | 80,000 | 80,000..80,000 |" in text
    assert "| 0.80 |" in text
    assert "us a frame 12.5, kb a watcher 1.80" in text
    assert judged[f"{live}: KB a watcher"] is True
    assert judged[f"{live}: us a frame and watcher"] is False
