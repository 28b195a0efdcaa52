"""The steps of the Dockerfile without Docker: a wheel, its own environment, a plain user, two instances.

Only Boxoffice itself comes from the wheel; what it depends on is lent by the environment of the tests, which
saves a minute of installing.
"""

import asyncio
import os
import pwd
import site
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.engine.databases import Connection
from tests.support.process.balancer import SETTINGS, Customers, balanced, drained, killed
from tests.support.process.folders import public_folder
from tests.support.process.program import Program

ROOT = Path(__file__).parents[2]


SYSTEM_PYTHON = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")


def who_and_which() -> tuple[dict[str, Any], Path]:
    """As whom (for ``subprocess``) and with which Python: as root, `nobody` and one that `nobody` can run.

    Where there is none, as in a container with its only Python below /root, it stays root.
    """
    lent = Path(sys.executable).resolve()
    if os.geteuid() != 0:
        return {}, lent
    nobody = pwd.getpwnam("nobody")
    account: dict[str, Any] = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
    reads = f"import sys; sys.path.append({site.getsitepackages()[0]!r}); import litestar, asyncpg, msgspec"
    for python in (lent, SYSTEM_PYTHON):
        with suppress(OSError):
            if (
                subprocess.run([python, "-c", reads], capture_output=True, check=False, **account).returncode
                == 0
            ):
                return account, python
    return {}, lent


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with public_folder() as made:
        yield made


@pytest.fixture(scope="module")
def installed(folder: Path) -> dict[str, Any]:
    """How to run Boxoffice from its wheel: the Python, and as whom and where, for ``subprocess``."""
    wheels, environment = folder / "dist", folder / "env"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    account, base = who_and_which()
    subprocess.run([base, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin/python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    install = [*pip, "install", "--quiet", "--no-deps", "--no-index", *map(str, wheels.iterdir())]
    subprocess.run(install, check=True, capture_output=True)
    [packages] = environment.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(site.getsitepackages()[0])
    empty = folder / "empty"
    empty.mkdir()
    if account:
        os.chown(empty, account["user"], account["group"])
    return {"python": str(python), "surroundings": {"cwd": empty, **account}}


def from_wheel(installed: dict[str, Any], folder: Path, **settings: str) -> Program:
    program = Program(folder, **settings)
    program.python, program.surroundings = installed["python"], installed["surroundings"]
    return program


def let_everybody_in(database: str) -> None:
    """Opens the socket of the tests' PostgreSQL to the user whom the instances run as; root owns it alone."""
    folder = Path(parse_qs(urlsplit(database).query).get("host", [""])[0])
    if folder.is_absolute():
        folder.chmod(0o711)
        (folder / ".s.PGSQL.5432").chmod(0o777)


def test_the_wheel_serves_from_an_empty_folder_with_the_embedded_postgresql(
    installed: dict[str, Any], folder: Path
) -> None:
    where = [installed["python"], "-c", "import boxoffice; print(boxoffice.__file__)"]
    came_from = subprocess.run(
        where, capture_output=True, text=True, check=True, **installed["surroundings"]
    ).stdout
    program = from_wheel(installed, folder)
    program.environment["DATA_DIR"] = str(installed["surroundings"]["cwd"] / "data")
    try:
        program.serve("--demo")
        shows = httpx.get(f"{program.url}/api/shows").json()["data"]
        pages = [httpx.get(f"{program.url}{path}").status_code for path in ("/api-docs", "/api/openapi.json")]
    finally:
        program.close()

    assert came_from.startswith(str(folder))
    assert len(shows) == 10
    assert pages == [200, 200]


def test_the_wheel_has_every_file_of_the_package(installed: dict[str, Any], folder: Path) -> None:
    def files(package: Path) -> set[str]:
        found = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {str(path.relative_to(package)) for path in found}

    [package] = (folder / "env").glob("lib/python*/site-packages/boxoffice")
    assert files(package) == files(ROOT / "src/boxoffice")


async def test_an_instance_ends_behind_the_balancer_and_no_request_fails(
    installed: dict[str, Any], folder: Path, database: str, connection: Connection
) -> None:
    instances = [from_wheel(installed, folder, DATABASE_URL=database, **SETTINGS) for _ in range(2)]
    let_everybody_in(database)
    migrated = instances[0].run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    try:
        for instance in instances:
            instance.serve("--no-migrate")
        with balanced(instances, folder / "haproxy.log") as balancer:
            customers = Customers(balancer.url)
            async with customers.at_work():
                await customers.some_more()
                status = await drained(balancer, instances[0], "DOWN", "UP")
                await customers.some_more()
                await asyncio.to_thread(instances[0].serve, "--no-migrate")
                await balancer.until("UP", "UP")
                await customers.some_more()
    finally:
        for instance in instances:
            killed(instance)

    assert status == 0, instances[0].output()
    assert customers.failures == []
    stored = await connection.fetch("SELECT booking_id FROM bookings WHERE show_id = $1", customers.show_id)
    assert customers.acknowledged == {row["booking_id"] for row in stored}
