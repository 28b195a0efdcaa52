"""The layer that answers requests whose heads the HTTP server could not read."""

from litestar.types import ASGIApp, Receive, Scope, Send

from boxoffice.web.http.problems import Problems
from boxoffice.web.http.raw_answers import send_raw
from boxoffice.web.http.troubles import recorded
from boxoffice.web.http.unreadable import unreadable_of


class RefusedHeads:
    """Stands right below the outermost layer: no other layer sees a request that was not read whole."""

    def __init__(self, app: ASGIApp, problems: Problems) -> None:
        self._app = app
        self._problems = problems

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if (error := unreadable_of(scope)) is None:
            await self._app(scope, receive, send)
        else:
            await send_raw(self._problems.raw(recorded(error)), send)
