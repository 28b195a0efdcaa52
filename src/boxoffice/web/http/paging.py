"""Pages: opaque cursors that say after which item to go on, and the link to the next page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Response
from msgspec import Meta

from boxoffice.engine.reads import Page
from boxoffice.vocabulary import limits
from boxoffice.web.http.answers import ListAnswer, PageMeta
from boxoffice.web.http.invalid import invalid_field
from boxoffice.web.http.moments import in_utc
from boxoffice.web.http.request import ApiRequest

T = TypeVar("T")
L = TypeVar("L", bound=ListAnswer[Any])

_Number = Annotated[int, Meta(ge=0, le=limits.ID_MAX)]
_Moment = Annotated[datetime, Meta(tz=True)]


def listed(
    request: ApiRequest,
    answer_type: type[L],
    page: Page[T],
    key_of: Callable[[T], object],
    message: str,
) -> Response[L]:
    """One page of a list. ``key_of``: gives the place of an item in the order of the list, for the cursor."""
    following = _cursor(key_of(page.items[-1])) if page.more else None
    return listed_from(request, answer_type, page, ("cursor", following), message)


def listed_from(
    request: ApiRequest,
    answer_type: type[L],
    page: Page[T],
    following: tuple[str, str | None],
    message: str,
) -> Response[L]:
    """One page of a list. ``following``: the query parameter, with its value, that asks for the next page."""
    name, value = following
    headers = {} if value is None else {"Link": f'<{_with_query(request, name, value)}>; rel="next"'}
    meta = PageMeta(count=len(page.items), next_cursor=value)
    return Response(answer_type(data=page.items, message=message, meta=meta), headers=headers)


def number_after(cursor: str | None) -> int | None:
    """The number after which a page begins, read from its cursor. Raises ``InvalidInput``."""
    return None if cursor is None else _key(cursor, _Number)


def moment_after(cursor: str | None) -> tuple[datetime, int] | None:
    """The time and number after which a page begins, read from its cursor. Raises ``InvalidInput``."""
    if cursor is None:
        return None
    moment, number = _key(cursor, tuple[_Moment, _Number])
    return in_utc(moment, "cursor", "query"), number


def _key(cursor: str, key_type: Any) -> Any:
    try:
        return msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=key_type)
    except (msgspec.MsgspecError, ValueError):  # base64's and UTF-8's errors are ValueErrors
        expected = "the meta.next_cursor of a page of this list, as it was given"
        raise invalid_field("cursor", expected, "It is not one", "query") from None


def _cursor(key: object) -> str:
    return urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def _with_query(request: ApiRequest, name: str, value: str) -> str:
    given = parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True)
    kept = [(key, text) for key, text in given if key != name]
    return f"{request.scope['path']}?{urlencode([*kept, (name, value)])}"
