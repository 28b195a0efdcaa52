"""The documents say what the code does."""

from pathlib import Path

from boxoffice.settings import settings_table

ROOT = Path(__file__).parents[2]


def test_the_readme_lists_every_setting_with_its_default_and_meaning() -> None:
    readme = (ROOT / "README.md").read_text()

    for row in settings_table():
        default = f"`{row.default}`" if row.default else ""
        assert f"| `{row.name}` | {default} | {row.meaning} |" in readme


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()

    pages = [page.name for page in folder.glob("0*.md")]
    assert pages
    assert [page for page in pages if f"({page})" not in index] == []
