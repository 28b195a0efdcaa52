"""Pages: what is no operation, such as documents, unknown paths and preflights, is counted by address.

Most have no person behind them, so the operations' rates do not see them. The requests are counted in
this process alone, because its event loop is what the limit protects: a question to Redis would cost more
than most of these answers. A refusal costs less than any answer.
"""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from boxoffice.access.identify import name_of_address
from boxoffice.access.rates import MemoryRates, RateLimited
from boxoffice.web.edge.routing import Routing
from boxoffice.web.http.caller import access_of
from boxoffice.web.http.problems import Problems
from boxoffice.web.http.raw_answers import RawAnswer, send_raw
from boxoffice.web.http.troubles import recorded


class PageRates:
    """The counter of what is no operation, by address."""

    def __init__(self, per_minute: int) -> None:
        self._rates = MemoryRates()
        self._per_minute = per_minute

    def count(self, origin: str | None) -> None:
        """Counts a request from this address. Raises ``RateLimited``."""
        spent = self._rates.take_now(name_of_address(origin), self._per_minute)
        if not spent.allowed:
            raise RateLimited("pages", self._per_minute, spent)


class Pages:
    """The layer before the framework that counts what comes to the framework and is no operation.

    What the gate refuses does not come here, so the gate counts it by the same ``rates``.
    """

    def __init__(self, app: ASGIApp, routing: Routing, rates: PageRates, problems: Problems) -> None:
        self._app = app
        self._routing = routing
        self._rates = rates
        self._problems = problems

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] == ScopeType.HTTP and (refused := self._refused(scope)) is not None:
            await send_raw(refused, send)
        else:
            await self._app(scope, receive, send)

    def _refused(self, scope: HTTPScope) -> RawAnswer | None:
        """The answer to a request that is one too many; None: the request goes on."""
        asked = self._routing.find(scope)
        if asked is not None and asked.policy.rate != "pages":
            return None
        if asked is not None:
            scope["path_template"] = asked.template
        try:
            self._rates.count(access_of(scope).origin)
        except RateLimited as error:
            return self._problems.raw(recorded(error))
        return None
