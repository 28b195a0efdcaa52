"""docs/deployment.md leads from nothing to the first show: its commands are run, up to systemd itself.

``sudo``, ``useradd``, ``editor`` and ``systemctl`` are stand-ins, and so is the installation of the wheel,
which ``test_deploy`` tries. Every path lies in a folder of the test. What systemd would run is taken from the
units.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from boxoffice.postgres.base import server_account
from boxoffice.postgres.binaries import find_binaries
from tests.support.process.installed import installed
from tests.support.process.polling import wait_until
from tests.support.process.program import STOP_MAX_S, free_port
from tests.support.process.replication import Server, make_server, servers_folder

ROOT: Final = Path(__file__).parents[2]
UNITS: Final = ROOT / "deploy/systemd"
PAGE: Final = (ROOT / "docs/deployment.md").read_text()
LIVE_PAGE: Final = (ROOT / "docs/live.md").read_text()

STAND_INS: Final = {
    "sudo": 'shift 2; exec "$@"',
    "useradd": "",
    "systemctl": 'echo "$@" >> systemctl.log',
    "editor": "sed -i 's|@db.example/|@127.0.0.1:{port}/|' \"$1\"",
    "python3": 'mkdir -p "$3/bin" && cp program "$3/bin/boxoffice" && cp nothing "$3/bin/pip"',
}
"""What stands in for programs that change the machine, as shell scripts."""

OF_THE_USER: Final = {"/var/lib/boxoffice", "/usr/sbin/nologin"}
"""Paths that only ``useradd`` gets, for which there is a stand-in."""


class Machine:
    """A folder in the place of a machine, with the stand-ins and a PostgreSQL that lets anybody in."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        self.ports = {port: str(free_port()) for port in ("3001", "3002")}
        shims = folder / "shims"
        for made in (shims, folder / "dist", folder / "units"):
            made.mkdir()
        for name, text in STAND_INS.items():
            script(shims / name, text.replace("{port}", str(server.port)))
        script(folder / "program", f'exec {shlex.quote(sys.executable)} -m boxoffice "$@"')
        script(folder / "nothing", "")
        (folder / "deploy").symlink_to(ROOT / "deploy")
        self.environment = {
            "PATH": f"{shims}:{find_binaries(server_account()).folder}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGUSER": "postgres",
            # What another program might have left in the shell.
            "DATABASE_URL": "postgresql://other@127.0.0.1:1/program",
            "AUTH": "off",
        }

    def placed(self, text: str) -> str:
        """The text with its paths in the folder, and free ports."""
        text = text.replace("/etc/systemd/system", f"{self.folder}/units").replace("-g boxoffice ", "")
        text = re.sub(r"(?<![\w/])/(?=(?:opt|etc)/boxoffice)", f"{self.folder}/", text)
        return re.sub("|".join(self.ports), lambda port: self.ports[port[0]], text)

    def run(self, commands: str) -> "subprocess.CompletedProcess[str]":
        """Runs the commands as a shell does that stops at the first that fails."""
        shell = ["/bin/bash", "-eu", "-O", "expand_aliases", "-c", commands]
        return subprocess.run(
            shell,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=STOP_MAX_S,
            check=False,
        )

    def unit(self, name: str, instance: str) -> str:
        """The command line that systemd would run for this instance of the unit."""
        [line] = re.findall(r"^ExecStart=(.*)$", (self.folder / "units" / name).read_text(), re.M)
        return self.placed(line).replace("%i", instance)

    def start(self, port: str) -> "subprocess.Popen[bytes]":
        """Starts the instance of that port as its unit does."""
        line = shlex.split(self.unit("boxoffice@.service", port))
        with (self.folder / f"serve-{port}.log").open("wb") as log:
            return subprocess.Popen(line, cwd=self.folder, env=self.environment, stdout=log, stderr=log)


def commands() -> str:
    """The commands of the section, one script."""
    [section] = re.findall(r"^## pip and systemd\n(.*?)^## ", PAGE, re.M | re.S)
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S))


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with servers_folder() as folder:
        server = make_server(folder / "postgres", fsync="on")  # the doctor looks
        try:
            machine = Machine(tmp_path, server)
            machine.run("psql -c 'DROP DATABASE boxoffice'")  # the page makes it
            yield machine
        finally:
            server.stop()


def test_the_page_leads_to_the_first_show(machine: Machine) -> None:
    installed("curl")
    before, curl, first_show = machine.placed(commands()).partition("curl ")
    paths = set(re.findall(r"(?<![\w.*/])/[\w./@*-]+", before)) - OF_THE_USER
    assert {path for path in paths if not path.startswith(str(machine.folder))} == set(), "of this machine"

    said = machine.run(f'{before}\nprintf "%s" "$KEY" > key')
    assert said.returncode == 0, said.stdout + said.stderr
    started = re.findall(r"boxoffice@(\d+)", (machine.folder / "systemctl.log").read_text())
    instances = {port: machine.start(port) for port in started}
    try:
        wait_until(lambda: all(map(answers, started, instances.values())), "both instances")
        shown = machine.run(f"KEY=$(cat key)\n{curl}{first_show}")
        nightly = [machine.run(machine.unit("boxoffice-run@.service", name)) for name in timed()]
    finally:
        for instance in instances.values():
            instance.kill()
            instance.wait()

    assert started == list(machine.ports.values())
    assert '"success":true' in shown.stdout, shown.stdout + shown.stderr
    assert "working on database 'boxoffice'" in said.stderr
    assert [(done.returncode, done.stderr) for done in nightly if done.returncode] == []


def timed() -> list[str]:
    """The commands that the timers run."""
    timers = "".join(timer.read_text() for timer in UNITS.glob("*.timer"))
    return sorted(re.findall(r"^Unit=boxoffice-run@(\w+)\.service$", timers, re.M))


def answers(port: str, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_each_nightly_command_has_a_timer() -> None:
    assert timed() == ["archive", "verify"]


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    analyze = installed("systemd-analyze")
    for unit in (*UNITS.glob("*.service"), *UNITS.glob("*.timer")):
        text = unit.read_text().replace("/opt/boxoffice/bin/boxoffice", "/bin/true")
        (tmp_path / unit.name.replace("boxoffice@.", "boxoffice@3001.")).write_text(text)
    units = sorted(path.name for path in tmp_path.iterdir())

    done = subprocess.run(
        [analyze, "verify", "--man=no", *units], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert len(units) == 5
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["boxoffice@.service", "boxoffice-live.service"])
def test_a_unit_that_serves_never_gives_up(name: str) -> None:
    unit = (UNITS / name).read_text()

    assert "\nStartLimitIntervalSec=0\n" in unit
    assert "\nRestart=always\n" in unit


def test_the_socket_of_live_seats_is_where_the_proxy_of_the_documents_looks() -> None:
    [line] = re.findall(r"^ExecStart=.* live (.*)$", (UNITS / "boxoffice-live.service").read_text(), re.M)

    assert f"proxy_pass http://unix:{line.removeprefix('--unix-socket ')};" in LIVE_PAGE


def test_all_units_are_locked_in_as_the_service_is() -> None:
    locked = [
        re.findall(r"^(?:NoNew|Capab|Ambient|Protect|Private|Restrict|Lock|Remove|SystemCall).*$", text, re.M)
        for text in (unit.read_text() for unit in UNITS.glob("*.service"))
    ]
    first, *others = ([line for line in lines if not line.startswith("Restart=")] for lines in locked)

    assert first != []
    assert others == [first] * 2
