"""The settings: defaults, where they come from, and that a wrong one is named in one line."""

import os
import re
from pathlib import Path
from unittest import mock

import msgspec
import pytest

from boxoffice.settings.settings import Settings, load_settings, take_settings_from
from boxoffice.settings.texts import Secret, SettingsError


def test_defaults() -> None:
    settings = load_settings(Settings, {})
    assert settings.database.dsn is None
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 3001)
    assert settings.holds.seconds_max == 120
    assert settings.database.data_dir.is_absolute()
    assert settings.database.data_dir.name == "boxoffice"
    assert settings.server.migrate_on_start is True


def test_production_listens_everywhere_and_allows_no_foreign_origin() -> None:
    settings = load_settings(Settings, {"APP_ENV": "production"})
    assert settings.server.host == "0.0.0.0"  # noqa: S104 - what is tested
    assert settings.server.cors_origins == ()


def test_what_is_set_wins_over_the_defaults_of_production() -> None:
    server = load_settings(Settings, {"APP_ENV": "Production", "HOST": "::1", "CORS_ORIGINS": "*"}).server
    assert (server.app_env, server.host, server.cors_origins) == ("production", "::1", ("*",))


def test_an_empty_value_is_not_set_and_an_unknown_name_is_ignored() -> None:
    assert load_settings(Settings, {"PORT": " ", "DB_HOST": "", "PORTT": "x"}) == load_settings(Settings, {})


@pytest.mark.parametrize(
    ("environ", "dsn"),
    [
        ({"DATABASE_URL": "postgres://u:p@h/d", "DB_HOST": "other"}, "postgres://u:p@h/d"),
        ({"DATABASE_URL": "postgresql://u@a:5432,b:5433/d"}, "postgresql://u@a:5432,b:5433/d"),
        ({"DB_HOST": "db"}, "postgresql://postgres@db:5432/ticket_booking"),
        ({"DB_NAME": "a b", "DB_PORT": "6000"}, "postgresql://postgres@localhost:6000/a%20b"),
        ({"DB_HOST": "::1", "DB_USER": "me"}, "postgresql://me@[::1]:5432/ticket_booking"),
        (
            {"DB_HOST": "db", "DB_PASSWORD": "a @:/"},
            "postgresql://postgres:a%20%40%3A%2F@db:5432/ticket_booking",
        ),
        (
            {"DB_HOST": "/run/pg", "DB_NAME": "d"},
            "postgresql://postgres@/d?host=%2Frun%2Fpg&port=5432",
        ),
        ({"DB_HOST": "a,b", "DB_PORT": "6000"}, "postgresql://postgres@a:6000,b:6000/ticket_booking"),
        ({"DB_USER": "me", "DB_PASSWORD": "p"}, None),
        ({"DATABASE_URL": "Embedded ", "DB_HOST": "db"}, None),
    ],
)
def test_which_database(environ: dict[str, str], dsn: str | None) -> None:
    assert load_settings(Settings, environ).database.dsn == dsn


def test_the_embedded_database_is_used_only_by_its_name() -> None:
    assert load_settings(Settings, {"DATABASE_URL": "embedded"}).database.is_embedded
    assert not load_settings(Settings, {}).database.is_embedded
    assert not load_settings(Settings, {"DATABASE_URL": "postgres://h/embedded"}).database.is_embedded


def test_the_parts_of_a_database_are_not_read_beside_its_url() -> None:
    """Kubernetes sets DB_PORT to an address, where a service is called `db`."""
    links = {"DB_PORT": "tcp://10.0.0.7:5432"}

    assert load_settings(Settings, {"DATABASE_URL": "postgres://h/d", **links}).database.dsn
    with pytest.raises(SettingsError, match=r"DB_PORT is 'tcp://10.0.0.7:5432'; expected a whole number"):
        load_settings(Settings, {"DB_HOST": "db", **links})


NEVER_MATCHES = {
    "CORS_ORIGINS": [
        "https://Shop.Example",
        "HTTPS://shop.example",
        "https://shop.example/",
        "https://shop.example/app",
        "https://shop.example:443",
        "http://shop.example:80",
        "https://shop.example:0443",
        "https://shop.example:70000",
        "https://user@shop.example",
        "https://b\u00fccher.example",
        "https://*.shop.example",
        "https://shop.example,*",
        "https://[::0:1]",
        "https://-shop.example",
        "http://127.1",
        "http://0x7f000001",
        "http://127.0.0.01",
        "https://",
        "null",
        ",",
    ],
    "TRUSTED_PROXIES": [
        "proxy.example",
        "10.0.0.1/8",
        "::ffff:10.0.0.0/104",
        "fe80::1%eth0",
        "10.0.0.0/33",
        ",",
    ],
    "JWT_ISSUER": [
        "https://id.example/re alm",
        "https://id.example/\tx",
        "https://",
        "https:///realm",
        "https://user:pw@id.example",
        "https://id.example/#x",
        "https://id.example/?x=1",
        "https://id.example:port",
        "http://id.example",
    ],
    "JWT_JWKS_URL": ["https://id.example/a b", "https://", "https://user@id.example/keys"],
    "JWT_ROLES_CLAIM": ["realm_access..roles", ".roles", "roles."],
    "DB_HOST": ["db:5432", "postgresql://db", "db/name", "user@db", "a b", ",", "[::1]"],
    "HOST": ["0.0.0.0:3001", "http://0.0.0.0", "[::1]", "a b", "*"],
    "ROOT_PATH": [
        "tickets",
        "/a//b",
        "https://shop.example/tickets",
        "/a b",
        "/a?b",
        "/../a",
        "/a/.",
        "/a/..",
    ],
}


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name in NEVER_MATCHES for text in NEVER_MATCHES[name]]
)
def test_a_value_that_can_never_match_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is .*; expected "):
        load_settings(Settings, {name: text})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CORS_ORIGINS", "https://shop.example,http://localhost:*,https://xn--bcher-kva.example:8443"),
        ("CORS_ORIGINS", "http://[::1]:3000, http://127.0.0.1:*,http://shop_1"),
        ("CORS_ORIGINS", "*"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1,,fd00::/8,::1"),
        ("JWT_ISSUER", "https://id.example/realms/shop/"),
        ("JWT_ISSUER", "http://127.0.0.1:8080/realms/shop"),
        ("JWT_JWKS_URL", "https://id.example/keys?kind=public"),
        ("JWT_ROLES_CLAIM", "https://shop.example/roles"),
        ("DB_HOST", "/run/postgresql"),
        ("DB_HOST", "db-1.internal, ::1"),
        ("HOST", "::"),
        ("HOST", "localhost"),
        ("ROOT_PATH", "/shop/tickets/"),
        ("ROOT_PATH", "/..shop/.a/v1.0"),
    ],
)
def test_a_value_that_can_match_is_taken(name: str, text: str) -> None:
    load_settings(Settings, {name: text})


@pytest.mark.parametrize(
    ("environ", "hold_s", "lifetime_minutes"),
    [
        ({}, 120, 10),
        ({"BOOKING_EXPIRY_MINUTES": "10"}, 600, 10),
        ({"BOOKING_EXPIRY_MINUTES": "15"}, 900, 15),
        ({"BOOKING_EXPIRY_MINUTES": "15", "HOLD_LIFETIME_MINUTES_MAX": "30"}, 900, 30),
        ({"BOOKING_EXPIRY_MINUTES": "15", "HOLD_LIFETIME_MINUTES_MAX": "5"}, 300, 5),
        ({"HOLD_LIFETIME_MINUTES_MAX": "1"}, 60, 1),
    ],
    ids=str,
)
def test_a_hold_is_never_longer_than_its_lifetime(
    environ: dict[str, str], hold_s: float, lifetime_minutes: float
) -> None:
    holds = load_settings(Settings, environ).holds
    assert (holds.seconds_max, holds.hold_lifetime_minutes_max) == (hold_s, lifetime_minutes)


@pytest.mark.parametrize("text", ["1", "true", "YES", "True"])
def test_yes(text: str) -> None:
    assert load_settings(Settings, {"MIGRATE_ON_START": text}).server.migrate_on_start is True


@pytest.mark.parametrize("text", ["0", "false", "no", "No "])
def test_no(text: str) -> None:
    assert load_settings(Settings, {"MIGRATE_ON_START": text}).server.migrate_on_start is False


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("PORT", "abc", "a whole number from 1 to 65535"),
        ("PORT", "0", "a whole number from 1 to 65535"),
        ("DB_POOL_MAX", "1", "a whole number from 2 to 1000"),
        ("BOOKING_EXPIRY_MINUTES", "nan", "a number above 0 and up to 1440"),
        ("BOOKING_EXPIRY_MINUTES", "inf", "a number above 0 and up to 1440"),
        ("BOOKING_EXPIRY_MINUTES", "0", "a number above 0 and up to 1440"),
        ("SWEEP_INTERVAL_SECONDS", "-inf", "a number from 0.01 to 3600"),
        ("LATE_CONFIRM", "maybe", "refuse or retake"),
        ("TRUSTED_PROXY_HEADER", "x-real-ip", "forwarded or x-forwarded-for"),
        ("MIGRATE_ON_START", "2", "true or false"),
        ("CORS_ORIGINS", "tickets.example", "origins as browsers send them"),
    ],
)
def test_a_wrong_value_is_named_in_one_line(name: str, text: str, expected: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"{name} is {text!r}; expected {expected}")) as caught:
        load_settings(Settings, {name: text})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://u:hush@h/d",
        "postgresql://u:hu sh@h/d",
        "mysql://u:hush@h/d",
        "postgresql://u:hush/x@h/d",
        "postgresql://u:hush#x@h/d",
        "postgresql://u:hu@hush#x@h/d",
        "postgresql://u:hu@hush/x@h/d",
        "postgresql://u:1/hush@h/d",
        "postgresql://u:1?hush@h/d",
        "hush",
    ],
)
def test_a_wrong_url_is_not_quoted(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL is set; expected") as caught:
        load_settings(Settings, {"DATABASE_URL": url})
    assert "hush" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_secrets_are_not_shown() -> None:
    settings = load_settings(Settings, {"REPLICA_URL": "postgres://u:hush@h/d", "DB_PASSWORD": "hush"})
    assert "hush" not in f"{settings} {settings!r} {settings.database.password}"
    with pytest.raises(TypeError):
        msgspec.json.encode(settings)
    assert settings.database.password == Secret("hush")


def test_the_process_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("PORT=4000\nDB_POOL_MAX=7\nDB_PASSWORD='a${HOME}$b'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORT", "5000")
    for name in ("DB_POOL_MAX", "DB_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    settings = load_settings(Settings)
    assert (settings.server.port, settings.database.pool_max) == (5000, 7)
    assert settings.database.password == Secret("a${HOME}$b")


def test_an_unreadable_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"^\.env cannot be read"):
        load_settings(Settings)


def test_a_file_that_is_named_is_the_only_source_of_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("DB_POOL_MAX=7\n")
    (tmp_path / "service.env").write_text("DB_HOST=db\nPORT=4000\nOTEL_SERVICE_NAME=shop\n")
    monkeypatch.chdir(tmp_path)
    shell = {"DATABASE_URL": "postgres://other/program", "PORT": "5000", "PATH": "/bin"}
    with mock.patch.dict(os.environ, shell, clear=True):
        take_settings_from(Path("service.env"), Settings)
        settings = load_settings(Settings)
        left = dict(os.environ)

    assert settings.database.dsn == "postgresql://postgres@db:5432/ticket_booking"
    assert (settings.server.port, settings.database.pool_max) == (4000, 20)
    assert (left["PATH"], left["OTEL_SERVICE_NAME"]) == ("/bin", "shop")


def test_a_file_that_cannot_be_read_leaves_the_environment_as_it_was(tmp_path: Path) -> None:
    with mock.patch.dict(os.environ, {"PORT": "5000"}, clear=True):
        with pytest.raises(SettingsError):
            take_settings_from(tmp_path / "none.env", Settings)
        assert dict(os.environ) == {"PORT": "5000"}
