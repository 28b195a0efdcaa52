"""The metrics of asynchronous booking. docs/monitoring.md lists them."""

from typing import Final

from prometheus_client import Counter, Gauge

TAKEN: Final = Counter(
    "boxoffice_requests_taken_total",
    "Requests for a ticket, by what became of them: 'taken', 'known' (asked again), 'full', or 'reused' (the "
    "key belongs to another request).",
    ["fate"],
)
PUBLISHED: Final = Counter(
    "boxoffice_requests_published_total", "Requests that RabbitMQ has confirmed, or has not.", ["result"]
)
ANSWERED: Final = Counter(
    "boxoffice_requests_answered_total", "Tickets answered: 'done', 'expired' or 'withdrawn'.", ["state"]
)
NOTICES: Final = Counter(
    "boxoffice_request_notices_total",
    "Notices of answered tickets that RabbitMQ has confirmed, or that are lost.",
    ["result"],
)
QUEUED: Final = Gauge(
    "boxoffice_requests_queued",
    "Tickets that wait for their turn in the database, in all shows.",
    multiprocess_mode="livemax",
)
OLDEST_SECONDS: Final = Gauge(
    "boxoffice_requests_oldest_seconds",
    "For how long the oldest ticket has waited; 0 if none waits.",
    multiprocess_mode="livemax",
)
WAITERS: Final = Gauge(
    "boxoffice_requests_waiters",
    "Callers that wait for the answer to a ticket.",
    multiprocess_mode="livesum",
)
QUEUE_UP: Final = Gauge(
    "boxoffice_booking_queue_up",
    "1 if this process is connected to RabbitMQ, of the worker that fares worst; else 0.",
    multiprocess_mode="livemin",
)

for _fate in ("taken", "known", "full", "reused"):
    TAKEN.labels(_fate)
for _state in ("done", "expired", "withdrawn"):
    ANSWERED.labels(_state)
for _result in ("confirmed", "failed"):
    PUBLISHED.labels(_result)
for _result in ("confirmed", "lost"):
    NOTICES.labels(_result)
