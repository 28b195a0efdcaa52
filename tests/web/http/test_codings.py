"""Whether an answer is compressed: the weights of Accept-Encoding (RFC 9110 12.5.3)."""

import pytest

from boxoffice.web.http.codings import accepts_gzip


@pytest.mark.parametrize(
    "accepted",
    [
        b"gzip",
        b"GZIP",
        b"x-gzip",
        b"gzip, deflate, br, zstd",
        b"br;q=1.0, gzip;q=0.8, *;q=0.1",
        b"gzip;q=1.000",
        b"gzip ; q=0.001",
        b"gzip\t;\tQ=1",
        b",gzip,",
        b"*",
        b"*;q=0.5",
        b"identity;q=0, gzip",
        b"identity;q=0.5, gzip;q=0.5",
        b"identity;q=0, *",
        b"gzip;q=0, x-gzip",
    ],
)
def test_gzip_is_wanted(accepted: bytes) -> None:
    assert accepts_gzip(accepted)


@pytest.mark.parametrize(
    "accepted",
    [
        None,
        b"",
        b"identity",
        b"br",
        b"gzip;q=0",
        b"gzip;q=0.000",
        b"*;q=0",
        b"gzip;q=0, *",
        b"gzip;q=0, gzip",
        b"gzip, gzip;q=0",
        b"identity, gzip;q=0.5",
        b"gzip;q=0.4, identity;q=0.5",
        b"identity;q=0",
        b"gzipped",
        b"not-gzip",
        b"gzip;q=2",
        b"gzip;q=-1",
        b"gzip;level=9",
        b'"gzip"',
        b"br gzip",
        b"gzip;q=\xd9\xa1",
    ],
)
def test_gzip_is_not_wanted(accepted: bytes | None) -> None:
    assert not accepts_gzip(accepted)
