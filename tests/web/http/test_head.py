"""The head of a request: which value a header has, however often and however the header comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from boxoffice.web.http.head import RequestHead, read_head
from boxoffice.web.http.invalid import InvalidInput

Headers = list[tuple[bytes, bytes]]

ONE_VALUE = [
    b"authorization",
    b"x-api-key",
    b"host",
    b"origin",
    b"idempotency-key",
    b"content-type",
    b"content-length",
    b"access-control-request-method",
]
LISTS = [
    b"accept",
    b"accept-encoding",
    b"content-encoding",
    b"if-match",
    b"if-none-match",
    b"forwarded",
    b"x-forwarded-for",
    b"access-control-request-headers",
    b"tracestate",
]


def value_of(name: bytes, head: RequestHead) -> bytes | None:
    """The value of a header in a head."""
    value: bytes | None = getattr(head, name.decode().replace("-", "_"))
    return value


@pytest.mark.parametrize("name", ONE_VALUE)
@pytest.mark.parametrize("second", [b"b", b"a", b""])
def test_a_header_with_one_value_is_refused_if_it_comes_twice(name: bytes, second: bytes) -> None:
    head = read_head([(name, b"a"), (b"accept", b"*/*"), (name, second)])
    with pytest.raises(InvalidInput) as refused:
        head.check()
    [error] = refused.value.errors
    assert (error.place, error.path.lower().encode()) == ("header", name)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_may_come_in_several_lines(name: bytes) -> None:
    head = read_head([(name, b"a"), (b"host", b"x"), (name, b" b, c"), (name, b"")])
    assert value_of(name, head) == b"a, b, c, "
    head.check()


@pytest.mark.parametrize("name", [b"x-request-id", b"traceparent"])
def test_two_names_of_a_request_are_none(name: bytes) -> None:
    for times in (2, 3):
        head = read_head([(name, b"a")] * times)
        assert value_of(name, head) is None
        head.check()


@pytest.mark.parametrize("name", ONE_VALUE + LISTS)
def test_the_space_around_a_value_is_no_part_of_it(name: bytes) -> None:
    assert value_of(name, read_head([(name, b" \ta b\t ")])) == b"a b"
    assert value_of(name, read_head([(name, b" ")])) == b""
    assert value_of(name, read_head([(name, b"\xa0\x0ba\x1f")])) == b"\xa0\x0ba\x1f"


def test_what_is_not_sent_is_none() -> None:
    assert read_head([(b"user-agent", b"curl"), (b"cookie", b"a=b")]) == RequestHead()


@pytest.mark.parametrize("name", [b"via", b"x-real-ip", b"x-forwarded-host", b"x-forwarded-proto"])
def test_a_proxy_shows_itself(name: bytes) -> None:
    assert read_head([(name, b"")]).proxied is not None


def test_the_framework_gets_what_the_layers_before_it_read() -> None:
    head = read_head(
        [
            (b"cookie", b"a=b"),
            (b"range", b"bytes=0-1"),
            (b"x-http-method-override", b"DELETE"),
            (b"idempotency-key", b" k "),
            (b"if-none-match", b'"1"'),
            (b"if-none-match", b'"2"'),
            (b"accept-encoding", b"br"),
            (b"accept-encoding", b"gzip;q=0.5"),
        ]
    )
    assert sorted(head.for_framework()) == [
        (b"accept-encoding", b"gzip"),
        (b"idempotency-key", b"k"),
        (b"if-none-match", b'"1", "2"'),
    ]


@given(
    some.lists(
        some.tuples(some.sampled_from([*ONE_VALUE, *LISTS, b"traceparent", b"x-made-up"]), some.binary()),
        max_size=12,
    )
)
def test_whatever_comes_each_header_goes_on_once(headers: Headers) -> None:
    names = [name for name, _ in read_head(headers).for_framework()]
    assert len(names) == len(set(names))
