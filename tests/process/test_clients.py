"""Clients are generated from openapi.json without a warning, and buy at a server that really runs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.process.folders import public_folder
from tests.support.process.installed import missing_clients
from tests.support.process.program import Program

ROOT: Final = Path(__file__).parents[2]
OPENAPI: Final = ROOT / "openapi.json"
CLIENTS: Final = ROOT / "tests" / "support" / "clients"
TOOLS: Final = ROOT / ".venv-clients"
RUN_MAX_S: Final = 120
"""Longest run of a generator or of a client, in seconds; the machine may be busy with other things."""


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder with the generators."""
    if not (TOOLS / ".installed").exists():
        missing_clients()
    return TOOLS


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[str, str]]:
    """The address of a server, and an admin's key."""
    with public_folder() as folder:
        program = Program(folder, AUTH="on")
        try:
            program.serve()
            key = program.run("keys", "create", "client", "--role", "admin").stdout.split()[-1]
            yield program.url, key
        finally:
            program.close()


def run(*command: str | Path, folder: Path, **environment: str) -> str:
    """What the command printed, errors included. It must succeed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=RUN_MAX_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_python_client_is_generated_without_a_warning_and_buys(
    tools: Path, shop: tuple[str, str], tmp_path: Path
) -> None:
    path = f"{tools / 'bin'}{os.pathsep}{os.environ['PATH']}"
    told = run(
        *(tools / "bin" / "openapi-python-client", "generate", "--fail-on-warning"),
        *("--path", OPENAPI, "--output-path", tmp_path / "client"),
        folder=tmp_path,
        PATH=path,
    )
    assert told == f"Generating {tmp_path / 'client'}\n"
    buys = run(
        tools / "bin" / "python", CLIENTS / "buy.py", *shop, folder=tmp_path / "client", PYTHONPATH="."
    )
    assert buys == "bought\n"


def test_a_typescript_client_is_generated_without_a_warning_and_buys(
    tools: Path, shop: tuple[str, str], tmp_path: Path
) -> None:
    for name in ("buy.ts", "tsconfig.json", "package.json"):
        shutil.copy(CLIENTS / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(tools / "node_modules")
    commands = tools / "node_modules" / ".bin"
    told = run(
        *(commands / "openapi-typescript", OPENAPI, "--output", "schema.d.ts"),
        "--default-non-nullable=false",  # otherwise a field with a default must be given
        folder=tmp_path,
    )
    assert "warn" not in told.lower()
    assert run(commands / "tsc", "--project", ".", folder=tmp_path) == ""
    assert run("node", "out/buy.js", *shop, folder=tmp_path) == "bought, and not as me\n"
