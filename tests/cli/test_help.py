"""What ``boxoffice --help`` says, and that it says so at once."""

import subprocess
import sys

import pytest

from boxoffice.cli import late, main

HEAVY = ("asyncio", "asyncpg", "litestar", "msgspec", "prometheus_client", "structlog", "uvicorn")


@pytest.mark.parametrize("name", main.COMMANDS)
def test_a_command_is_listed_by_the_first_line_of_its_own_help(name: str) -> None:
    [first, *_] = late.load(name).help.split("\n\n")

    assert main.COMMANDS[name] == " ".join(first.split())


def test_help_imports_nothing_that_it_does_not_need() -> None:
    """The imports of the server alone take three times as long as the help."""
    code = (
        "import sys; sys.argv = ['boxoffice', '--help']\n"
        "from boxoffice.cli.main import main\n"
        "try: main()\n"
        "finally: print('imported:', *sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    listed, _, imported = told.rpartition("imported:")
    assert set(imported.split()) & set(HEAVY) == set()
    assert [name for name in main.COMMANDS if f" {name} " not in listed] == []
