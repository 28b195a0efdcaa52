"""The path under which a proxy offers the server (``ROOT_PATH``): links of answers begin with it.

The proxy takes the path off before it asks the server, so routing knows nothing of it. Without the setting
this layer is not there.
"""

from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_BEFORE_THE_PATH: Final = {b"location": b"", b"link": b"<"}
"""Headers that hold a path of this server, and what stands before that path."""


class RootPath:
    """The outermost layer of a server with a root path: it puts that path before the path of each link."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return

        async def send_linked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [self._linked(*header) for header in message["headers"]]
            await send(message)

        await self._app(scope, receive, send_linked)

    def _linked(self, name: bytes, value: bytes) -> tuple[bytes, bytes]:
        before = _BEFORE_THE_PATH.get(name.lower())
        if before is None or not value.startswith(before + b"/"):
            return name, value
        return name, before + self._root_path + value[len(before) :]
