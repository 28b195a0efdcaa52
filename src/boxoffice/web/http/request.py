"""The request as our handlers see it: the body is read strictly, and the services are at hand."""

from functools import cache
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import URL, State
from litestar.exceptions import ClientException, InternalServerException

from boxoffice.engine.reads import Reads
from boxoffice.web.http.caller import Access, Requester, access_of
from boxoffice.web.http.head import RequestHead, head_of
from boxoffice.web.http.invalid import misfit_body, unreadable_body
from boxoffice.web.http.services import Services, services_of
from boxoffice.web.http.strict_json import decoded


class ApiRequest(Request[Any, Any, State]):
    """A request to one of our handlers."""

    @property
    def url(self) -> URL:
        """The path and the query. Litestar would add the host, and fail (500) on a malformed Host."""
        query: bytes = self.scope["query_string"]
        return URL.from_components(path=self.scope["path"], query=query.decode("latin-1"))

    @property
    def services(self) -> Services:
        """The services of the application."""
        return services_of(self.app)

    @property
    def reads(self) -> Reads:
        """The reads, which answer questions from the database."""
        return self.services.reads

    @property
    def access(self) -> Access:
        """What the gate lets the caller do."""
        return access_of(self.scope)

    @property
    def head(self) -> RequestHead:
        """The header fields of the request."""
        return head_of(self.scope)

    def who(self, idempotency_key: str | None) -> Requester:
        """The sender of this request; the commands of a handler are made with it."""
        return Requester(self.access, idempotency_key)

    async def body(self) -> bytes:
        """The whole body, of at most ``body_bytes_max``. Raises Litestar's 413."""
        try:
            return await super().body()
        except InternalServerException as error:
            # The framework raises this when the client went away: nothing of ours failed, so it is no 500.
            raise ClientException(detail=error.detail) from error

    async def json(self) -> Any:
        """The body as the type of the handler's ``data``, whatever the Content-Type says.

        Litestar would decode the body and then convert it leniently ("3" and 3.0 become 3). Here one strict
        pass decodes and checks the body. Raises ``InvalidInput``.
        """
        field = self.route_handler.parsed_data_field
        assert field is not None
        try:
            return decoded(_decoder(field.annotation).decode, await self.body())
        except msgspec.ValidationError as error:
            raise misfit_body(field.annotation, error) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise unreadable_body(error) from None


@cache
def _decoder(body_type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(body_type)
