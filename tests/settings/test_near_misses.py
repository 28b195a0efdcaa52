"""A name that is nearly a setting is told, and names that other programs have are left alone."""

import pytest

from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.near_misses import names_of_a_database, near_misses
from boxoffice.settings.settings import names_of

NAMES = names_of(ProgramSettings)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("DATABASE_URI", "DATABASE_URL"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("database_url", "DATABASE_URL"),
        ("Auth", "AUTH"),
        ("app_env", "APP_ENV"),
        ("TRUSTED_PROXYS", "TRUSTED_PROXIES"),
        ("TRUSTED_PROXY", "TRUSTED_PROXIES"),
        ("CORS_ORIGIN", "CORS_ORIGINS"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("JWT_AUDIENC", "JWT_AUDIENCE"),
        ("APPENV", "APP_ENV"),
        ("DBHOST", "DB_HOST"),
        ("REPLICA_URI", "REPLICA_URL"),
    ],
)
def test_a_mistyped_setting_is_told(given: str, meant: str) -> None:
    assert list(near_misses([given], NAMES)) == [f"{given} is set, and is no setting: is {meant} meant?"]


def test_the_names_of_others_are_not_told() -> None:
    others = (
        "PATH HOME USER SHELL HOSTNAME LANG LC_ALL TERM PWD OLDPWD SHLVL XDG_DATA_HOME XDG_RUNTIME_DIR "
        "DB_SERVICE_HOST DB_SERVICE_PORT DB_PORT_5432_TCP DB_PORT_5432_TCP_ADDR BOXOFFICE_PORT "
        "BOXOFFICE_SERVICE_HOST KUBERNETES_PORT KUBERNETES_SERVICE_PORT OTEL_SERVICE_NAME PYTHONPATH "
        "OTEL_EXPORTER_OTLP_ENDPOINT PROMETHEUS_MULTIPROC_DIR INVOCATION_ID JOURNAL_STREAM STATE_DIRECTORY "
        "MAINPID NOTIFY_SOCKET RENDER RAILWAY_ENVIRONMENT COLUMNS LINES SSH_AUTH_SOCK XAUTHORITY TMPDIR "
        "http_proxy https_proxy no_proxy all_proxy"
    )
    assert list(near_misses([*others.split(), *NAMES], NAMES)) == []


def test_other_names_for_a_database_are_found() -> None:
    given = [
        "PGHOST",
        "POSTGRES_URL",
        "DATABSE_URL",
        "SQLALCHEMY_DATABASE_URI",
        "DB_URL",
        "db_uri",
        "DB_POOL_MAX",
        "HOME",
    ]

    assert names_of_a_database(given, NAMES) == [
        "DATABSE_URL",
        "DB_URL",
        "PGHOST",
        "POSTGRES_URL",
        "SQLALCHEMY_DATABASE_URI",
        "db_uri",
    ]
