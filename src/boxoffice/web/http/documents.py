"""Documents: answers that are the same for all who ask.

A document is made and compressed once, in a thread, and kept. So no number of requests for one costs the
event loop more than sending bytes that are there.
"""

import gzip
from collections.abc import Callable, Mapping
from hashlib import sha256
from math import inf
from typing import Any, Final, TypeVar

from litestar import Response
from msgspec import Struct

from boxoffice.web.http.caching import matches
from boxoffice.web.http.kept import Kept, in_thread
from boxoffice.web.http.request import ApiRequest

T = TypeVar("T")

AS_IT_IS: Final = "as_it_is"
"""The key in the ``opt`` of a route whose answers the framework must not compress: they are documents."""

_LEVEL: Final = 9  # the smallest form: it is made once


class _Form(Struct, frozen=True):
    body: bytes
    headers: Mapping[str, str]


class Document:
    """The two forms of a document, compressed and plain, each with its own strong entity tag."""

    def __init__(self, body: bytes, media_type: str, headers: Mapping[str, str]) -> None:
        tag = sha256(body).hexdigest()[:16]
        zipped = {"Content-Encoding": "gzip", "ETag": f'"{tag}-gzip"'}
        self._media_type: Final = media_type
        self._plain: Final = _Form(body, {**headers, "ETag": f'"{tag}"'})
        self._zipped: Final = _Form(gzip.compress(body, _LEVEL, mtime=0), {**headers, **zipped})

    def answer(self, request: ApiRequest) -> Response[bytes]:
        """The form that the client takes; a 304 if the client has this form."""
        form = self._zipped if request.head.accepts_gzip else self._plain
        tags = request.head.if_none_match
        if tags is not None and matches(tags.decode("latin-1"), form.headers["ETag"]):
            kept = {name: value for name, value in form.headers.items() if name != "Content-Encoding"}
            return Response(b"", status_code=304, headers=kept)
        return Response(form.body, headers=dict(form.headers), media_type=self._media_type)


def made_once(make: Callable[[], T]) -> Kept[T]:
    """What is made in a thread at the first request, and kept for good."""
    return Kept(in_thread(make), inf)


def as_it_is(opt: Mapping[str, Any]) -> dict[str, Any]:
    """The ``opt`` of a route that answers documents."""
    return {**opt, AS_IT_IS: True}
