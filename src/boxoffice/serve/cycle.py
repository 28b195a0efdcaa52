"""One request and its answer, as the application sees them."""

from typing import Final

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from boxoffice.web.http.unreadable import Unreadable

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Cycle(RequestResponseCycle):
    """A request whose body may turn out to be unreadable, and its answer."""

    trouble: Unreadable | None = None

    def fail(self, trouble: Unreadable) -> None:
        """Raises ``trouble`` where the application reads the body; the answer is the connection's last."""
        self.trouble = trouble
        self.keep_alive = False
        self.message_event.set()

    async def receive(self) -> ASGIReceiveEvent:
        """As uvicorn has it. But a request whose body is here does not let further requests in."""
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(_CONTINUE)
            self.waiting_for_100_continue = False
        if not self.disconnected and not self.response_complete and self.trouble is None:
            if self.more_body:
                self.flow.resume_reading()
            await self.message_event.wait()
            self.message_event.clear()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        if self.trouble is not None:
            raise self.trouble
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": self.more_body}
