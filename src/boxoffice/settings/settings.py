"""The settings, read once from the environment and from ``.env`` in the working directory."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, get_type_hints
from urllib.parse import quote, urlencode

from dotenv import dotenv_values
from msgspec import Meta, Struct
from msgspec import inspect as shape

from boxoffice.settings.texts import Secret as Secret
from boxoffice.settings.texts import SettingsError as SettingsError
from boxoffice.settings.texts import folder, is_loopback, value_of


class Settings(Struct, frozen=True, kw_only=True, rename=str.upper):
    """All settings; the environment has them under the same names in upper case."""

    database_url: Annotated[
        Secret | None,
        Meta(
            description="PostgreSQL to use, `postgresql://user:password@host:port/name`; several hosts, "
            "separated by commas, are a primary and its standbys. Wins over `DB_*`."
        ),
    ] = None
    db_host: Annotated[
        str | None,
        Meta(description="Host of PostgreSQL, or its socket's folder; `localhost` if only `DB_NAME` is set."),
    ] = None
    db_port: Annotated[int, Meta(ge=1, le=65535, description="Port of PostgreSQL.")] = 5432
    db_name: Annotated[
        str | None,
        Meta(
            description="Database; `ticket_booking` if only `DB_HOST` is set. With neither of the two and no "
            "`DATABASE_URL`, an embedded PostgreSQL is started."
        ),
    ] = None
    db_user: Annotated[str, Meta(description="User at PostgreSQL.")] = "postgres"
    db_password: Annotated[
        Secret | None, Meta(description="Password at PostgreSQL. Never shown or logged.")
    ] = None
    db_pool_max: Annotated[
        int,
        Meta(
            ge=2,
            le=1000,
            description="Connections a process opens at most: one at least writes while one "
            "reads. All processes together must stay below PostgreSQL's own limit.",
        ),
    ] = 20
    db_isolation: Annotated[
        Literal["serializable", "read_committed"],
        Meta(
            description="Isolation of the writing transactions. Both are safe, as the show's row is locked; "
            "`serializable` is a second guard."
        ),
    ] = "serializable"
    db_pooler: Annotated[
        Literal["none", "transaction"],
        Meta(
            description="`transaction` if pgbouncer or the like, which hands connections on after each "
            "transaction, stands before PostgreSQL: costs some round trips a transaction."
        ),
    ] = "none"
    replica_url: Annotated[
        Secret | None,
        Meta(
            description="A hot standby that answers lists and availability (without `?consistent=true`), "
            "while it is near enough."
        ),
    ] = None
    replica_lag_seconds_max: Annotated[
        float,
        Meta(ge=1, le=3600, description="Seconds that the replica may be behind; then the primary answers."),
    ] = 2.0
    app_env: Annotated[
        Literal["development", "production"],
        Meta(
            description="`production` listens on all interfaces and allows no foreign origin unless told to."
        ),
    ] = "development"
    host: Annotated[str, Meta(description="Address to listen on; default `0.0.0.0` in production.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(ge=1, le=65535, description="Port to listen on.")] = 3001
    log_level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"],
        Meta(description="Least level that is logged."),
    ] = "info"
    data_dir: Annotated[
        Path,
        Meta(
            description="Folder of the embedded PostgreSQL; default `/var/lib/boxoffice` for root, else "
            "`$XDG_DATA_HOME/boxoffice` or `~/.local/share/boxoffice`."
        ),
    ] = Path("~/.local/share/boxoffice")
    booking_expiry_minutes: Annotated[
        float,
        Meta(
            gt=0,
            le=1440,
            description="Minutes that a hold lasts at most, and by default; fractions allowed. "
            "Long enough to pay, short enough to give the seats back.",
        ),
    ] = 2.0
    late_confirm: Annotated[
        Literal["retake", "refuse"],
        Meta(
            description="A confirmation after the hold ran out: take the same seats again if nobody has "
            "them, or refuse."
        ),
    ] = "retake"
    sweep_interval_seconds: Annotated[
        float,
        Meta(
            ge=0.01,
            le=3600,
            description="Seconds between two sweeps of holds that ran out. Sales do not "
            "wait for it: they take such seats back themselves.",
        ),
    ] = 1.0
    slow_query_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="Seconds from which on a statement is logged by its name: a batch takes some "
            "milliseconds, the seats of the largest hall a second.",
        ),
    ] = 0.5
    body_bytes_max: Annotated[
        int,
        Meta(
            ge=1024,
            le=16_777_216,
            description="Bytes of a request's body: the largest booking is some KB; more is refused unread.",
        ),
    ] = 65_536
    cors_origins: Annotated[
        tuple[str, ...],
        Meta(
            description="Origins whose pages may call the API, separated by commas; `*` is any, `:*` at the "
            "end is any port. Default in production: none."
        ),
    ] = ("http://localhost:*", "http://127.0.0.1:*")
    migrate_on_start: Annotated[
        bool, Meta(description="Whether `serve` brings the schema up to date before it listens.")
    ] = True
    drain_delay_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=300,
            description="Seconds from SIGTERM, when `/readyz` turns 503, until connections are refused: load "
            "balancers go elsewhere meanwhile. Default in production: 5.",
        ),
    ] = 0.0
    auth: Annotated[
        bool | None,
        Meta(
            description="Whether callers must say who they are (`on`, `off`). Not set: off in development on "
            "a loopback address, and `serve` refuses to start elsewhere."
        ),
    ] = None
    jwt_issuer: Annotated[
        str | None,
        Meta(
            description="The OpenID Connect provider whose tokens people bring, as its tokens name it in "
            "`iss`. Without it only API keys are known."
        ),
    ] = None
    jwt_audience: Annotated[
        str | None,
        Meta(description="The name of this service in the `aud` of the tokens; needed with `JWT_ISSUER`."),
    ] = None
    jwt_jwks_url: Annotated[
        str | None,
        Meta(
            description="Where the provider's public keys are. Default: what the provider itself says, under "
            "`/.well-known/openid-configuration`."
        ),
    ] = None
    jwt_public_key: Annotated[
        str | None,
        Meta(description="One public key instead of the provider's list: PEM, or the path of a PEM file."),
    ] = None
    jwt_algorithm: Annotated[
        Literal["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"],
        Meta(description="The one algorithm that tokens may be signed with."),
    ] = "RS256"
    jwt_roles_claim: Annotated[
        str | None,
        Meta(
            description="The claim that lists a person's roles (`service`, `operator`, `admin`). Without it "
            "all people are customers."
        ),
    ] = None
    customers_confirm: Annotated[
        bool,
        Meta(
            description="Whether customers may confirm holds and book at once; else they hold, and a service "
            "confirms after the payment."
        ),
    ] = False
    rate_reads_per_minute: Annotated[
        int,
        Meta(
            ge=1, le=1_000_000, description="Reads a minute of one person, or of one address without login."
        ),
    ] = 600
    rate_writes_per_minute: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Changes a minute of one person.")
    ] = 120
    rate_limit_redis_url: Annotated[
        Secret | None,
        Meta(
            description="Redis in which all processes count together, `redis://host:6379/0`; without it "
            "each counts alone, and N of them (`--workers N`) give N times the rate. Needs the extra `redis`."
        ),
    ] = None
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks of the proxies in front, separated by commas: only they are believed about "
            "whom they speak for."
        ),
    ] = ()
    trusted_proxy_header: Annotated[
        Literal["x-forwarded-for", "forwarded"],
        Meta(
            description="The header in which these proxies say it; they must set it on every request. The "
            "other one is ignored."
        ),
    ] = "x-forwarded-for"
    hsts: Annotated[
        bool | None,
        Meta(description="Whether browsers are told to come by HTTPS only. Default: in production."),
    ] = None
    seats_per_booking_max: Annotated[
        int,
        Meta(ge=1, le=1_000, description="Seats of one booking by customers and services; staff: 1000."),
    ] = 10
    holds_per_user_max: Annotated[
        int, Meta(ge=1, le=10_000, description="Holds of one user at a time, in all shows together.")
    ] = 6
    holds_per_user_and_show_max: Annotated[
        int, Meta(ge=1, le=10_000, description="Holds of one user at a time in one show.")
    ] = 2
    bookings_per_user_and_show_max: Annotated[
        int, Meta(ge=1, le=10_000, description="Bookings of one user in one show, holds included.")
    ] = 10
    hold_cooldown_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=86_400,
            description="Pause of a user in a show after a hold that was not bought, in seconds: so long "
            "after one of full length, less after a shorter one.",
        ),
    ] = 30.0
    hold_lifetime_minutes_max: Annotated[
        float,
        Meta(
            gt=0,
            le=1440,
            description="Minutes after which a hold ends for good, however often it is extended. Default: "
            "`BOOKING_EXPIRY_MINUTES` if that is longer.",
        ),
    ] = 10.0

    idempotency_keys_kept_days: Annotated[
        int,
        Meta(
            ge=1,
            le=3650,
            description="Days after which the answer to an `Idempotency-Key` may be forgotten; the same key "
            "is then a new request. Far longer than anybody tries again by itself.",
        ),
    ] = 30

    @property
    def hold_seconds_max(self) -> float:
        """The longest hold without an extension, in seconds: never beyond its lifetime."""
        return min(self.booking_expiry_minutes, self.hold_lifetime_minutes_max) * 60

    @property
    def authenticates(self) -> bool:
        """Whether callers must say who they are; where nothing is set, only a loopback address is open."""
        return not self.is_sheltered if self.auth is None else self.auth

    @property
    def is_sheltered(self) -> bool:
        """Whether this is somebody's own machine: development, and reachable from it alone."""
        return self.app_env == "development" and is_loopback(self.host)

    @property
    def asks_for_https(self) -> bool:
        """Whether browsers are told to come by HTTPS only."""
        return self.app_env == "production" if self.hsts is None else self.hsts

    @property
    def dsn(self) -> str | None:
        """The PostgreSQL to use, password included; None means the embedded one."""
        if self.database_url is not None:
            return self.database_url.reveal()
        if self.db_host is None and self.db_name is None:
            return None
        return _dsn_of_parts(self)


class SettingRow(NamedTuple):
    """One row of the documentation's table."""

    name: str
    default: str
    meaning: str


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Reads the settings from ``environ``, or else from the process and ``.env``, the process first.

    An empty value counts as not set; unknown names are ignored. Raises ``SettingsError``.
    """
    given = _process_and_file() if environ is None else environ
    texts = {name: text for name, text in given.items() if text.strip()}
    values = {
        f.name: value_of(f, _HINTS[f.name], texts[f.encode_name]) for f in _fields() if f.encode_name in texts
    }
    return Settings(**(_defaults(texts, values) | values))


def settings_table() -> Iterator[SettingRow]:
    """What the documentation says about every setting, in the order of ``Settings``."""
    for field in _fields():
        assert isinstance(field.type, shape.Metadata)
        meaning = (field.type.extra_json_schema or {})["description"]
        yield SettingRow(field.encode_name, _shown(field.default), meaning)


def _process_and_file() -> dict[str, str]:
    # Without interpolation, as a password may well contain a `$`.
    try:
        file = dotenv_values(Path(".env"), interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f".env cannot be read: {type(error).__name__}") from None
    return {name: text for name, text in file.items() if text is not None} | dict(os.environ)


def _defaults(texts: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults that depend on where we run, and on other settings."""
    shared = "/var/lib" if os.geteuid() == 0 else texts.get("XDG_DATA_HOME", "~/.local/share")
    defaults: dict[str, Any] = {"data_dir": folder(shared) / "boxoffice"}
    if (expiry := values.get("booking_expiry_minutes", 0)) > Settings().hold_lifetime_minutes_max:
        defaults["hold_lifetime_minutes_max"] = expiry
    if values.get("app_env") == "production":
        defaults |= {"host": "0.0.0.0", "cors_origins": (), "drain_delay_seconds": 5.0}  # noqa: S104 - to be reached
    return defaults


def _fields() -> tuple[shape.Field, ...]:
    struct = shape.type_info(Settings)
    assert isinstance(struct, shape.StructType)
    return struct.fields


def _shown(default: object) -> str:
    match default:
        case None | Path():
            return ""
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
        case tuple():
            return ",".join(default)
        case _:
            return str(default)


def _dsn_of_parts(settings: Settings) -> str:
    name = quote(settings.db_name or "ticket_booking", safe="")
    login = quote(settings.db_user, safe="")
    if settings.db_password is not None:
        login += ":" + quote(settings.db_password.reveal(), safe="")
    host = settings.db_host or "localhost"
    if host.startswith("/"):
        where = urlencode({"host": host, "port": settings.db_port})
        return f"postgresql://{login}@/{name}?{where}"
    bracketed = f"[{host}]" if ":" in host else host
    return f"postgresql://{login}@{bracketed}:{settings.db_port}/{name}"


_HINTS: Final = get_type_hints(Settings, include_extras=True)
