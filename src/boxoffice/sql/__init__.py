"""The SQL of the engine: one file for each statement or function, loaded by its name.

``queries``: the statements that the program sends. ``functions``: the rules. ``migrations``: the tables.
``checks``: the invariants that ``boxoffice verify`` checks. ``doctor``: the queries of ``boxoffice doctor``.
Folders below these sort files by subject; a name is unique below each of them. SQL is never assembled from
strings.
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable


def query(name: str) -> str:
    """The text of the statement ``queries/**/<name>.sql``."""
    return scripts("queries")[name]


@cache
def scripts(folder: str) -> dict[str, str]:
    """All scripts of a folder and those below it, by name without ``.sql``, in the order of their names.

    Raises ``ValueError`` if two files have the same name, because the second would hide the first.
    """
    found: dict[str, str] = {}
    for script in sorted(_scripts_below(files(__name__) / folder), key=lambda script: script.name):
        name = script.name.removesuffix(".sql")
        if name in found:
            raise ValueError(f"two SQL files in {folder} have the name {name}")
        found[name] = script.read_text("utf-8")
    return found


def _scripts_below(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _scripts_below(entry)
        elif entry.name.endswith(".sql"):
            yield entry
