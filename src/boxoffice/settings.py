"""The settings, read once from the environment and from ``.env`` in the working directory."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, get_type_hints
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from dotenv import dotenv_values
from msgspec import Meta, Struct
from msgspec import inspect as shape

_BOOLEANS: Final = {"yes": "true", "no": "false"}
_POSTGRES_SCHEMES: Final = ("postgres://", "postgresql://")
_ORIGIN: Final = re.compile(r"\*|https?://[^\s/?#*]+(:\*)?")
_HIDDEN: Final = ("DATABASE_URL", "DB_PASSWORD")


class SettingsError(Exception):
    """A setting is wrong. The message is one line: which one, what it has, what is expected."""


class Secret:
    """A text that no message, log or ``repr`` shows; ``reveal`` gives it to whom it is meant for."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Settings(Struct, frozen=True, kw_only=True, rename=str.upper):
    """All settings; the environment has them under the same names in upper case."""

    database_url: Annotated[
        Secret | None,
        Meta(description="PostgreSQL to use, `postgresql://user:password@host:port/name`. Wins over `DB_*`."),
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

    @property
    def hold_seconds_max(self) -> float:
        """The longest hold, in seconds."""
        return self.booking_expiry_minutes * 60

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
    values = {f.name: _convert(f, texts[f.encode_name]) for f in _fields() if f.encode_name in texts}
    return Settings(**(_defaults(texts, values.get("app_env")) | values))


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


def _defaults(texts: Mapping[str, str], app_env: object) -> dict[str, Any]:
    """The defaults that depend on where we run."""
    shared = "/var/lib" if os.geteuid() == 0 else texts.get("XDG_DATA_HOME", "~/.local/share")
    defaults: dict[str, Any] = {"data_dir": _folder(shared) / "boxoffice"}
    if app_env == "production":
        defaults |= {"host": "0.0.0.0", "cors_origins": ()}  # noqa: S104 - a server is there to be reached
    return defaults


def _convert(field: shape.Field, text: str) -> object:
    kind = _kind(field)
    try:
        value = _value(field, kind, text)
    except ValueError:  # msgspec's errors are ValueErrors too
        shown = "set" if field.encode_name in _HIDDEN else repr(text)
        # Without its cause: that one may quote a secret.
        raise SettingsError(f"{field.encode_name} is {shown}; expected {_expected(kind)}") from None
    return value


def _value(field: shape.Field, kind: shape.Type, text: str) -> object:
    match kind:
        case shape.StrType():
            return text.strip()
        case shape.CustomType(cls=cls) if cls is Path:
            return _folder(text.strip())
        case shape.CustomType():
            return Secret(_postgres_url(text.strip()) if field.name == "database_url" else text)
        case shape.VarTupleType():
            return tuple(_origin(part.strip()) for part in text.split(",") if part.strip())
        case _:
            word = text.strip().lower()
            return msgspec.convert(_BOOLEANS.get(word, word), _HINTS[field.name], strict=False)


def _folder(text: str) -> Path:
    return Path(os.path.expanduser(text)).absolute()  # noqa: PTH111 - Path.expanduser fails without a home


def _postgres_url(text: str) -> str:
    if not text.startswith(_POSTGRES_SCHEMES):
        raise ValueError
    hosts = urlsplit(text).netloc.rpartition("@")[2]
    # An unescaped `/` or `#` in the password ends up here as a port that is no number: a ValueError now,
    # and not an error of the driver that quotes it.
    _ = [urlsplit(f"//{host}").port for host in hosts.split(",")]
    return text


def _origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text):
        raise ValueError
    return text


def _expected(kind: shape.Type) -> str:
    match kind:
        case shape.IntType(ge=low, le=high):
            return f"a whole number from {low} to {high}"
        case shape.FloatType(gt=None, ge=low, le=high):
            return f"a number from {low:g} to {high:g}"
        case shape.FloatType(gt=low, le=high):
            return f"a number above {low:g} and up to {high:g}"
        case shape.LiteralType(values=values):
            return " or ".join(map(str, values))
        case shape.BoolType():
            return "true or false"
        case shape.VarTupleType():
            return "origins such as https://tickets.example, separated by commas, or *"
        case _:
            return "postgresql://user:password@host:port/name"


def _fields() -> tuple[shape.Field, ...]:
    struct = shape.type_info(Settings)
    assert isinstance(struct, shape.StructType)
    return struct.fields


def _kind(field: shape.Field) -> shape.Type:
    """The type without its documentation and without its None."""
    kind = field.type.type if isinstance(field.type, shape.Metadata) else field.type
    return kind.types[0] if isinstance(kind, shape.UnionType) else kind


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
