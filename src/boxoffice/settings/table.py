"""What the documents say about the settings."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from boxoffice.settings.group import Group, settings_in
from boxoffice.settings.settings import Settings, groups_of


class SettingRow(NamedTuple):
    """One row of the documents' table."""

    name: str
    default: str
    meaning: str


def settings_table(composed: type[Settings]) -> Iterator[SettingRow]:
    """The row of every setting, group by group."""
    for group in groups_of(composed).values():
        yield from group_table(group)


def group_table(group: type[Group]) -> Iterator[SettingRow]:
    """The row of every setting of a group."""
    for setting in settings_in(group):
        yield SettingRow(setting.name, _shown(setting.default), setting.meaning)


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
