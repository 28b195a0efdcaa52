"""What the engine counts, by the names that ``/metrics`` tells. Times are seconds."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

OUTCOMES: Final = Counter(
    "boxoffice_outcomes_total", "Commands answered, by kind and code ('done' or a refusal).", ["kind", "code"]
)
BATCH_COMMANDS: Final = Histogram(
    "boxoffice_batch_commands", "Commands in a batch.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256)
)
BATCH_SECONDS: Final = Histogram(
    "boxoffice_batch_seconds",
    "Time of a batch at the database, retries included.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15),
)
WRITE_RETRIES: Final = Counter("boxoffice_write_retries_total", "Writes tried again, by error.", ["error"])
WAITING: Final = Gauge(
    "boxoffice_waiting_commands",
    "Commands that wait for their batch, in all lanes.",
    multiprocess_mode="livesum",
)
HOLDS_EXPIRED: Final = Counter("boxoffice_holds_expired_total", "Holds that the sweeper ended.")
HOLDS: Final = Counter(
    "boxoffice_holds_total",
    "Holds: made, confirmed, retaken by a late confirm, failed. Confirmed and retaken over made is "
    "hold-to-sale; the others ran out or were cancelled.",
    ["event"],
)
AUTHENTICATION_FAILURES: Final = Counter(
    "boxoffice_authentication_failures_total", "Requests that did not say who asks, by reason.", ["reason"]
)
RATE_LIMITED: Final = Counter(
    "boxoffice_rate_limited_total", "Requests that were one too many, by class.", ["rate"]
)
