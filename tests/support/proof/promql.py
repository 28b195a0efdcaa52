"""The metrics and labels that a PromQL expression names, compared with those that a server has.

This module understands only as much of PromQL as our own files use.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from tests.support.http.scrape import Scrape

TARGET_LABELS: Final = frozenset({"job", "instance"})
"""The labels that Prometheus adds to every sample."""

_METRIC: Final = re.compile(r"\b((?:boxoffice|python|process)_\w+|up)\b(?:\{([^}]*)\})?")
_MATCHER: Final = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING: Final = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_SHOWN: Final = re.compile(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}")


class Selector(NamedTuple):
    """A metric, and the conditions on its labels."""

    metric: str
    matchers: list[tuple[str, str, str]]


def selectors(expression: str) -> Iterator[Selector]:
    """The metrics of an expression."""
    for metric, inside in _METRIC.findall(expression):
        yield Selector(metric, _MATCHER.findall(inside))


def unknown_in(expression: str, texts: Iterable[str], scrape: Scrape) -> list[str]:
    """The metrics and labels that an expression and its texts name, but that are not in the scrape."""
    found = list(selectors(expression))
    wrong = [] if found else [f"no metric of ours in {expression}"]
    labels = set(TARGET_LABELS)
    for selector in found:
        if selector.metric == "up":  # Prometheus makes this metric itself
            continue
        samples = scrape.named(selector.metric)
        if not samples:
            wrong.append(selector.metric)
        labels |= {label for sample in samples for label in sample.labels}
        wrong += [f"{selector.metric}: {label}" for label in _missed(selector, scrape)]
    grouped = {name.strip() for names in _GROUPING.findall(expression) for name in names.split(",")}
    shown = {name for text in texts for name in _SHOWN.findall(text)} - {"value"}
    return wrong + [f"label {label}" for label in sorted((grouped | shown) - labels)]


def _missed(selector: Selector, scrape: Scrape) -> Iterator[str]:
    for label, operator, wanted in selector.matchers:
        if label in TARGET_LABELS:
            continue
        values = {s.labels[label] for s in scrape.named(selector.metric) if label in s.labels}
        pattern = wanted if "~" in operator else re.escape(wanted)
        if not values or (operator[0] == "=" and not any(re.fullmatch(pattern, value) for value in values)):
            yield f"{label}{operator}{wanted}"
