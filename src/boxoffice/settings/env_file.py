"""Files of settings: ``.env``, and the one that ``--env-file`` names.

Their syntax is that of systemd's ``EnvironmentFile``, so that one file serves the unit, a shell and a timer.
What systemd would pass over in silence, or read in a way that nobody expects, is refused here: a setting that
is lost without a word may be the database.
"""

import re
from pathlib import Path
from typing import Final

from boxoffice.settings.texts import SettingsError

_SKIPPED: Final = re.compile(r"[ \t]*(?:[#;][^\r\n]*)?(?:\r?\n|\Z)")
"""An empty line, or a comment."""

_ASSIGNMENT: Final = re.compile(
    r"""[ \t]*(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*
    (?: '(?P<single>[^'\0]*)'
      | "(?P<double>(?:[^"\\\0]|\\[^\0])*)"
      | (?P<plain>(?:(?!['"])(?:[^\\\r\n\0]|\\[^\0])(?:[^\\\r\n\0]|\\[^\0])*)?)
    )[ \t]*(?:\r?\n|\Z)""",
    re.VERBOSE,
)
"""A setting. A quoted value may have several lines, and nothing may follow its end. A plain value goes on in
the next line after a backslash; a ``#`` within the value belongs to the value."""

_JOINED: Final = re.compile(r"\\(?:\r?\n|(?P<kept>.))", re.S)
_JOINED_IN_QUOTES: Final = re.compile(r"\\(?:\r?\n|(?P<kept>[\"\\`$]))")


def read_env_file(path: Path) -> dict[str, str]:
    """The settings of a file, by name. Raises ``SettingsError``, which quotes nothing of the file."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError(f"{path} cannot be read: it is not UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    return _parsed(text, path)


def _parsed(text: str, path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        line = _SKIPPED.match(text, place)
        if line is None:
            line = _ASSIGNMENT.match(text, place)
            where = f"{path}, line {text.count(chr(10), 0, place) + 1}"
            if line is None:
                raise SettingsError(f"{where}: expected NAME=value, with quotes around all of it or none")
            if line["name"] in found:
                raise SettingsError(f"{where}: {line['name']} is set a second time")
            found[line["name"]] = _value(line)
        place = line.end()
    return found


def _value(line: re.Match[str]) -> str:
    if line["single"] is not None:
        return line["single"]
    if line["double"] is not None:
        return _JOINED_IN_QUOTES.sub(_kept, line["double"])
    return _JOINED.sub(_kept, _without_end(line["plain"]))


def _without_end(plain: str) -> str:
    """Without the blanks at its end; one after a backslash belongs to the value."""
    bare = plain.rstrip(" \t")
    escaped = (len(bare) - len(bare.rstrip("\\"))) % 2
    return plain[: len(bare) + escaped]


def _kept(escape: re.Match[str]) -> str:
    return escape["kept"] or ""
