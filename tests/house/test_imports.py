"""Who may import whom. The table of rooms in docs/architecture.md gives the order, from the bottom up.

The rooms between `web/` and `serve/` in that table are the domains.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.house.rules import PACKAGE, ROOT, Breach, files, hold, parsed, plant

TABLE: Final = ROOT / "docs" / "architecture.md"
ROOMS: Final = tuple(re.findall(r"^\| `(\w+)/` \|", TABLE.read_text(), re.M))

WITHIN: Final = {
    "database": (
        *("errors", "rows", "servers", "timing", "sessions", "replica"),
        *("tries", "store", "migrate", "catalogue", "chain", "anchors", "verify"),
    ),
    "engine": ("lanes", "batches", "engine", "reads", "expiry", "runtime", "archive"),
    "web": ("http", "api", "edge"),
}
"""The order inside a room, from the bottom up, where there is one. What is not named has no place in it."""

UPWARD: Final = {
    "bench/small_queue.py -> cli.main.main": "the program itself, with one bound changed",
}
"""Imports from below to above, and why they may be."""

FLOORS: Final = {
    "asyncpg": "database",
    "litestar": "web",
    "uvicorn": "serve",
    "httptools": "serve",
    "typer": "bench",
}
"""The lowest room that may import a library."""

NEVER: Final = {
    "engine": (r"boxoffice\.sql", "name the statement to the store"),
    "web": (r"asyncpg|boxoffice\.(database|sql|postgres)", "go through the engine"),
}
"""What a room may not import although it stands above it: data flows one way."""

LANES_MAY_IMPORT: Final = r"boxoffice\.vocabulary\.faults(\.|$)"
"""Lanes are queues: they know nothing of seats, SQL or settings."""

ACROSS: Final = {
    "pages": r"\w+\.views(\.|$)",  # a page shows what other domains tell
    "tickets": r"till\.reads(\.|$)",  # a ticket is made for what was paid; it asks, and changes nothing
}
"""What a domain may import of other domains."""


class Import(NamedTuple):
    """One imported name; ``imported`` is dotted, from the top."""

    path: str
    line: int
    imported: str

    @property
    def importer(self) -> str:
        """The module that imports, below the package."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def ours(self) -> str:
        """What is imported of our own, below the package; else empty."""
        return self.imported.removeprefix("boxoffice.") if self.imported.startswith("boxoffice.") else ""

    def breach(self, what: str) -> Breach:
        """This import as one that breaks a rule."""
        told = self.ours or self.imported
        return Breach(f"{self.path}:{self.line}", f"{self.path} -> {told}", f"imports {told}: {what}")


def imports(package: Path) -> Iterator[Import]:
    """All imports, late ones too."""
    for path, text in files(package, ".py"):
        for node in ast.walk(parsed(text)):
            if isinstance(node, ast.Import):
                yield from (Import(path, node.lineno, name.name) for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (Import(path, node.lineno, f"{node.module}.{name.name}") for name in node.names)


def place(module: str, order: Sequence[str]) -> int:
    """How high a module stands; ``__init__`` is below all rooms, ``__main__`` above all."""
    first = module.partition(".")[0]
    return order.index(first) if first in order else len(order) if first == "__main__" else -1


def upward(package: Path, rooms: Sequence[str]) -> Iterator[Breach]:
    for found in imports(package):
        if found.ours and place(found.ours, rooms) > place(found.importer, rooms):
            yield found.breach("it stands above; move what is needed down, or ask for it as a parameter")


def upward_within(package: Path) -> Iterator[Breach]:
    for found in imports(package):
        room, _, importer = found.importer.partition(".")
        other, _, imported = found.ours.partition(".")
        order = WITHIN.get(room, ()) if room == other else ()
        if order and place(imported, order) > place(importer, order) >= 0:
            yield found.breach(f"in {room}/ the order is {' < '.join(order)}")


def libraries_too_low(package: Path, rooms: Sequence[str]) -> Iterator[Breach]:
    for found in imports(package):
        floor = FLOORS.get(found.imported.partition(".")[0])
        if floor and place(found.importer, rooms) < place(floor, rooms):
            yield found.breach(f"only {floor}/ and the rooms above it know this library")


OWN_TABLES: Final = ("requests",)
"""Domains with tables that no sale touches: they ask the store for these, and the engine for all else."""


def round_the_engine(package: Path, rooms: Sequence[str]) -> Iterator[Breach]:
    """Imports of what a room may not know; a domain is bound as `web/` is."""
    for found in imports(package):
        room = found.importer.partition(".")[0]
        pattern, instead = NEVER.get("web" if room in domains(rooms) else room, (None, ""))
        if room in OWN_TABLES and re.match(r"(boxoffice\.)?database\.store\b|asyncpg$", found.imported):
            continue
        if pattern and re.match(rf"({pattern})(\.|$)", found.imported):
            yield found.breach(instead)


def lanes_that_know(package: Path) -> Iterator[Breach]:
    for found in imports(package):
        known = found.ours and not re.match(LANES_MAY_IMPORT, found.imported)
        if found.importer == "engine.lanes" and (known or found.imported.startswith("asyncpg")):
            yield found.breach("lanes are queues, and know faults alone")


def domains(rooms: Sequence[str]) -> Sequence[str]:
    return rooms[rooms.index("web") + 1 : rooms.index("serve")]


def bounds_by_name(package: Path) -> Iterator[Breach]:
    for found in imports(package):
        if found.ours.startswith("vocabulary.limits."):
            yield found.breach("import `limits` and write `limits.NAME`, or a test cannot change the bound")


def between_domains(package: Path, rooms: Sequence[str]) -> Iterator[Breach]:
    for found in imports(package):
        pair = found.importer.partition(".")[0], found.ours.partition(".")[0]
        if pair[0] == pair[1] or not {*pair} <= {*domains(rooms)}:
            continue
        if not re.match(ACROSS.get(pair[0], "$^"), found.ours):
            yield found.breach("no domain imports another; what both need goes down into the core")


def domains_named_below(package: Path, rooms: Sequence[str]) -> Iterator[Breach]:
    """Names of domains in the text of rooms below `serve/`: an import by name would be one."""
    name = re.compile(rf"boxoffice\.({'|'.join(domains(rooms))})\b")
    for path, text in files(package, ".py"):
        room = path.partition("/")[0]
        for no, line in enumerate(text.splitlines(), 1):
            found = name.search(line) if place(room, rooms) < place("serve", rooms) else None
            if found and found[1] and room not in domains(rooms):
                yield Breach(
                    f"{path}:{no}", path, f"names {found[0]}: only serve/ and above know the domains"
                )


def circle(package: Path) -> list[str]:
    """Modules that import one another in a circle; empty if there is none."""
    known = {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path, _ in files(package, ".py")
    }
    graph: dict[str, set[str]] = {}
    for found in imports(package):
        target = found.ours if found.ours in known else found.ours.rpartition(".")[0]
        graph.setdefault(found.importer, set()).update({target} & known - {found.importer})
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_the_table_of_rooms_is_complete() -> None:
    folders = {path.partition("/")[0] for path, _ in files(PACKAGE, ".py", ".sql") if "/" in path}
    assert set(ROOMS) == folders, "docs/architecture.md, 'The parts': a row for each folder of src/boxoffice"


def test_the_modules_that_have_an_order_exist() -> None:
    named = {PACKAGE / room / module for room, modules in WITHIN.items() for module in modules}
    assert [path for path in named if not path.is_dir() and not path.with_suffix(".py").is_file()] == []


def test_imports_go_down() -> None:
    hold(
        f"A room imports only rooms above it in the table of {TABLE.name}.",
        [*upward(PACKAGE, ROOMS), *upward_within(PACKAGE)],
        UPWARD,
    )


def test_a_library_is_known_where_it_belongs() -> None:
    hold("The core knows nothing of HTTP and of the terminal.", libraries_too_low(PACKAGE, ROOMS))


def test_the_engine_is_the_one_way_to_the_database() -> None:
    hold("HTTP and domains ask the engine, the engine asks the store.", round_the_engine(PACKAGE, ROOMS))


def test_lanes_know_nothing_of_what_they_carry() -> None:
    hold("engine/lanes.py imports vocabulary/faults.py alone.", lanes_that_know(PACKAGE))


def test_bounds_are_looked_up_when_they_are_used() -> None:
    hold("Bounds are imported one way: `from boxoffice.vocabulary import limits`.", bounds_by_name(PACKAGE))


def test_no_domain_imports_another() -> None:
    hold("No domain imports another.", between_domains(PACKAGE, ROOMS))


def test_nothing_below_serve_names_a_domain() -> None:
    hold("Nothing below serve/ names a domain.", domains_named_below(PACKAGE, ROOMS))


def test_no_modules_import_one_another_in_a_circle() -> None:
    assert circle(PACKAGE) == []


# Each rule can be broken ----------------------------------------------------------------------

SOME: Final = (
    *("vocabulary", "sql", "database", "engine", "web"),
    *("halls", "till", "tickets", "pages"),  # domains
    *("serve", "bench", "cli"),
)

BROKEN: Final = [
    ("engine/reads.py", "from boxoffice.web.http import answers", "web.http.answers"),
    ("vocabulary/views.py", "def late():\n    from boxoffice.sql import query", "sql.query"),
    ("web/http/answers.py", "import boxoffice.halls.api", "halls.api"),
    ("halls/api.py", "from boxoffice.serve.app import application", "serve.app.application"),
    ("web/http/answers.py", "from boxoffice.web.edge import gate", "web.edge.gate"),
    ("web/api/shows.py", "from boxoffice.web.edge.gate import Gate", "web.edge.gate.Gate"),
    ("engine/batches.py", "from boxoffice.engine.engine import BookingEngine", "engine.engine.BookingEngine"),
    ("engine/reads.py", "from litestar import Request", "litestar.Request"),
    ("vocabulary/views.py", "import asyncpg", "asyncpg"),
    ("web/api/shows.py", "import typer", "typer"),
    ("web/api/shows.py", "from boxoffice.database.store import Store", "database.store.Store"),
    ("halls/reads.py", "from boxoffice.sql import query", "sql.query"),
    ("engine/reads.py", "from boxoffice.sql import query", "sql.query"),
    ("engine/lanes.py", "from boxoffice.vocabulary import limits", "vocabulary.limits"),
    ("engine/lanes.py", "import asyncpg", "asyncpg"),
    ("web/api/shows.py", "from boxoffice.vocabulary.limits import ID_MAX", "vocabulary.limits.ID_MAX"),
    ("till/api.py", "from boxoffice.halls import views", "halls.views"),
    ("tickets/api.py", "from boxoffice.till.commands import Pay", "till.commands.Pay"),
    ("pages/api.py", "from boxoffice.halls.viewsheds import View", "halls.viewsheds.View"),
    ("engine/reads.py", 'import_module("boxoffice.halls.reads")', "boxoffice.halls"),
]

FINE: Final = {
    "__init__.py": '__version__ = "1"',
    "__main__.py": "from boxoffice.cli.main import main",
    "engine/lanes.py": "import asyncio\nfrom boxoffice.vocabulary.faults import TimedOut",
    "engine/engine.py": "from boxoffice.engine import lanes\nimport asyncpg",
    "web/edge/gate.py": "from boxoffice.web.api import shows\nimport litestar\nimport msgspec",
    "halls/api.py": "from boxoffice import __version__\nfrom boxoffice.halls import views",
    "pages/api.py": "from boxoffice.halls.views import Hall",
    "tickets/reads.py": "from boxoffice.till import reads",
    "serve/app.py": 'from boxoffice.halls import api\nNAME = "boxoffice.till"',
}


def found_in(package: Path) -> list[Breach]:
    return [
        *upward(package, SOME),
        *upward_within(package),
        *libraries_too_low(package, SOME),
        *round_the_engine(package, SOME),
        *lanes_that_know(package),
        *bounds_by_name(package),
        *between_domains(package, SOME),
        *domains_named_below(package, SOME),
    ]


@pytest.mark.parametrize(("path", "text", "named"), BROKEN)
def test_a_bad_import_is_found(tmp_path: Path, path: str, text: str, named: str) -> None:
    found = found_in(plant(tmp_path, {path: text}))

    assert any(f"s {named}: " in breach.what for breach in found)
    assert {breach.place.partition(":")[0] for breach in found} == {path}


def test_good_imports_are_let_alone(tmp_path: Path) -> None:
    assert found_in(plant(tmp_path, FINE)) == []


def test_a_circle_is_found(tmp_path: Path) -> None:
    texts = {"a/one.py": "from boxoffice.b.two import x", "b/two.py": "from boxoffice.a import one"}
    assert set(circle(plant(tmp_path, texts))) == {"a.one", "b.two"}
