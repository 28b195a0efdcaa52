"""The settings of the core, composed of their groups, and how settings are read.

They come from the environment and from ``.env`` in the working directory.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from dotenv import dotenv_values
from msgspec import Struct
from msgspec.structs import fields

from boxoffice.settings.access import AccessSettings
from boxoffice.settings.caps import CapSettings
from boxoffice.settings.database import DatabaseSettings
from boxoffice.settings.group import Group, load_group
from boxoffice.settings.holds import HoldSettings
from boxoffice.settings.rates import RateSettings
from boxoffice.settings.replica import ReplicaSettings
from boxoffice.settings.retention import RetentionSettings
from boxoffice.settings.server import ServerSettings
from boxoffice.settings.texts import SettingsError
from boxoffice.settings.tokens import TokenSettings

S = TypeVar("S", bound="Settings")


class Settings(Struct, frozen=True, kw_only=True):
    """The groups of the core. ``serve.settings`` adds those of the domains."""

    database: DatabaseSettings = DatabaseSettings()
    replica: ReplicaSettings = ReplicaSettings()
    server: ServerSettings = ServerSettings()
    access: AccessSettings = AccessSettings()
    tokens: TokenSettings = TokenSettings()
    rates: RateSettings = RateSettings()
    holds: HoldSettings = HoldSettings()
    caps: CapSettings = CapSettings()
    retention: RetentionSettings = RetentionSettings()

    @property
    def authenticates(self) -> bool:
        """Whether callers must say who they are. If AUTH is not set, only a server that no other machine
        can reach is open.
        """
        return not self.server.is_sheltered if self.access.auth is None else self.access.auth


def groups_of(composed: type[Settings]) -> dict[str, type[Group]]:
    """The groups that a composition has, by the name of the field."""
    return {field.name: field.type for field in fields(composed)}


def load_settings(composed: type[S], environ: Mapping[str, str] | None = None) -> S:
    """Every group of ``composed``, read from ``environ``.

    Without ``environ``, the settings come from the process and ``.env``; the process wins. An empty value
    counts as not set; unknown names are ignored. Raises ``SettingsError``.
    """
    given = _process_and_file() if environ is None else environ
    texts = {name: text for name, text in given.items() if text.strip()}
    groups: dict[str, Any] = {name: load_group(group, texts) for name, group in groups_of(composed).items()}
    return composed(**groups)


def _process_and_file() -> dict[str, str]:
    # Without interpolation, as a password may well contain a `$`.
    try:
        file = dotenv_values(Path(".env"), interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f".env cannot be read: {type(error).__name__}") from None
    return {name: text for name, text in file.items() if text is not None} | dict(os.environ)
