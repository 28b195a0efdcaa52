"""The composition root: settings in, application out."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from typing import Final

from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.config.cors import CORSConfig
from msgspec.structs import replace

from boxoffice.engine.runtime import open_engine
from boxoffice.feed.runtime import open_feed, sales_connections
from boxoffice.serve.operations import DOMAINS, Domain, controllers_of, kinds_of, render
from boxoffice.serve.settings import ProgramSettings
from boxoffice.serve.vitals import Vitals
from boxoffice.telemetry.tracing import traced
from boxoffice.web.api import docs, system
from boxoffice.web.edge.fast_bookings import FastBookings
from boxoffice.web.edge.framework import FrameworkDoor
from boxoffice.web.edge.gate import Gate
from boxoffice.web.edge.headers import default_headers
from boxoffice.web.edge.outermost import Outermost
from boxoffice.web.edge.pages import PageRates, Pages
from boxoffice.web.edge.refused_heads import RefusedHeads
from boxoffice.web.edge.root_path import RootPath
from boxoffice.web.edge.routing import Routing
from boxoffice.web.edge.shared_reads import SharedReads
from boxoffice.web.http.documents import AS_IT_IS
from boxoffice.web.http.operation import operations_of
from boxoffice.web.http.problems import Problems
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.services import Services, services_of
from boxoffice.web.http.taken import refuse_what_is_not_taken

_COMPRESSED_BYTES_MIN: Final = 1_000
"""Bytes from which on an answer is compressed: smaller answers fit into one packet as they are."""

_COMPRESS_LEVEL: Final = 1
"""The level of least effort: at a higher one the seats of a large hall would hold up the event loop."""

_REQUEST_HEADERS: Final = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "Prefer",
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
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
]


def create_app(
    settings: ProgramSettings,
    domains: Sequence[Domain] = DOMAINS,
    clock: Callable[[], float] = monotonic,
) -> Litestar:
    """The application; the engine is opened when it starts and drained when it stops.

    ``clock`` measures for how long keys and logins are remembered. Raises ``SettingsError`` if the settings
    ask for an extra that is not installed, or contradict each other.
    """
    services = Services(settings, Problems(kinds_of(domains)), clock)
    root_path = settings.server.root_path
    docs_handlers = docs.docs_handlers(lambda: render(domains, root_path), root_path)
    app = Litestar(
        [*controllers_of(domains), *system.HANDLERS, *docs_handlers],
        lifespan=[traced, lambda app: _parts_open(app, domains)],
        request_class=ApiRequest,
        before_request=refuse_what_is_not_taken,
        request_max_body_size=settings.server.body_bytes_max,
        exception_handlers={Exception: services.problems.on_error},
        cors_config=_cors(settings.server.cors_origins),
        compression_config=CompressionConfig(
            "gzip",
            minimum_size=_COMPRESSED_BYTES_MIN,
            gzip_compress_level=_COMPRESS_LEVEL,
            exclude_opt_key=AS_IT_IS,
        ),
        openapi_config=None,  # web.api.docs serves it
        logging_config=None,  # telemetry.logs does it
        debug=False,
    )
    services.put_into(app)
    edge = _edge(app, services)
    app.asgi_handler = RootPath(edge, root_path) if root_path else edge
    return app


def _edge(app: Litestar, services: Services) -> Outermost:
    """The layers that every request passes before the framework, built from the inside out."""
    operations = list(operations_of(app))
    routing = Routing(app, customers_confirm=services.settings.access.customers_confirm)
    rates = PageRates(services.settings.rates.pages_per_minute)
    pages = Pages(FrameworkDoor(app.asgi_handler), routing, rates, services.problems)
    shared = SharedReads(pages, services, operations, app.cors_config)
    fast = FastBookings(shared, services, operations)
    gate = Gate(fast, routing, app.cors_config, services, rates)
    readable = RefusedHeads(gate, services.problems)
    return Outermost(readable, default_headers(https=services.settings.server.asks_for_https), services.drain)


@asynccontextmanager
async def _parts_open(app: Litestar, domains: Sequence[Domain]) -> AsyncIterator[None]:
    """The engine, the feed and the background of the domains; what was opened last is closed first."""
    services = services_of(app)
    settings = services.settings
    pool_max = sales_connections(settings.database.pool_max)
    for_sales = replace(settings, database=replace(settings.database, pool_max=pool_max))
    async with open_engine(for_sales) as (engine, reads), open_feed(settings, engine) as feed:
        vitals = Vitals(engine, reads, feed)
        services.started(engine, reads, feed, vitals)
        vitals.start()
        try:
            async with AsyncExitStack() as background:
                for begin in (begin for domain in domains for begin in domain.background):
                    await background.enter_async_context(begin(services))
                yield
        finally:
            await vitals.stop()
            await services.rates.close()
            if services.cache is not None:
                await services.cache.close()


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
