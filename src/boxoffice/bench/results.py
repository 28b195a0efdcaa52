"""What was measured. Times are seconds unless the name says milliseconds; rates are per second."""

from collections.abc import Sequence
from statistics import median
from typing import Literal, Self

from msgspec import Struct
from msgspec.structs import replace

Unit = Literal["bookings/s", "requests/s", "events/s", "tickets/s", "frames/s"]
"""What a rate counts. Frames are those of one watcher, in a second of the server's processor time."""


class Latency(Struct, frozen=True):
    """How long answers took, in milliseconds."""

    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float


class Sample(Struct, frozen=True, kw_only=True):
    """One measurement. ``effects`` counts what was acknowledged, by the kind of event that it leaves.

    ``answers`` counts by HTTP status, ``broken`` requests without answer, by reason; ``in_flight`` is how
    many requests may still have been unanswered when the time was over. ``more`` holds what only some
    scenarios measure, by a name with its unit.
    """

    seconds: float
    rate: float
    effects: dict[str, int]
    latency: Latency | None = None
    answers: dict[str, int] = {}
    broken: dict[str, int] = {}
    in_flight: int = 0
    more: dict[str, float] = {}

    @property
    def requests(self) -> int:
        """Requests that were answered."""
        return sum(self.answers.values())

    def with_more(self, **values: float) -> Self:
        """The same sample, with values that only its scenario measures."""
        return replace(self, more=self.more | values)


class Spread(Struct, frozen=True):
    """The median of several rounds, and the extremes."""

    median: float
    least: float
    most: float


class Measurement(Struct, frozen=True):
    """All rounds of one thing. ``baselines`` names what it is compared with, by the column's label."""

    name: str
    unit: Unit
    samples: list[Sample]
    baselines: dict[str, str] = {}

    @property
    def rate(self) -> Spread:
        """Its throughput."""
        return spread([sample.rate for sample in self.samples])

    @property
    def latency(self) -> Latency | None:
        """Its latencies: of each percentile the median of the rounds."""
        rounds = [sample.latency for sample in self.samples if sample.latency is not None]
        if not rounds:
            return None
        return Latency(
            median(one.p50_ms for one in rounds),
            median(one.p90_ms for one in rounds),
            median(one.p99_ms for one in rounds),
            median(one.max_ms for one in rounds),
        )

    def more(self, name: str) -> float | None:
        """The median of something that only this scenario measures; None if it was not."""
        values = [sample.more[name] for sample in self.samples if name in sample.more]
        return median(values) if values else None

    def errors(self) -> dict[str, int]:
        """Answers of status 400 and above, and requests without answer, of all rounds together."""
        found: dict[str, int] = {}
        for sample in self.samples:
            refused = {status: n for status, n in sample.answers.items() if status >= "4"}
            for name, count in (refused | sample.broken).items():
                found[name] = found.get(name, 0) + count
        return {name: count for name, count in found.items() if count}


class Account(Struct, frozen=True):
    """One kind of effect in one place: what was acknowledged, what is stored, what may be besides.

    The place is a database, or what a scenario tells: a broker, or the watchers of a server.
    """

    database: str
    effect: str
    acknowledged: int
    stored: int
    in_flight: int

    @property
    def balanced(self) -> bool:
        """Nothing acknowledged is lost, and nothing is stored that no request asked for."""
        return self.acknowledged <= self.stored <= self.acknowledged + self.in_flight


class Violated(Struct, frozen=True):
    """An invariant that ``verify`` found broken."""

    database: str
    check: str
    count: int
    first: str


class Updates(Struct, frozen=True):
    """How a table was updated: ``hot`` of ``all`` stayed on their page and touched no index."""

    database: str
    table: str
    all: int
    hot: int


class ScenarioResult(Struct, frozen=True, kw_only=True):
    """A scenario: its figures, and whether the data were right afterwards."""

    name: str
    title: str
    about: str
    measurements: list[Measurement]
    accounts: list[Account]
    violations: list[Violated]
    updates: list[Updates]
    notes: list[str]
    seconds: float

    @property
    def correct(self) -> bool:
        """``verify`` found nothing, and the books balance."""
        return not self.violations and all(account.balanced for account in self.accounts)

    def find(self, name: str) -> Measurement | None:
        """The measurement of that name."""
        return next((one for one in self.measurements if one.name == name), None)


def counted(count: int, thing: str) -> str:
    """So many things, in words: ``1 client``, ``10,000 clients``."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def spread(values: Sequence[float]) -> Spread:
    """Median and extremes of at least one value."""
    return Spread(median(values), min(values), max(values))


def paired_ratio(subject: Measurement, baseline: Measurement) -> Spread | None:
    """The ratio to the baseline, round by round: within a round both ran shortly after each other."""
    pairs = zip(subject.samples, baseline.samples, strict=False)
    ratios = [one.rate / other.rate for one, other in pairs if other.rate > 0]
    return spread(ratios) if ratios else None
