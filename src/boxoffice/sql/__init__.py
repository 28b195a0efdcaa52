"""The SQL of the engine: one file for each statement or function, loaded by name.

``queries`` are what the program asks, ``functions`` hold the rules, ``migrations`` the tables and
``checks`` the invariants that ``boxoffice verify`` looks at. SQL is never assembled from strings.
"""

from functools import cache
from importlib.resources import files


@cache
def query(name: str) -> str:
    """The text of ``queries/<name>.sql``."""
    return (files(__name__) / "queries" / f"{name}.sql").read_text()


@cache
def scripts(folder: str) -> dict[str, str]:
    """All scripts of a folder, by name without ``.sql``, in the order of their names."""
    entries = sorted((files(__name__) / folder).iterdir(), key=lambda entry: entry.name)
    return {
        entry.name.removesuffix(".sql"): entry.read_text() for entry in entries if entry.name.endswith(".sql")
    }
