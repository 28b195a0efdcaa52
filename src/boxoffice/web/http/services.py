"""The services of an application: everything that its parts work with, in one place."""

from collections.abc import Callable
from time import monotonic
from typing import Final

from litestar import Litestar
from prometheus_client.registry import Collector

from boxoffice.access.identify import Identities
from boxoffice.access.keys import KnownKeys
from boxoffice.access.profiles import Profiles
from boxoffice.access.redis_rates import rates_of
from boxoffice.access.tokens import tokens_of
from boxoffice.engine.engine import BookingEngine
from boxoffice.engine.reads import Reads
from boxoffice.feed.runtime import Feed
from boxoffice.settings.settings import Settings
from boxoffice.telemetry.exposition import exposition
from boxoffice.vocabulary.views import ApiKey
from boxoffice.web.http.deferral import Deferral
from boxoffice.web.http.drain import Drain
from boxoffice.web.http.kept import Kept, in_thread
from boxoffice.web.http.problems import Problems
from boxoffice.web.http.shared_cache import SharedCache, cache_of

METRICS_KEPT_S: Final = 1.0
"""Seconds for which the text of the metrics is kept: a part of any interval of scrapes. To make the text
reads the files of all workers; scrapes at any rate cost a process no more than that once a second."""

READY_KEPT_S: Final = 0.2
"""Seconds for which the database is not asked again whether it is ready: less than half of the interval at
which load balancers look."""

_SERVICES: Final = "services"


class Services:
    """One object for each application: the edge gets it by constructor, a handler finds it in the request.

    ``engine``, ``reads`` and ``feed`` exist once the application has started. ``identities`` None:
    authentication is off. ``deferral``: takes bookings for later, if a domain does. ``metrics``: the text of
    all metrics. ``readiness``: raises the fault that keeps the service from its work. ``clock`` measures for
    how long keys and logins are remembered.
    """

    engine: BookingEngine
    reads: Reads
    feed: Feed
    deferral: Deferral | None = None

    def __init__(
        self, settings: Settings, problems: Problems, clock: Callable[[], float] = monotonic
    ) -> None:
        self.settings: Final = settings
        self.problems: Final = problems
        self.drain: Final = Drain(settings.server.drain_delay_seconds)
        self.rates: Final = rates_of(settings.rates)
        self.cache: Final[SharedCache | None] = cache_of(settings, self._cache_name)
        self.profiles: Final = Profiles(self, clock)
        self.identities: Final = self._identities(clock) if settings.authenticates else None
        self.vitals: Collector | None = None
        self.metrics: Final = Kept(in_thread(lambda: exposition(self.vitals)), METRICS_KEPT_S)
        self.readiness: Final = Kept(self._check_ready, READY_KEPT_S)
        self.started_at = 0.0

    def started(self, engine: BookingEngine, reads: Reads, feed: Feed, vitals: Collector) -> None:
        """Takes the services that exist once the application has started."""
        self.engine, self.reads, self.feed, self.vitals = engine, reads, feed, vitals
        self.started_at = monotonic()

    def put_into(self, app: Litestar) -> None:
        """Makes these services known to the handlers of the application."""
        app.state[_SERVICES] = self

    def _identities(self, clock: Callable[[], float]) -> Identities:
        keys = KnownKeys(self._find_key, clock)
        return Identities(keys, tokens_of(self.settings.tokens), self.profiles, self.rates)

    async def _check_ready(self) -> None:
        await self.reads.check_ready()

    async def _cache_name(self) -> str:
        return await self.reads.cache_name()

    async def _find_key(self, digest: bytes) -> ApiKey | None:
        return await self.reads.api_key(digest)


def services_of(app: Litestar) -> Services:
    """The services of an application."""
    services: Services = app.state[_SERVICES]
    return services
