"""The whole API against its description, with every check that Schemathesis has."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from boxoffice.access.callers import Role
from tests.support.http.identity import ALGORITHM, AUDIENCE, ISSUER, Provider, bearer
from tests.support.http.policies import declared
from tests.support.process.program import Program

HERE: Final = Path(__file__).parent
POLICIES: Final = declared()
SEED: Final = 1
EXAMPLES: Final = 3
"""Requests of each operation in each phase that makes them up: some seconds for one caller."""

MANY_EXAMPLES: Final = 40

PHASES: Final = "examples,fuzzing,stateful"
ALL_PHASES: Final = "examples,coverage,fuzzing,stateful"
"""Coverage asks for the bounds of every field: as many requests as all the others together."""

ENDS_MAX_S: Final = 280
"""Longest wait for all requests, in seconds: far more than even a busy machine needs."""

UNREACHED: Final = {
    "/api/requests/{ticket}",  # the demo data have no ticket
    "/api/webhooks/{webhook_id}/parked/{letter_id}/retry",  # nor a letter that was parked
    "/api/feeds/{name}/ack",  # nor a feed whose events could be acknowledged
}
"""Operations that succeed by luck at most; the tests of their domains do them."""

CALLERS: Final[dict[str, dict[str, Any]]] = {
    "staff": {"user": "admin"},
    "customers": {"peers": ["john", "jane"]},
}
"""Who asks, as Schemathesis has it. Peers have bookings in the demo data, and must not see each other's."""


class Patient(Program):
    """The program that lets one address bring as many bad credentials as it likes; it reaches no endpoint."""

    launch: ClassVar[tuple[str, ...]] = ("-P", str(HERE.parent / "support/process/patient.py"))


class Site:
    """The program over the demo data, with authentication on."""

    def __init__(self, program: Program, folder: Path, provider: Provider) -> None:
        self.program = program
        self.folder = folder
        made = program.run("keys", "create", "box office", "--role", "admin")
        assert made.returncode == 0, made.stderr
        self.key = made.stdout.splitlines()[-1]
        self._write_credentials(provider)

    def ask(self, caller: str, phases: str, examples: int) -> subprocess.CompletedProcess[str]:
        """Lets Schemathesis ask for everything as this caller."""
        config = self.folder / f"{caller}.toml"
        who = {"path": str(self.folder / "auth.json")} | CALLERS[caller]
        lines = [f"{name} = {json.dumps(value)}" for name, value in who.items()]
        rules = f"hooks = {json.dumps(str(HERE / 'schemathesis_rules.py'))}"
        common = (HERE / "schemathesis.toml").read_text()
        config.write_text("\n".join([rules, common, "[auth.wfc]", *lines]))
        return subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(config), "run",
             f"{self.program.url}/api/openapi.json", f"--seed={SEED}", f"--max-examples={examples}",
             f"--phases={phases}"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=ENDS_MAX_S,
            check=False,
        )  # fmt: skip

    def done(self) -> set[tuple[str, str]]:
        """The method and path of everything that was done at least once."""
        text = httpx.get(f"{self.program.url}/metrics", headers=bearer(self.key)).text
        labels = [
            sample.labels
            for family in text_string_to_metric_families(text)
            if family.name == "boxoffice_http_requests"
            for sample in family.samples
        ]
        return {(one["method"], one["route"]) for one in labels if one["status"] in ("200", "201")}

    def described(self, role: Role) -> set[tuple[str, str]]:
        """The method and path of every operation of the description that this role may do."""
        document: dict[str, Any] = httpx.get(f"{self.program.url}/api/openapi.json").json()
        return {
            (method.upper(), path)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if path not in UNREACHED
            and ((policy := POLICIES[operation["operationId"]]).open or role in policy.may | policy.own)
        }

    def _write_credentials(self, provider: Provider) -> None:
        ends = int(time.time()) + 3600
        credentials = {
            "john": provider.token("john", email="john@example.com", exp=ends),
            "jane": provider.token("jane", email="jane.roe@example.com", exp=ends),
            "admin": self.key,
        }
        entries = [
            {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {credential}"}]}
            for name, credential in credentials.items()
        ]
        (self.folder / "auth.json").write_text(json.dumps({"auth": entries}))


@pytest.fixture
def site(database: str, data_dir: Path) -> Iterator[Site]:
    """The running site."""
    provider = Provider()
    (data_dir / "key.pem").write_text(provider.public_pem)
    program = Patient(
        data_dir,
        DATABASE_URL=database,
        AUTH="on",
        JWT_ISSUER=ISSUER,
        JWT_AUDIENCE=AUDIENCE,
        JWT_ALGORITHM=ALGORITHM,
        JWT_PUBLIC_KEY=str(data_dir / "key.pem"),
        RATE_READS_PER_MINUTE="1000000",
        RATE_WRITES_PER_MINUTE="1000000",
        WEBHOOK_SECRET_KEY="0123456789abcdef" * 4,
    )
    try:
        site = Site(program, data_dir, provider)
        program.serve("--demo")
        yield site
    finally:
        program.close()


@pytest.mark.parametrize(
    ("caller", "phases", "examples"),
    [
        ("customers", PHASES, EXAMPLES),
        *(pytest.param(caller, ALL_PHASES, MANY_EXAMPLES, marks=pytest.mark.proof) for caller in CALLERS),
    ],
)
def test_the_api_is_as_it_is_described(site: Site, caller: str, phases: str, examples: int) -> None:
    asked = site.ask(caller, phases, examples)
    assert asked.returncode == 0, asked.stdout + asked.stderr
    role = Role.ADMIN if caller == "staff" else Role.CUSTOMER
    assert site.described(role) <= site.done(), "not everything that they may do was done once"
