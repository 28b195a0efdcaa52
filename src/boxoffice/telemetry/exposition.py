"""All metrics of the program as text, as Prometheus reads them."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector


class _Workers(Collector):
    """The metrics that all worker processes keep in a folder.

    A worker that begins, or that was killed when it began, has a file without anything in it. The library
    cannot read such a file, and then nobody would get any metrics.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """The metrics of all workers, added up."""
        files = [str(file) for file in self._folder.glob("*.db") if _size(file) > 0]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged


def exposition(vitals: Collector | None) -> bytes:
    """All metrics as text: the counts of all worker processes together, and the vital signs of the database.

    ``vitals``: the collector of the vital signs; None leaves them out.
    """
    registry = CollectorRegistry()
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    registry.register(REGISTRY if folder is None else _Workers(Path(folder)))
    if vitals is not None:
        registry.register(vitals)
    return generate_latest(registry)


def _size(file: Path) -> int:
    with suppress(FileNotFoundError):  # the file of a worker that died was just removed
        return file.stat().st_size
    return 0
