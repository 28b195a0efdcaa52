"""The documents can be read: lines of one width, numbers without a gap, links that lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = tuple(
    str(page.relative_to(ROOT)) for page in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
)
DECISIONS: Final = ROOT / "docs" / "decisions"

_FENCE: Final = re.compile(r"^ *```")
_ITEM: Final = re.compile(r"^ *([-*]|\d+\.) +")
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")


def width() -> int:
    """The longest line of prose, in characters, as editors are told it."""
    found = re.search(r"^max_line_length = (\d+)$", (ROOT / ".editorconfig").read_text(), re.M)
    assert found is not None
    return int(found[1])


def prose(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, without fenced and indented code, tables, headings and pictures."""
    fenced = code = listed = False
    before = ""
    for number, line in enumerate(text.splitlines(), 1):
        if _FENCE.match(line):
            fenced = not fenced
        listed = bool(_ITEM.match(line)) or (listed and (not line or line[0] == " "))
        code = line.startswith("    ") and not listed and (code or not before)
        before = line
        if not (fenced or code or _FENCE.match(line) or line.startswith(("|", "#", "!["))):
            yield number, line


def could_be_wrapped(line: str, most: int) -> bool:
    """Whether the line is too long, and has a space to break it at: a long link has none."""
    words = line[len(found[0]) if (found := _ITEM.match(line)) else 0 :].strip()
    return len(line) > most and " " in words


@pytest.mark.parametrize("page", PAGES)
def test_prose_keeps_to_the_width_of_the_editor(page: str) -> None:
    most = width()
    lines = prose((ROOT / page).read_text())
    assert [f"{page}:{number}" for number, line in lines if could_be_wrapped(line, most)] == []


def test_what_counts_as_prose() -> None:
    text = "one\n\n    code\n\n- two\n\n    three\n```sh\nfour\n```\n| five |\n# six\nseven"
    assert [line for _, line in prose(text) if line] == ["one", "- two", "    three", "seven"]
    assert could_be_wrapped("- long line", 5)
    assert not could_be_wrapped("- https://a.long.link", 5)


def test_decisions_are_numbered_without_a_gap_and_listed_with_their_titles() -> None:
    pages = sorted(DECISIONS.glob("[0-9]*.md"))
    index = " ".join((DECISIONS / "README.md").read_text().split())

    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    assert re.findall(r"\d+\. \[[^\]]+\]\([^)]+\)", index) == [_listing(page) for page in pages]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    links = _LINK.findall((ROOT / page).read_text())
    assert [link for link in links if ":" not in link and not _leads(ROOT / page, link)] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_a_page_names_exist(page: str) -> None:
    named = re.findall(r"`((?:tests|src|deploy|docs)/[\w./*-]+)`", (ROOT / page).read_text())
    assert [name for name in named if not any(ROOT.glob(name.rstrip("/")))] == []


def _listing(page: Path) -> str:
    """A decision's line in the index: number, title, link."""
    number, title = page.read_text().splitlines()[0].removeprefix("# ").split(". ", 1)
    return f"{number}. [{title}]({page.name})"


def _leads(page: Path, link: str) -> bool:
    path, _, heading = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not heading or heading in _anchors(target))


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
