"""The documents that are made from the code. ``make pages`` writes them, and a test compares them."""

import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import wrap
from typing import Final

from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.group import Group
from boxoffice.settings.settings import Settings, groups_of
from boxoffice.settings.table import SettingRow, group_table, settings_table

ROOT: Final = Path(__file__).parents[2]

WIDTH: Final = 110
"""Characters of a line of prose, as in ``.editorconfig``."""

IN_README: Final = (
    "DATABASE_URL",
    "APP_ENV",
    "HOST",
    "PORT",
    "AUTH",
    "JWT_ISSUER",
    "TRUSTED_PROXIES",
    "BOOKING_EXPIRY_MINUTES",
    "LATE_CONFIRM",
    "LOG_LEVEL",
)
"""The settings that most people set."""

_README_TABLE: Final = re.compile(
    r"(?<=<!-- settings: written by `make pages` -->\n).*?(?=<!-- end -->)", re.S
)

_PAGE: Final = """\
# Settings

<!-- Written by `make pages` from the declarations in the code; a test compares the two. -->

Settings come from the environment, and from `.env` in the working directory; the environment wins. An empty
value counts as not set. Unknown names are ignored; one that is nearly a setting is told. A program with a
wrong value does not start: it ends with one line that names the setting and what is expected. `.env.example`
has all settings, to be copied.

## Files of settings

`boxoffice --env-file FILE COMMAND` (or `boxoffice COMMAND --env-file FILE`) takes the settings from that file
alone. What the environment and `.env` say of settings does not count: a shell may have the `DATABASE_URL` of
another program. Options such as `--port` still win. The unit of systemd and its timers run the program in
this way, so a command with the same file has the settings of the service, and works on its database.

Such files, and `.env`, have the syntax of systemd's `EnvironmentFile`:

| line | value |
|---|---|
| `# text`, `; text`, or nothing | none |
| `NAME=a value # 1` | `a value # 1`: all up to the end of the line, without the blanks around it |
| `NAME='it has $ and "'` | what stands between the quotes, as it is; it may have several lines |
| `NAME="a \\"b\\" \\$c"` | `a "b" $c`: a backslash frees the next `"`, `\\`, `` ` `` or `$` |
| `NAME=a\\b` | `ab`: a backslash frees any character; at the end of a line it joins the next |

Nothing is put in the place of `$NAME`. Single quotes are the best for passwords: a shell that sources the
file reads them the same. What systemd would ignore or read in a surprising way is refused with the number of
its line: a line without `=`, `export`, text after the closing quote, a name that is set twice.
"""

_EXAMPLE: Final = """\
# Copy to .env and take away the `# ` of what you change. The environment wins over .env; a file that is named
# by --env-file is read alone. Both are read as systemd reads an EnvironmentFile (docs/settings.md).
# Written by `make pages` from the declarations in the code; a test compares the two.
"""


def written_pages() -> dict[Path, str]:
    """The text of each page, by its path."""
    readme = ROOT / "README.md"
    return {
        ROOT / "docs" / "settings.md": settings_page(ProgramSettings),
        ROOT / ".env.example": example(ProgramSettings),
        readme: _README_TABLE.sub(lambda _: _table(_readme_rows()), readme.read_text()),
    }


def settings_page(composed: type[Settings]) -> str:
    """``docs/settings.md``: the settings, group by group."""
    sections = (
        f"\n## {_title(name)}\n\n{_introduction(group)}\n\n{_table(group_table(group))}"
        for name, group in groups_of(composed).items()
    )
    return _PAGE + "".join(sections)


def example(composed: type[Settings]) -> str:
    """``.env.example``: every setting with its default, commented out."""
    return _EXAMPLE + "".join(
        f"\n#### {_title(name)}: {_introduction(group)}\n" + "".join(map(_commented_out, group_table(group)))
        for name, group in groups_of(composed).items()
    )


def _readme_rows() -> Iterator[SettingRow]:
    rows = {row.name: row for row in settings_table(ProgramSettings)}
    return (rows[name] for name in IN_README)


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _introduction(group: type[Group]) -> str:
    return (inspect.getdoc(group) or "").partition("\n\n")[0].replace("\n", " ")


def _table(rows: Iterable[SettingRow]) -> str:
    lines = ["| name | default | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {f'`{default}`' if default else ''} | {text} |" for name, default, text in rows]
    return "".join(f"{line}\n" for line in lines)


def _commented_out(row: SettingRow) -> str:
    prose = wrap(row.meaning, WIDTH, initial_indent="## ", subsequent_indent="## ", break_on_hyphens=False)
    return "".join(f"{line}\n" for line in ("", *prose, f"# {row.name}={row.default}"))


def main() -> None:
    """Writes all of them."""
    for path, text in written_pages().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
