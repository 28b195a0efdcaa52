"""OpenJDK's own HTTP client, as it is by default."""

import subprocess
from pathlib import Path

from tests.support.process.installed import installed
from tests.support.process.program import STOP_MAX_S, Program

CUSTOMER = Path(__file__).parent / "Customer.java"


def test_openjdks_client_books_although_it_asks_for_an_upgrade(tmp_path: Path, database: str) -> None:
    java = Path(installed("javac")).parent / "java"
    program = Program(tmp_path, DATABASE_URL=database, AUTH="off")
    try:
        program.serve("--no-migrate")
        command = [str(java), str(CUSTOMER), f"{program.url}/api"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=STOP_MAX_S, check=False)
    finally:
        program.close()

    assert done.stdout.splitlines() == [
        "POST 201 HTTP_1_1",
        "POST 201 HTTP_1_1",
        "POST 201 HTTP_1_1",
        "GET 200 HTTP_1_1",
        "PUT 200 HTTP_1_1",
        "DELETE 404 HTTP_1_1",
    ], done.stderr
