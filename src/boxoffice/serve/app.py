"""The composition root: settings in, application out."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.config.cors import CORSConfig

from boxoffice.access.identify import Identities
from boxoffice.access.keys import KnownKeys
from boxoffice.access.profiles import People
from boxoffice.access.redis_rates import rates_of
from boxoffice.access.tokens import tokens_of
from boxoffice.engine.reads import Reads
from boxoffice.engine.runtime import open_engine
from boxoffice.serve.settings import ProgramSettings
from boxoffice.serve.vitals import Vitals
from boxoffice.telemetry.tracing import traced
from boxoffice.vocabulary.views import ApiKey
from boxoffice.web.api import docs, system
from boxoffice.web.api.openapi import OPERATIONS
from boxoffice.web.edge.drain import Drain
from boxoffice.web.edge.fast_bookings import FastBooking
from boxoffice.web.edge.gate import Gate
from boxoffice.web.edge.headers import default_headers
from boxoffice.web.edge.outermost import Edge
from boxoffice.web.edge.shared_reads import KeptAnswers
from boxoffice.web.http.problems import HANDLERS
from boxoffice.web.http.request import ApiRequest

_COMPRESSED_BYTES_MIN: Final = 1_000
"""Smaller answers fit into one packet as they are."""

_COMPRESS_LEVEL: Final = 1
"""The least effort: the list of a large hall's seats would keep the event loop for long otherwise."""

_REQUEST_HEADERS: Final = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-Api-Key",
    "X-Request-Id",
    "traceparent",
]
_ANSWER_HEADERS: Final = [
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
]


def create_app(settings: ProgramSettings) -> Litestar:
    """The application; the engine is opened when it starts and drained when it stops.

    Raises ``SettingsError`` if the settings ask for what is not installed, or contradict each other.
    """
    app = Litestar(
        [*OPERATIONS, *system.HANDLERS, *docs.HANDLERS],
        lifespan=[traced, _engine_open],
        request_class=ApiRequest,
        request_max_body_size=settings.server.body_bytes_max,
        exception_handlers=HANDLERS,
        cors_config=_cors(settings.server.cors_origins),
        compression_config=CompressionConfig(
            "gzip", minimum_size=_COMPRESSED_BYTES_MIN, gzip_compress_level=_COMPRESS_LEVEL
        ),
        openapi_config=None,  # web.api.docs serves it
        logging_config=None,  # telemetry.logs does it
        debug=False,
    )
    app.state.settings = settings
    app.state.drain = Drain(settings.server.drain_delay_seconds)
    app.state.people = People(app.state)
    app.state.rates = rates_of(settings.rates)
    inner = FastBooking(KeptAnswers(app.asgi_handler, app), app)
    gate = Gate(inner, app, settings, _identities(app, settings) if settings.authenticates else None)
    app.asgi_handler = Edge(gate, default_headers(https=settings.server.asks_for_https), app.state.drain)
    return app


@asynccontextmanager
async def _engine_open(app: Litestar) -> AsyncIterator[None]:
    async with open_engine(app.state.settings) as (engine, reads):
        app.state.engine = engine
        app.state.reads = reads
        app.state.started_at = monotonic()
        app.state.vitals = Vitals(engine, reads)
        app.state.vitals.start()
        try:
            yield
        finally:
            await app.state.vitals.stop()
            await app.state.rates.close()


def _identities(app: Litestar, settings: ProgramSettings) -> Identities:
    """What recognises callers. The database is not there before the application has started."""

    async def find(digest: bytes) -> ApiKey | None:
        reads: Reads = app.state.reads
        return await reads.api_key(digest)

    return Identities(KnownKeys(find), tokens_of(settings.tokens), app.state.people, app.state.rates)


def _cors(origins: tuple[str, ...]) -> CORSConfig | None:
    if not origins:
        return None
    return CORSConfig(
        allow_origins=[origin for origin in origins if not origin.endswith(":*")],
        allow_origin_regex=_any_port([origin for origin in origins if origin.endswith(":*")]),
        allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"],
        allow_headers=_REQUEST_HEADERS,
        expose_headers=_ANSWER_HEADERS,
    )


def _any_port(origins: list[str]) -> str | None:
    return "|".join(rf"{re.escape(origin.removesuffix(':*'))}(?::\d+)?" for origin in origins) or None
