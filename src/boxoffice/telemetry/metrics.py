"""The metrics of a process, with the names that ``/metrics`` shows. Times are in seconds.

``/metrics`` of any worker process shows the metrics of all workers together; ``multiprocess_mode`` says how
the workers' values of a gauge become one value. Metrics of the database, not of a process, are in
``serve/vitals.py``. docs/monitoring.md lists all metrics; a test fails if the list is not complete.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

HTTP_REQUESTS: Final = Counter(
    "boxoffice_http_requests_total", "HTTP requests answered.", ["method", "route", "status"]
)
HTTP_SECONDS: Final = Histogram(
    "boxoffice_http_request_seconds",
    "Time from an HTTP request to the end of its answer.",
    ["method", "route"],
    # From a cached read (1 ms) to a command that waited for its batch until it timed out (more than 10 s).
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)
FAULTS: Final = Counter(
    "boxoffice_faults_total",
    "Requests that failed on our side, by what went wrong and by the code that was told.",
    ["fault", "code"],
)
AUTHENTICATION_FAILURES: Final = Counter(
    "boxoffice_authentication_failures_total", "Requests that did not say who asks, by reason.", ["reason"]
)
RATE_LIMITED: Final = Counter(
    "boxoffice_rate_limited_total", "Requests that were one too many, by class.", ["rate"]
)

SHARED_CACHE: Final = Counter(
    "boxoffice_shared_cache_total",
    "Loads of answers that asked the shared cache: 'hit', 'miss', 'stale' while the database failed, 'older' "
    "not written, 'error'.",
    ["result"],
)
SHARED_CACHE_AWAY: Final = Gauge(
    "boxoffice_shared_cache_away",
    "1 while a process does not ask the shared cache, because it did not answer; else 0.",
    multiprocess_mode="livemax",
)

OUTCOMES: Final = Counter(
    "boxoffice_outcomes_total", "Commands answered, by kind and code ('done' or a refusal).", ["kind", "code"]
)
HOLDS: Final = Counter(
    "boxoffice_holds_total",
    "Holds: made, confirmed, retaken by a late confirm, failed. Confirmed and retaken over made is "
    "hold-to-sale; the others ran out or were cancelled.",
    ["event"],
)
HOLDS_EXPIRED: Final = Counter("boxoffice_holds_expired_total", "Holds that the sweeper ended.")
EVENTS: Final = Counter(
    "boxoffice_events_total",
    "Events that commands have written. Not those of holds that a sale ended on its way.",
)

WAITING: Final = Gauge(
    "boxoffice_waiting_commands",
    "Commands that wait for their batch, in all lanes.",
    multiprocess_mode="livesum",
)
DEEPEST_LANE: Final = Gauge(
    "boxoffice_deepest_lane_commands",
    "Commands that wait in the lane with the most of them.",
    multiprocess_mode="livemax",
)
QUEUE_WAIT_SECONDS: Final = Histogram(
    "boxoffice_queue_wait_seconds",
    "Time that a batch's longest waiting command was in its lane; one observation a batch.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
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

POOL_IN_USE: Final = Gauge(
    "boxoffice_pool_connections_in_use",
    "Connections that work for somebody, by pool.",
    ["pool"],
    multiprocess_mode="livesum",
)
REPLICA_READS: Final = Counter(
    "boxoffice_replica_reads_total",
    "Reads that the replica may answer, by who did: 'replica', or the primary because the replica was "
    "'behind', 'gone', 'failed', 'empty', or had not got yet what was 'changed' here.",
    ["answer"],
)
REPLICA_LAG_SECONDS: Final = Gauge(
    "boxoffice_replica_lag_seconds",
    "How old the replica's data may be, at most.",
    multiprocess_mode="livemax",
)
POOL_OPEN: Final = Gauge(
    "boxoffice_pool_connections_open",
    "Connections that are open, in use or not, by pool.",
    ["pool"],
    multiprocess_mode="livesum",
)
POOL_MAX: Final = Gauge(
    "boxoffice_pool_connections_max",
    "Connections that may be open, by pool.",
    ["pool"],
    multiprocess_mode="livesum",
)
POOL_WAITING: Final = Gauge(
    "boxoffice_pool_waiting_requests",
    "Batches and reads that wait for a connection, by pool.",
    ["pool"],
    multiprocess_mode="livesum",
)
POOL_WAIT_SECONDS: Final = Histogram(
    "boxoffice_pool_wait_seconds",
    "Time until there was a connection, or none could be had, by pool.",
    ["pool"],
    buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5),
)
SLOW_QUERIES: Final = Counter(
    "boxoffice_slow_queries_total", "Statements that took longer than SLOW_QUERY_SECONDS, by name.", ["query"]
)

FEED_LOOKS: Final = Counter("boxoffice_feed_looks_total", "Looks of the feed's readers that found news.")
FEED_SENT: Final = Counter(
    "boxoffice_feed_sent_total", "Events that a consumer has acknowledged, by consumer.", ["consumer"]
)
FEED_FAILURES: Final = Counter(
    "boxoffice_feed_failures_total", "Tries to serve a consumer that failed, by consumer.", ["consumer"]
)
FEED_FORKS: Final = Counter(
    "boxoffice_feed_forks_total",
    "Shows whose history did not continue what a consumer has, by consumer.",
    ["consumer"],
)
FEED_LEASES: Final = Gauge(
    "boxoffice_feed_leases_held",
    "Slices of the shows whose events this process sends, by duty; 16 in all.",
    ["duty"],
    multiprocess_mode="livesum",
)

DATABASE_UP: Final = Gauge(
    "boxoffice_database_up",
    "1 if the database answered the last look at it, of the worker that fares worst; else 0.",
    multiprocess_mode="livemin",
)
LAST_SWEEP: Final = Gauge(
    "boxoffice_last_sweep_timestamp_seconds",
    "When the sweeper last came to the end of a round, of the worker that is behind most; since 1970.",
    multiprocess_mode="livemin",
)
WORKERS: Final = Gauge("boxoffice_workers", "Processes that serve.", multiprocess_mode="livesum")

# Counters with known labels begin at 0. Otherwise the series appears with the value 1, and Prometheus sees no
# increase: an alert would miss the first event.
for _event in ("made", "confirmed", "retaken", "failed"):
    HOLDS.labels(_event)
for _error in ("SerializationError", "DeadlockDetectedError"):
    WRITE_RETRIES.labels(_error)
