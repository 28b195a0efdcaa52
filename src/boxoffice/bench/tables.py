"""The report's tables, once for the terminal and for Markdown."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from boxoffice.bench.report import Figure, Report
from boxoffice.bench.results import ScenarioResult, Spread

BORROWED = "~"
"""Marks a ratio to a baseline that was measured in another scenario."""


class Grid(Struct, frozen=True):
    """A table of texts; the first column is a name, the others are figures."""

    columns: Sequence[str]
    rows: list[list[str]]


def targets_grid(report: Report, *, measured: bool = False) -> Grid:
    """The targets and what was reached; ``measured`` leaves out targets that this run did not measure."""
    rows = []
    for verdict in report.targets:
        target = verdict.target
        if measured and target.value is None:
            continue
        sign = "at least" if target.at_least else "at most"
        value = "" if target.value is None else number(target.value)
        word = {True: "reached", False: "missed", None: "not measured"}[verdict.reached]
        rows.append([target.text, value, f"{sign} {number(target.goal)}", word])
    return Grid(["target", "measured", "goal", ""], rows)


def figures_grid(figures: Sequence[Figure], *, brief: bool = False) -> Grid:
    """Throughput, latencies and ratios of one scenario; a column for each baseline that it has.

    ``brief`` leaves out the extremes, for a narrow page.
    """
    labels = list(dict.fromkeys(label for figure in figures for label in figure.ratios))
    columns = ["what", "a second", "min..max", "p50 ms", "p90 ms", "p99 ms", "max ms"]
    columns += [*(f"x {label}" for label in labels), "not done"]
    rows = [_figure_row(figure, labels) for figure in figures]
    if brief:
        kept = [
            place for place, column in enumerate(columns) if column not in ("min..max", "p90 ms", "max ms")
        ]
        columns, rows = [columns[n] for n in kept], [[row[n] for n in kept] for row in rows]
    return Grid(columns, rows)


def extras(figures: Sequence[Figure]) -> Iterator[str]:
    """A line for each figure that only this scenario measures."""
    for figure in figures:
        if figure.more:
            told = ", ".join(
                f"{name.replace('_', ' ')} {number(value)}" for name, value in figure.more.items()
            )
            yield f"{figure.name}: {told}"


def books_grid(result: ScenarioResult) -> Grid:
    """For each effect, what was acknowledged and what is stored."""
    rows = [
        [
            account.database,
            account.effect,
            f"{account.acknowledged:,}",
            f"{account.stored:,}",
            f"{account.in_flight:,}",
            "yes" if account.balanced else "NO",
        ]
        for account in result.accounts
    ]
    columns = ["place", "effect", "acknowledged", "found", "unanswered at most", "balanced"]
    return Grid(columns, rows)


def updates_grid(result: ScenarioResult) -> Grid:
    """How the hot tables were updated."""
    rows = [
        [u.database, u.table, f"{u.all:,}", f"{u.hot:,}", f"{u.hot / u.all:.1%}" if u.all else ""]
        for u in result.updates
    ]
    return Grid(["database", "table", "updates", "of them HOT", "share"], rows)


def number(value: float) -> str:
    """A number with three significant digits, never written as a power of ten."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _figure_row(figure: Figure, labels: Sequence[str]) -> list[str]:
    latency = figure.latency
    times = (latency.p50_ms, latency.p90_ms, latency.p99_ms, latency.max_ms) if latency else ()
    return [
        figure.name + ("" if figure.unit == "bookings/s" else f" ({figure.unit.removesuffix('/s')})"),
        number(figure.rate.median),
        f"{number(figure.rate.least)}..{number(figure.rate.most)}",
        *([number(ms) for ms in times] or [""] * 4),
        *(_ratio(figure, label) for label in labels),
        ", ".join(f"{name}: {count:,}" for name, count in figure.errors.items()),
    ]


def _ratio(figure: Figure, label: str) -> str:
    ratio: Spread | None = figure.ratios.get(label)
    if ratio is None:
        return ""
    return (BORROWED if label in figure.borrowed else "") + number(ratio.median)
