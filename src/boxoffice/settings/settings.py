"""The settings of the core, composed of their groups, and how settings are read.

They come from the environment and from ``.env`` in the working directory; or, with ``--env-file``, from that
file alone.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import fields

from boxoffice.settings.access import AccessSettings
from boxoffice.settings.cache import CacheSettings
from boxoffice.settings.caps import CapSettings
from boxoffice.settings.database import DatabaseSettings
from boxoffice.settings.env_file import read_env_file
from boxoffice.settings.feed import FeedSettings
from boxoffice.settings.group import Group, load_group, settings_in
from boxoffice.settings.holds import HoldSettings
from boxoffice.settings.rates import RateSettings
from boxoffice.settings.replica import ReplicaSettings
from boxoffice.settings.retention import RetentionSettings
from boxoffice.settings.server import ServerSettings
from boxoffice.settings.tokens import TokenSettings

S = TypeVar("S", bound="Settings")

IN_FOLDER: Final = Path(".env")
"""The file of settings in the working directory, which may be missing."""

_ALONE: Final = "_BOXOFFICE_SETTINGS_TAKEN"
"""A mark in the environment, for the processes that serve, too: a file was taken as the only source."""


class Settings(Struct, frozen=True, kw_only=True):
    """The groups of the core. ``serve.settings`` adds those of the domains."""

    database: DatabaseSettings = DatabaseSettings()
    replica: ReplicaSettings = ReplicaSettings()
    server: ServerSettings = ServerSettings()
    access: AccessSettings = AccessSettings()
    tokens: TokenSettings = TokenSettings()
    rates: RateSettings = RateSettings()
    cache: CacheSettings = CacheSettings()
    holds: HoldSettings = HoldSettings()
    caps: CapSettings = CapSettings()
    retention: RetentionSettings = RetentionSettings()
    feed: FeedSettings = FeedSettings()

    @property
    def authenticates(self) -> bool:
        """Whether callers must say who they are. If AUTH is not set, only a server that no other machine
        can reach is open.
        """
        return not self.server.is_sheltered if self.access.auth is None else self.access.auth


def groups_of(composed: type[Settings]) -> dict[str, type[Group]]:
    """The groups that a composition has, by the name of the field."""
    return {field.name: field.type for field in fields(composed)}


def names_of(composed: type[Settings]) -> frozenset[str]:
    """The names of all settings in the environment."""
    return frozenset(row.name for group in groups_of(composed).values() for row in settings_in(group))


def load_settings(composed: type[S], environ: Mapping[str, str] | None = None) -> S:
    """Every group of ``composed``, read from ``environ``; without it, from ``given_texts()``.

    An empty value counts as not set; unknown names are ignored. Raises ``SettingsError``.
    """
    given = given_texts() if environ is None else environ
    texts = {name: text for name, text in given.items() if text.strip()}
    groups: dict[str, Any] = {name: load_group(group, texts) for name, group in groups_of(composed).items()}
    return composed(**groups)


def given_texts() -> dict[str, str]:
    """What is set, by name: in the environment of the process and in ``.env``; the process wins.

    After ``take_settings_from`` nothing is read from ``.env``. Raises ``SettingsError``.
    """
    beside = {} if _ALONE in os.environ or not IN_FOLDER.is_file() else read_env_file(IN_FOLDER)
    return beside | dict(os.environ)


def take_settings_from(path: Path, composed: type[Settings]) -> None:
    """Makes the file the only source of settings, for this process and those that it starts.

    A setting of the environment that the file has not is dropped: the shell of an operator may have the
    DATABASE_URL of another program, which would win over the DB_HOST of the file. What is no setting, such as
    OTEL_EXPORTER_OTLP_ENDPOINT, goes into the environment with the rest. Raises ``SettingsError``.
    """
    texts = read_env_file(path)
    for name in names_of(composed):
        os.environ.pop(name, None)
    os.environ.update(texts)
    os.environ[_ALONE] = "1"
