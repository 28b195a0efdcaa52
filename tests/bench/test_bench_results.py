"""The figures of a benchmark: medians, ratios, books."""

import pytest

from boxoffice.bench.client import latency_of
from boxoffice.bench.report import Figure, Target, figures_of
from boxoffice.bench.results import (
    Account,
    Latency,
    Measurement,
    Sample,
    ScenarioResult,
    Spread,
    paired_ratio,
)


def measured(name: str, *rates: float, against: dict[str, str] | None = None) -> Measurement:
    """A measurement with a round for each rate."""
    samples = [
        Sample(seconds=1, rate=rate, effects={"booked": int(rate)}, answers={"201": int(rate)})
        for rate in rates
    ]
    return Measurement(name, "bookings/s", samples, against or {})


def played(name: str, *measurements: Measurement) -> ScenarioResult:
    """A scenario in which nothing went wrong."""
    return ScenarioResult(
        name=name,
        title=name.title(),
        about="",
        measurements=list(measurements),
        accounts=[],
        violations=[],
        updates=[],
        notes=[],
        seconds=1,
    )


def figure(results: list[ScenarioResult], name: str) -> Figure:
    """The figure of that name."""
    return next(one for one in figures_of(results) if one.name == name)


def test_a_rate_is_the_median_of_the_rounds_with_the_extremes() -> None:
    assert measured("a", 3, 1, 2).rate == Spread(2, 1, 3)


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    # The machine got ten times slower in the second round; the ratio did not.
    assert paired_ratio(measured("a", 200, 20, 210), measured("b", 100, 10, 100)) == Spread(2, 2, 2.1)


def test_a_ratio_to_nothing_is_none() -> None:
    assert paired_ratio(measured("a", 1), measured("b", 0)) is None


def test_a_baseline_of_the_scenario_comes_before_one_of_the_hot_show() -> None:
    hot = played("hot", measured("base", 10))
    other = played("other", measured("base", 5), measured("it", 20, against={"label": "base"}))

    told = figure([hot, other], "it")

    assert told.ratios["label"].median == 4
    assert told.borrowed == []


def test_a_baseline_of_the_hot_show_is_marked_as_borrowed() -> None:
    hot = played("hot", measured("base", 10))
    other = played("other", measured("it", 20, against={"label": "base", "unknown": "nothing"}))

    told = figure([hot, other], "it")

    assert told.ratios == {"label": Spread(2, 2, 2)}
    assert told.borrowed == ["label"]


def test_latencies_are_medians_by_percentile() -> None:
    rounds = [Latency(1, 2, 9, 9), Latency(3, 3, 3, 5), Latency(2, 9, 4, 7)]
    samples = [Sample(seconds=1, rate=1, effects={}, latency=latency) for latency in rounds]

    assert Measurement("a", "requests/s", samples).latency == Latency(2, 3, 4, 7)


def test_percentiles_of_times() -> None:
    told = latency_of([number / 1_000 for number in range(1, 101)])

    assert told is not None
    assert told.p50_ms == pytest.approx(50.5)
    assert told.p99_ms == pytest.approx(99.0, abs=0.1)
    assert told.max_ms == pytest.approx(100)
    assert latency_of([1.0]) is None


def test_errors_are_refusals_and_what_got_no_answer() -> None:
    sample = Sample(
        seconds=1, rate=1, effects={}, answers={"201": 5, "409": 2, "503": 0}, broken={"timeout": 1}
    )

    assert Measurement("a", "requests/s", [sample, sample]).errors() == {"409": 4, "timeout": 2}


@pytest.mark.parametrize(
    ("acknowledged", "stored", "in_flight", "balanced"),
    [(10, 10, 0, True), (10, 9, 5, False), (10, 12, 2, True), (10, 13, 2, False)],
)
def test_the_books_balance(acknowledged: int, stored: int, in_flight: int, balanced: bool) -> None:
    assert Account("a", "booked", acknowledged, stored, in_flight).balanced is balanced


@pytest.mark.parametrize(
    ("value", "at_least", "reached"),
    [(2.0, True, True), (1.9, True, False), (2.0, False, True), (2.1, False, False), (None, True, None)],
)
def test_a_target_is_reached_missed_or_not_measured(
    value: float | None, at_least: bool, reached: bool | None
) -> None:
    assert Target("text", value, 2.0, at_least).reached is reached
