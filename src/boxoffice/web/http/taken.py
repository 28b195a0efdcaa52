"""What an operation takes. Whatever else a request brings is refused: a misspelled parameter must not list
everybody, and a body that nobody reads must not turn 'this seat' into 'all seats'.

The probes and the pages outside the described API are not held to this. Load balancers and monitoring add
parameters of their own to a probe, and a probe that answers 400 takes a healthy server out of service.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, get_args
from urllib.parse import unquote_to_bytes

import msgspec
from litestar import Request
from litestar.handlers.base import BaseRouteHandler
from litestar.params import HeaderParameter, PathParameter, QueryParameter
from msgspec import Struct

from boxoffice.web.http.head import RequestHead
from boxoffice.web.http.invalid import (
    FieldError,
    InvalidInput,
    Place,
    Unfit,
    invalid_field,
    misfit_body,
)
from boxoffice.web.http.operation import operation_of
from boxoffice.web.http.request import ApiRequest

_NO_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NUMBER: Final = re.compile("-?(?:0|[1-9][0-9]*)")
_TAKEN: Final = "taken"
_NO_CODING: Final = frozenset({b"", b"identity"})


class _NoBody(Struct, forbid_unknown_fields=True):
    """The body of an operation that takes none: some client libraries send ``{}`` in its place."""


_empty: Final = msgspec.json.Decoder(_NoBody).decode


class _Taken(Struct, frozen=True):
    queries: frozenset[str]
    numbers: Mapping[str, str]  # by the names in paths and queries: what is expected there
    has_body: bool
    has_if_match: bool


async def refuse_what_is_not_taken(request: Request[Any, Any, Any]) -> None:
    """Called by the framework before each handler. Raises ``InvalidInput`` or ``Unfit``."""
    assert isinstance(request, ApiRequest)
    handler = request.route_handler
    operation = operation_of(handler)
    if operation is None or operation.is_probe:
        return
    taken = _taken(handler)
    errors = list(_wrong_numbers("path", request.path_params.items(), taken.numbers))
    if query := request.scope["query_string"]:
        _check_spelling(query)
        given = list(request.query_params.multi_items())
        errors += [*_wrong_numbers("query", given, taken.numbers), *_wrong_queries(given, taken.queries)]
    if errors:
        raise InvalidInput(*errors)
    _check_conditions(request, taken)
    await _check_body(request, taken)


def is_coded(head: RequestHead) -> bool:
    """Whether the head says that the body is in a coding. Names of codings have no case (RFC 9110 8.4.1)."""
    coding = head.content_encoding
    return coding is not None and coding.lower() not in _NO_CODING


def takes_body(handler: BaseRouteHandler) -> bool:
    """Whether the operation of this handler takes a body."""
    return "data" in handler.parsed_fn_signature.parameters


def _taken(handler: BaseRouteHandler) -> _Taken:
    """What the handler takes; read once, and kept with the handler: a cache beside it would keep each
    application in memory that ever was in this process.
    """
    kept: _Taken | None = handler.opt.get(_TAKEN)
    if kept is None:
        kept = handler.opt[_TAKEN] = _read_taken(handler)
    return kept


def _read_taken(handler: BaseRouteHandler) -> _Taken:
    fields = handler.parsed_fn_signature.parameters
    definitions = {name: field.kwarg_definition for name, field in fields.items()}
    return _Taken(
        queries=frozenset(
            kwarg.name or name for name, kwarg in definitions.items() if isinstance(kwarg, QueryParameter)
        ),
        numbers={
            kwarg.name or name: kwarg.description or ""
            for name, kwarg in definitions.items()
            if isinstance(kwarg, PathParameter | QueryParameter) and _is_number(fields[name].annotation)
        },
        has_body=takes_body(handler),
        has_if_match=any(
            isinstance(kwarg, HeaderParameter) and kwarg.name == "If-Match" for kwarg in definitions.values()
        ),
    )


def _check_spelling(query: bytes) -> None:
    """Refuses a query that is no text: the framework would put other characters in the place of its bytes."""
    if b"%" not in query and query.isascii():
        return
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        raise invalid_field("", "text in UTF-8", "Its bytes are none", "query") from None
    if _NO_ESCAPE.search(query):
        raise invalid_field("", "a % as %25", "A % begins no escaped character", "query")


def _is_number(annotation: Any) -> bool:
    return annotation is int or int in get_args(annotation)


def _wrong_numbers(
    place: Place, given: Iterable[tuple[str, str]], numbers: Mapping[str, str]
) -> Iterator[FieldError]:
    """Numbers have one spelling. The framework would read 1.0 and 1e0 as 1, which no other layer does."""
    for name, text in given:
        if name in numbers and not _NUMBER.fullmatch(text):
            yield FieldError(place, name, numbers[name], "It is no integer, written in digits")


def _wrong_queries(given: Iterable[tuple[str, str]], known: frozenset[str]) -> Iterator[FieldError]:
    names = Counter(name for name, _ in given)
    expected = f"no parameter but: {', '.join(sorted(known))}" if known else "no parameters"
    for name, times in sorted(names.items()):
        if name not in known:
            yield FieldError("query", name, expected, "Unknown parameter")
        elif times > 1:
            yield FieldError("query", name, "this parameter once", f"It comes {times} times")


def _check_conditions(request: ApiRequest, taken: _Taken) -> None:
    """Refuses a condition that nothing would look at: what it forbids would be done all the same."""
    head = request.head
    if taken.has_if_match:
        return
    if request.method == "GET":
        if head.if_match is not None:
            raise invalid_field("If-Match", "If-None-Match, or neither", "A read does not take it", "header")
    elif head.if_match not in (None, b"*") or head.if_none_match == b"*":
        raise Unfit("precondition_failed")


async def _check_body(request: ApiRequest, taken: _Taken) -> None:
    if not request.head.has_body or not (body := await request.body()):
        return
    if is_coded(request.head) and taken.has_body:
        raise Unfit("unsupported_coding", {"Accept-Encoding": "identity"})
    if is_coded(request.head):
        raise invalid_field("", "no body", "It is in a coding")
    if taken.has_body:
        return
    try:
        _empty(body)
    except msgspec.ValidationError as error:
        [found] = misfit_body(_NoBody, error).errors
        raise invalid_field(found.path, "no body", found.problem) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid_field("", "no body", str(error)) from None
