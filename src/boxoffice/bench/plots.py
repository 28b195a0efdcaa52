"""The pictures of a report: throughput and latency against the number of connections."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from boxoffice.bench.hot import BASELINES
from boxoffice.bench.report import Figure, Report

MISSING: Final = "no plots: matplotlib is not installed; pip install 'boxoffice[bench]' brings it"
"""The note in place of the pictures where matplotlib is missing."""

_SIZE_INCHES: Final = (8, 5)
_FLAT: Final = ("engine", "database", "pgbench read committed", "pgbench serializable")
_CONNECTIONS: Final = re.compile(r"^(hot show|bare ASGI), ([\d,]+) connections?$")


def draw(report: Report, folder: Path) -> list[str]:
    """Draw the pictures into the folder and return their names. Raises ``ImportError`` without matplotlib."""
    hot = report.figures_of("hot")
    if not hot:
        return []
    _throughput(hot, folder / "throughput.svg")
    _latency(hot, folder / "latency.svg")
    return ["throughput.svg", "latency.svg"]


def _throughput(hot: Sequence[Figure], file: Path) -> None:
    figure, axes = _axes("Throughput", "a second")
    for name, label in (
        ("bare ASGI", "bare ASGI: requests"),
        ("hot show", "Boxoffice, one hot show: bookings"),
    ):
        points = _series(hot, name)
        axes.plot([n for n, _ in points], [one.rate.median for _, one in points], marker="o", label=label)
        least, most = [one.rate.least for _, one in points], [one.rate.most for _, one in points]
        axes.fill_between([n for n, _ in points], least, most, alpha=0.2)
    for number, label in enumerate(_FLAT):
        found = next((one for one in hot if one.name == BASELINES[label]), None)
        if found is not None:
            axes.axhline(found.rate.median, linestyle="--", color=f"C{number + 2}", label=found.name)
    _save(figure, axes, file)


def _latency(hot: Sequence[Figure], file: Path) -> None:
    figure, axes = _axes("Latency of a booking, one hot show", "ms")
    points = [(n, one.latency) for n, one in _series(hot, "hot show") if one.latency is not None]
    for percentile in ("p99", "p90", "p50"):
        values = [getattr(latency, f"{percentile}_ms") for _, latency in points]
        axes.plot([n for n, _ in points], values, marker="o", label=percentile)
    _save(figure, axes, file)


def _series(hot: Sequence[Figure], name: str) -> list[tuple[int, Figure]]:
    """The figures of one kind of measurement, by the number of connections."""
    found = [(match, one) for one in hot if (match := _CONNECTIONS.match(one.name))]
    return [(int(match[2].replace(",", "")), one) for match, one in found if match[1] == name]


def _axes(title: str, unit: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415 - an extra that may be missing

    figure = Canvas(figsize=_SIZE_INCHES, layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel="connections", ylabel=unit, xscale="log", yscale="log")
    axes.grid(which="both", alpha=0.3)
    return figure, axes


def _save(figure: Any, axes: Any, file: Path) -> None:
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(file, metadata={"Date": None})
