"""The metrics of the relay, one series for each broker. Lag and what was sent are the feed's metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

SINK_UP: Final = Gauge(
    "boxoffice_relay_up",
    "1 if the last publish to the broker was acknowledged, in the worker that fares worst; else 0.",
    ["consumer"],
    multiprocess_mode="livemin",
)
SINK_REFUSES: Final = Gauge(
    "boxoffice_relay_refused",
    "1 if the broker answers and refuses what the relay needs: exchange, stream, topic, rights, a queue.",
    ["consumer"],
    multiprocess_mode="livemax",
)
PUBLISH_SECONDS: Final = Histogram(
    "boxoffice_relay_publish_seconds",
    "Time until a broker had acknowledged a batch; one observation a batch.",
    ["consumer"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
ALREADY_THERE: Final = Counter(
    "boxoffice_relay_duplicates_refused_total",
    "Events that a broker had already, and that its fence kept from being there twice.",
    ["consumer"],
)
