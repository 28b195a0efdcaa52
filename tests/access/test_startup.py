"""The check that the settings say who may come in, and the message about a wrong setting."""

import pytest

from boxoffice.access.startup import check_access
from boxoffice.settings.settings import Settings, load_settings
from boxoffice.settings.texts import SettingsError

ISSUER = "https://login.example"
PEOPLE = {"AUTH": "on", "JWT_ISSUER": ISSUER, "JWT_AUDIENCE": "boxoffice"}


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"APP_ENV": "production"}, "AUTH is not set in production; expected on"),
        ({"APP_ENV": "production", "HOST": "127.0.0.1"}, "AUTH is not set in production; expected on"),
        ({"HOST": "0.0.0.0"}, "AUTH is not set on 0.0.0.0; expected on"),  # noqa: S104 - what is refused
        ({"HOST": "::"}, "AUTH is not set on ::; expected on"),
        ({"HOST": "box.example"}, "AUTH is not set on box.example; expected on"),
        ({"AUTH": "maybe"}, "AUTH is 'maybe'; expected on or off"),
        ({"AUTH": "on", "JWT_ISSUER": ISSUER}, "JWT_AUDIENCE is not set"),
        ({"AUTH": "on", "JWT_AUDIENCE": "boxoffice"}, "JWT_ISSUER is not set"),
        (
            {"AUTH": "on", "JWT_ISSUER": "http://login.example"},
            "expected an address that begins with https://",
        ),
        ({"AUTH": "on", "JWT_JWKS_URL": "file:///keys"}, "expected an address that begins with https://"),
        (PEOPLE | {"JWT_PUBLIC_KEY": "/nowhere"}, "JWT_PUBLIC_KEY is set; expected a public key for RS256"),
        ({"AUTH": "on", "JWT_ALGORITHM": "HS256"}, "JWT_ALGORITHM is 'HS256'; expected ES256"),
        ({"AUTH": "on", "JWT_ALGORITHM": "none"}, "JWT_ALGORITHM is 'none'; expected ES256"),
        (
            {"TRUSTED_PROXIES": "10.0.0.1/8"},
            "TRUSTED_PROXIES is '10.0.0.1/8'; expected addresses or networks",
        ),
        ({"RATE_LIMIT_REDIS_URL": "http://user:hush@x"}, "RATE_LIMIT_REDIS_URL is set; expected redis://"),
    ],
    ids=str,
)
def test_what_is_undecided_or_wrong_is_named_in_one_line(environ: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check_access(load_settings(Settings, environ))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "told", "authenticates"),
    [
        ({}, "authentication is off", False),
        ({"HOST": "localhost"}, "authentication is off", False),
        ({"HOST": "::1"}, "authentication is off", False),
        ({"AUTH": "off", "APP_ENV": "production"}, "authentication is off", False),
        ({"AUTH": "on"}, "authentication is on: API keys", True),
        (PEOPLE, f"authentication is on: API keys, and tokens of {ISSUER}", True),
        ({"AUTH": "on", "JWT_ALGORITHM": "eddsa"}, "authentication is on: API keys", True),
    ],
    ids=str,
)
def test_how_open_it_is_is_said(environ: dict[str, str], told: str, authenticates: bool) -> None:
    settings = load_settings(Settings, environ)
    assert check_access(settings).startswith(told)
    assert settings.authenticates is authenticates


def test_what_is_not_decided_is_closed() -> None:
    """This holds even for a program that puts the application together without the check."""
    assert load_settings(Settings, {"APP_ENV": "production"}).authenticates
    assert load_settings(Settings, {"HOST": "192.0.2.1"}).authenticates
