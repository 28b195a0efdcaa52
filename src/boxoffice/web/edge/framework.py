"""The door to the framework: it sees the headers that the request's head has, and no others."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from boxoffice.web.http.head import head_of


class FrameworkDoor:
    """The innermost layer. Behind it the framework reads each header as the layers before it have read it."""

    def __init__(self, framework: ASGIApp) -> None:
        self._framework = framework

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] == ScopeType.HTTP:
            scope["headers"] = head_of(scope).for_framework()
        await self._framework(scope, receive, send)
