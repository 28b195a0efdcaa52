"""The client's address: only our own proxies are believed, and only as far as their chain reaches."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from boxoffice.access.proxies import HOPS_MAX, Proxies
from boxoffice.web.http.head import read_head

NETWORKS = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"]
OURS = Proxies(NETWORKS)
OURS_BY_THE_RFC = Proxies(NETWORKS, "forwarded")
Headers = list[tuple[bytes, bytes]]


def client_of(proxies: Proxies, peer: str | None, headers: Headers) -> str | None:
    """The client of a request with these headers."""
    head = read_head(headers)
    return proxies.client(peer, head.x_forwarded_for, head.forwarded)


def listed(*values: str) -> Headers:
    return [(b"x-forwarded-for", value.encode()) for value in values]


def forwarded(*values: str) -> Headers:
    return [(b"forwarded", value.encode()) for value in values]


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("192.0.2.9", listed("198.51.100.1"), "192.0.2.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", listed("198.51.100.1"), "198.51.100.1"),
        ("10.0.0.1", listed("6.6.6.6, 198.51.100.1"), "198.51.100.1"),
        ("10.0.0.1", listed("6.6.6.6, 198.51.100.1, 10.9.9.9"), "198.51.100.1"),
        ("10.0.0.1", listed("6.6.6.6", "198.51.100.1"), "198.51.100.1"),
        ("10.0.0.1", listed("10.0.0.2, 10.0.0.3"), "10.0.0.2"),
        ("10.0.0.1", listed("198.51.100.1, nonsense"), "10.0.0.1"),
        ("10.0.0.1", listed("198.51.100.1, nonsense, 10.0.0.2"), "10.0.0.2"),
        ("10.0.0.1", listed(""), "10.0.0.1"),
        ("10.0.0.1", listed("198.51.100.1,"), "198.51.100.1"),
        ("10.0.0.1", listed(",198.51.100.1 ,, \t,"), "198.51.100.1"),
        ("10.0.0.1", listed("198.51.100.1", "", "10.9.9.9"), "198.51.100.1"),
        ("10.0.0.1", listed("198.51.100.1:4711"), "198.51.100.1"),
        ("::ffff:10.0.0.1", listed("198.51.100.1"), "198.51.100.1"),
        ("10.0.0.1", listed("::ffff:198.51.100.1"), "198.51.100.1"),
        ("fd00::1", listed("[2001:db8::1]:443"), "2001:db8::1"),
        ("10.0.0.1", listed("198.51.100.1") + forwarded("for=6.6.6.6"), "198.51.100.1"),
        ("10.0.0.1", forwarded("for=6.6.6.6"), "10.0.0.1"),
        ("::ffff:192.0.2.9", listed("198.51.100.1"), "192.0.2.9"),
        (None, listed("198.51.100.1"), None),
    ],
)
def test_who_asks(peer: str | None, headers: Headers, client: str | None) -> None:
    assert client_of(OURS, peer, headers) == client


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("192.0.2.9", forwarded("for=198.51.100.1"), "192.0.2.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", forwarded("for=198.51.100.1"), "198.51.100.1"),
        ("10.0.0.1", forwarded("For=6.6.6.6, FOR=198.51.100.1;proto=https;by=10.0.0.1"), "198.51.100.1"),
        ("10.0.0.1", forwarded('proto=https; for="[2001:db8::1]:4711"'), "2001:db8::1"),
        ("10.0.0.1", forwarded('for="198.51.100.1:80"'), "198.51.100.1"),
        ("10.0.0.1", forwarded("for=_hidden"), "10.0.0.1"),
        ("10.0.0.1", forwarded("for=198.51.100.1,, "), "198.51.100.1"),
        ("10.0.0.1", forwarded("for=unknown, for=10.0.0.7"), "10.0.0.7"),
        ("10.0.0.1", forwarded("by=198.51.100.1"), "10.0.0.1"),
        ("10.0.0.1", listed("6.6.6.6") + forwarded("for=198.51.100.1"), "198.51.100.1"),
        ("10.0.0.1", listed("6.6.6.6"), "10.0.0.1"),
    ],
)
def test_who_asks_where_the_proxies_set_the_header_of_the_rfc(
    peer: str, headers: Headers, client: str
) -> None:
    assert client_of(OURS_BY_THE_RFC, peer, headers) == client


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("192.0.2.9", "192.0.2.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("/run/proxy.sock", "/run/proxy.sock"),
        (None, None),
    ],
)
def test_an_ipv4_client_is_the_same_on_every_socket(peer: str | None, client: str | None) -> None:
    assert client_of(Proxies([]), peer, []) == client


def test_without_proxies_no_header_is_believed() -> None:
    headers = listed("198.51.100.1") + forwarded("for=198.51.100.1")
    assert client_of(Proxies([]), "10.0.0.1", headers) == "10.0.0.1"


def test_a_chain_is_looked_at_only_so_far() -> None:
    chain = ", ".join(["198.51.100.1"] + ["10.0.0.2"] * HOPS_MAX)
    assert client_of(OURS, "10.0.0.1", listed(chain)) == "10.0.0.2"


@given(some.lists(some.text(max_size=40), max_size=4))
def test_whatever_a_client_writes_in_front_changes_nothing(made_up: list[str]) -> None:
    value = ",".join([*made_up, "198.51.100.1"]).encode("utf-8", "surrogatepass")
    assert client_of(OURS, "10.0.0.1", [(b"x-forwarded-for", value)]) == "198.51.100.1"
    assert client_of(OURS, "192.0.2.9", [(b"forwarded", value), (b"x-forwarded-for", value)]) == "192.0.2.9"
    both = [(b"forwarded", value), (b"x-forwarded-for", b"198.51.100.2")]
    assert client_of(OURS, "10.0.0.1", both) == "198.51.100.2"


@pytest.mark.parametrize(
    "value",
    [
        'host="a;for=6.6.6.6";for=198.51.100.1',
        'host="a,for=6.6.6.6";for=198.51.100.1',
        'host="a, for=6.6.6.6, b";for="198.51.100.1:80"',
        'host="a\\"; for=6.6.6.6";for=198.51.100.1',
        'host="a\\\\";for=198.51.100.1',
        'for=198.51.100.1;host="a;for=6.6.6.6"',
        'for=6.6.6.6;a=", for="198.51.100.1:80"',
        'for="6.6.6.6, for=198.51.100.1',
        "for=6.6.6.6,, for=198.51.100.1 ,",
        'for=6.6.6.6, proto=http;host="x";by=10.0.0.1;FOR=198.51.100.1',
        "for=6.6.6.6," * 10_000 + "for=198.51.100.1",
    ],
)
def test_what_a_proxy_quotes_of_a_client_names_no_hop(value: str) -> None:
    assert client_of(OURS_BY_THE_RFC, "10.0.0.1", forwarded(value)) == "198.51.100.1"


@pytest.mark.parametrize("value", ['for=6.6.6.6;host="a', '"' * 60_001, '\\"' * 30_000, '",' * 30_000])
def test_quotes_that_do_not_fit_end_the_search(value: str) -> None:
    assert client_of(OURS_BY_THE_RFC, "10.0.0.1", forwarded(value)) == "10.0.0.1"
