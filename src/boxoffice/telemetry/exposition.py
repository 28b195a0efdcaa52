"""All metrics of the program as text, as Prometheus reads them."""

import os

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector


def exposition(vitals: Collector | None) -> bytes:
    """All metrics as text: the counts of all worker processes together, and the vital signs of the database.

    ``vitals``: the collector of the vital signs; None leaves them out.
    """
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    if vitals is not None:
        registry.register(vitals)
    return generate_latest(registry)
