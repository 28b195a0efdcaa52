"""The program and who may come in: what it refuses to start with, and its commands on keys and persons."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.http.identity import AUDIENCE, ISSUER, Provider, bearer
from tests.support.process.polling import wait_until
from tests.support.process.program import Program


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"APP_ENV": "production"}, "AUTH is not set in production; expected on"),
        ({"HOST": "192.0.2.1"}, "AUTH is not set on 192.0.2.1; expected on"),
        ({"AUTH": "on", "JWT_ISSUER": ISSUER}, "JWT_AUDIENCE is not set"),
    ],
    ids=str,
)
def test_it_does_not_start_undecided_or_with_a_wrong_setting(
    program: Program, settings: dict[str, str], told: str
) -> None:
    ended = program.run("serve", **settings)
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith("boxoffice: ")
    assert told in line


def test_a_worker_does_not_start_undecided_either(program: Program) -> None:
    """Whoever starts the application without the command line meets the same check."""
    code = "from boxoffice.serve.process import application; application()"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=program.environment | {"APP_ENV": "production", "DATABASE_URL": "postgresql://nowhere/x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "AUTH is not set in production" in ended.stderr


def test_on_a_loopback_address_it_is_open_and_says_so(program: Program) -> None:
    program.serve()
    assert "authentication is off: open to this machine alone, as AUTH is not set" in program.output()
    assert httpx.get(f"{program.url}/api/users").status_code == 200


@pytest.fixture
def provider() -> Provider:
    """Who signs the tokens of people."""
    return Provider()


@pytest.fixture
def closed(database: str, data_dir: Path, provider: Provider) -> Iterator[Program]:
    """The program with authentication on, in production, and the provider's key in a file."""
    (data_dir / "key.pem").write_text(provider.public_pem)
    program = Program(
        data_dir,
        DATABASE_URL=database,
        AUTH="on",
        APP_ENV="production",
        HOST="127.0.0.1",
        JWT_ISSUER=ISSUER,
        JWT_AUDIENCE=AUDIENCE,
        JWT_ALGORITHM="ES256",
        JWT_PUBLIC_KEY=str(data_dir / "key.pem"),
    )
    yield program
    program.close()


def test_keys_and_persons_from_the_command_line(closed: Program, provider: Provider) -> None:
    made = closed.run("keys", "create", "front end", "--role", "admin")
    assert made.returncode == 0, made.stderr
    secret = made.stdout.splitlines()[-1]
    [key_id] = re.findall(r"key ([0-9a-f]{12}) \(admin\)", made.stdout)
    closed.serve()
    assert f"authentication is on: API keys, and tokens of {ISSUER}" in closed.output()
    listed = closed.call("keys", "list").stdout
    assert key_id in listed
    assert secret not in listed

    users = f"{closed.url}/api/users"
    assert httpx.get(users).status_code == 401
    assert httpx.get(users, headers=bearer(secret)).status_code == 200
    me = httpx.get(f"{users}/me", headers=bearer(provider.token("ada"))).json()["data"]

    exported = closed.call("users", "export", str(me["id"]))
    assert json.loads(exported.stdout)["user"]["email"] == "ada@example.com"
    erased = closed.call("users", "erase", str(me["id"]))
    assert f"erased user {me['id']}" in erased.stdout
    assert closed.call("users", "export", "4711").stderr.endswith("\nboxoffice: there is no user 4711\n")
    assert closed.call("users", "erase", "4711").stderr.endswith("\nboxoffice: there is no user 4711\n")

    rotated = closed.call("keys", "rotate", key_id)
    assert rotated.returncode == 0, rotated.stderr
    new_secret = next(line for line in rotated.stdout.splitlines() if line.startswith("box_"))
    assert httpx.get(users, headers=bearer(new_secret)).status_code == 200
    assert httpx.get(users, headers=bearer(secret)).status_code == 200
    assert closed.call("keys", "revoke", key_id).returncode == 0
    assert closed.call("keys", "revoke", "nothing").stderr.endswith("\nboxoffice: there is no key nothing\n")
    assert "revoked" in closed.call("keys", "list").stdout
    wait_until(lambda: httpx.get(users, headers=bearer(secret)).status_code == 401, "the end of the key")
    assert closed.run("verify").returncode == 0
    assert secret not in closed.output()
    assert closed.end(signal.SIGTERM) == 0, closed.output()


def test_keys_narrowed_in_time_and_to_shows(closed: Program) -> None:
    made = closed.call(
        "keys", "create", "x", "--role", "service", "--show", "3", "--show", "5", "--days", "2"
    )
    assert made.returncode == 0, made.stderr
    listed = closed.call("keys", "list", COLUMNS="200").stdout
    assert re.search(r"service.* 3, 5 .*valid", listed)
    assert closed.call("keys", "create", "x", "--role", "customer").returncode == 2
    strange = "bad[/b] [red]x"
    assert closed.call("keys", "create", strange, "--role", "service").returncode == 0
    assert strange in closed.call("keys", "list", COLUMNS="200").stdout
    for name in ("", "x" * 256, "escape\x1b[31m"):
        refused = closed.call("keys", "create", name, "--role", "service")
        told = "boxoffice: a key's name has 1 to 255 characters, all of them visible\n"
        assert (refused.returncode, refused.stderr) == (1, told)
    assert closed.call("keys", "create", "x").returncode == 2
