"""The documents say what the code does."""

import re
from pathlib import Path

import pytest

from tests.house.pages import IN_README, written_pages
from tests.support.engine.databases import Connection

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", written_pages(), ids=lambda path: path.name)
def test_a_page_that_is_made_from_the_code_is_up_to_date(path: Path) -> None:
    assert path.read_text() == written_pages()[path], "run: make pages"


def test_the_readme_has_the_settings_that_most_people_set() -> None:
    readme = (ROOT / "README.md").read_text()

    assert re.findall(r"^\| `([A-Z_]+)` \|", readme, re.M) == list(IN_README)


HEADINGS = (
    "The queue is full",
    "Tickets wait",
    "RabbitMQ is away",
    "Bookings are slow",
    "The database does not answer",
    "The pool is exhausted",
    "Serialization conflicts",
    "Expired holds are not cleaned up",
    "A show is locked",
    "Errors on our side",
    "Holds are not bought",
    "Somebody guesses keys",
    "Webhooks do not arrive",
    "Live seats refuse clients",
    "A broker is away",
    "A broker refuses",
    "A broker has another history",
    "An instance is down",
    "The disk is full",
    "A consumer is behind",
    "A slot retains the log",
    "The shared cache is away",
    "A booking is disputed",
    "After a crash",
)
"""Alerts and the doctor point to these."""


def test_the_runbook_has_the_headings_that_others_point_to() -> None:
    runbook = (ROOT / "docs" / "operations.md").read_text()

    assert re.findall(r"^## (.+)$", runbook, re.M) == list(HEADINGS)
    doctor = "".join(source.read_text() for source in (ROOT / "src/boxoffice/doctor").glob("*.py"))
    assert set(re.findall(r"operations\.md, '([^']+)'", doctor)) <= set(HEADINGS)


@pytest.mark.parametrize("page", ["operations.md", "reliability.md", "security.md"])
def test_the_tests_that_a_page_names_exist(page: str) -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / page).read_text()))
    tests = "".join(source.read_text() for source in (ROOT / "tests").rglob("test_*.py"))

    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []


def test_each_trouble_that_other_engines_have_has_tests_that_are_named() -> None:
    sections = re.split(r"^## ", (ROOT / "docs" / "operations.md").read_text(), flags=re.M)
    troubles = [section for section in sections if "**Elsewhere:**" in section]

    assert [section.partition("\n")[0] for section in troubles] == [
        "The pool is exhausted",
        "Serialization conflicts",
        "Expired holds are not cleaned up",
    ]
    assert all(len(re.findall(r"`test_\w+`", section)) >= 3 for section in troubles)


TOUR = (ROOT / "docs" / "tour.md").read_text()
STATIONS = re.findall(r"^### \d+\. `(\S+)`.*?\n(.*?)(?=^##)", TOUR, re.M | re.S)


@pytest.mark.parametrize("page", ["operations.md", "scaling.md"])
async def test_the_queries_that_a_page_shows_can_be_asked(connection: Connection, page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    queries = re.findall(r"SELECT[^`;]+?FROM[^`;]+", text)

    assert queries
    for query in queries:
        await connection.fetch(query)


def test_the_files_of_the_tour_exist() -> None:
    named = re.findall(r"`((?:\w+/)+\w+\.(?:py|sql))`", TOUR)

    assert len(STATIONS) == 10
    assert [name for name in named if not source(name).exists()] == []


@pytest.mark.parametrize(("path", "text"), STATIONS)
def test_what_a_station_of_the_tour_names_is_in_its_files(path: str, text: str) -> None:
    beside = source(path).parent.glob("*.*")
    named = map(source, re.findall(r"`((?:\w+/)+\w+\.(?:py|sql))`", text))
    code = "".join(file.read_text() for file in (*beside, *named))

    assert [name for name in re.findall(r"`(\w+)`", text) if not re.search(rf"\b{name}\b", code)] == []


@pytest.mark.parametrize(("path", "text"), STATIONS)
def test_the_lines_that_a_station_of_the_tour_shows_are_in_its_file(path: str, text: str) -> None:
    code = source(path).read_text()
    shown = "".join(re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)).splitlines()

    assert [line for line in shown if line.strip() != "..." and line.strip() not in code] == []


def source(name: str) -> Path:
    """The file that a page names, below the package or the repository."""
    below = ROOT / "src" / "boxoffice" / name
    return below if below.exists() else ROOT / name
