"""The report of a run: its figures, their ratios to the baselines, and which targets were reached."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from boxoffice.bench.plan import Plan
from boxoffice.bench.results import (
    Latency,
    Measurement,
    ScenarioResult,
    Spread,
    Unit,
    paired_ratio,
)

BASELINE_SCENARIO = "hot"
"""The scenario whose baselines serve the scenarios that measure none."""


class Figure(Struct, frozen=True, kw_only=True):
    """One measurement as the report has it: medians of the rounds, and ratios by the baseline's label.

    ``borrowed`` names the ratios to a baseline of another scenario, minutes away: the machine may have
    been faster or slower then.
    """

    scenario: str
    name: str
    unit: Unit
    rate: Spread
    latency: Latency | None
    ratios: dict[str, Spread]
    borrowed: list[str]
    errors: dict[str, int]
    more: dict[str, float]


class Target(Struct, frozen=True):
    """A target. ``value`` is None if this run did not measure it."""

    text: str
    value: float | None
    goal: float
    at_least: bool

    @property
    def reached(self) -> bool | None:
        """Whether it was reached; None if it was not measured."""
        if self.value is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


class Verdict(Struct, frozen=True):
    """A target beside whether it was reached, for readers of the JSON."""

    target: Target
    reached: bool | None


class Surroundings(Struct, frozen=True, kw_only=True):
    """The machine, versions and settings of a run, by name. Figures mean nothing without them."""

    generator: str
    one_at_a_time: str
    machine: dict[str, str]
    settings: dict[str, str]
    postgres: dict[str, str]


class Report(Struct, frozen=True, kw_only=True):
    """All results of a run, and where it was made."""

    version: str
    started_at: datetime
    seconds: float
    command: str
    plan: Plan
    surroundings: Surroundings
    correct: bool
    targets: list[Verdict]
    figures: list[Figure]
    scenarios: list[ScenarioResult]

    def figures_of(self, scenario: str) -> list[Figure]:
        """A scenario's figures."""
        return [figure for figure in self.figures if figure.scenario == scenario]


def figures_of(results: Sequence[ScenarioResult]) -> list[Figure]:
    """All figures of a run."""
    lender = next((result for result in results if result.name == BASELINE_SCENARIO), None)
    return [_figure(result, one, lender) for result in results for one in result.measurements]


def _figure(result: ScenarioResult, one: Measurement, lender: ScenarioResult | None) -> Figure:
    ratios: dict[str, Spread] = {}
    borrowed: list[str] = []
    for label, name in one.baselines.items():
        if (own := result.find(name)) is not None:
            ratio = paired_ratio(one, own)
        else:
            ratio = _borrowed_ratio(one, lender.find(name) if lender else None)
            borrowed.append(label)
        if ratio is not None:
            ratios[label] = ratio
    return Figure(
        scenario=result.name,
        name=one.name,
        unit=one.unit,
        rate=one.rate,
        latency=one.latency,
        ratios=ratios,
        borrowed=[label for label in borrowed if label in ratios],
        errors=one.errors(),
        more={name: value for name in one.samples[0].more if (value := one.more(name)) is not None},
    )


def _borrowed_ratio(one: Measurement, baseline: Measurement | None) -> Spread | None:
    if baseline is None or baseline.rate.median <= 0:
        return None
    rate, by = one.rate, baseline.rate.median
    return Spread(rate.median / by, rate.least / by, rate.most / by)
