"""The audit of the dependencies: found is a failure, not reached is one line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import audit

SOUND = {"name": "sound", "version": "1.0", "vulns": []}
WEAK = {
    "name": "weak",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": [], "description": "Bad"}],
}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}


def told(*packages: dict[str, Any]) -> str:
    """What pip-audit prints of them."""
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_known_vulnerability_fails() -> None:
    judged = audit.judged(told(SOUND, WEAK, UNKNOWN), "Found 1 known vulnerability")
    assert judged.status == 1
    assert "weak 2.0: PYSEC-1 (fixed in 2.1)" in judged.text
    assert "sound" not in judged.text


def test_nothing_known_passes_and_says_of_how_many() -> None:
    judged = audit.judged(told(SOUND, UNKNOWN), "")
    assert judged == audit.Audit("dependency audit: nothing known of 1 of 2 packages", 0)


def test_a_mirror_without_the_data_is_no_clean_audit() -> None:
    judged = audit.judged(told(UNKNOWN), "No known vulnerabilities found")
    assert judged.status == 0
    assert "SKIPPED" in judged.text


def test_a_lock_that_cannot_be_read_fails() -> None:
    judged = audit.judged("", "ERROR:pip_audit._cli:invalid requirements input")
    assert judged.status == 1
    assert "invalid requirements input" in judged.text


def test_without_a_network_it_says_so_in_one_line_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text(f"sound==1.0 --hash=sha256:{'0' * 64}\n")
    ended = run(tmp_path, "http://127.0.0.1:1")
    assert ended.returncode == 0, ended.stderr
    [line] = ended.stdout.splitlines()
    assert "SKIPPED" in line
    assert "cannot be reached" in line


def test_a_broken_lock_fails_with_or_without_a_network(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("sound>=1.0\n")
    ended = run(tmp_path, "http://127.0.0.1:1")
    assert ended.returncode == 1
    assert "sound" in ended.stdout


def test_silence_is_waited_for_up_to_the_bound(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "COMMAND", (sys.executable, "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr(audit, "AUDIT_MAX_S", 0.1)
    assert audit.main() == 0
    assert "SKIPPED, nothing was checked: no answer within 0.1 s" in capsys.readouterr().out


def run(folder: Path, proxy: str) -> subprocess.CompletedProcess[str]:
    """The audit of a folder's lock, by a proxy that nobody serves."""
    return subprocess.run(
        [sys.executable, "-m", "tests.audit"],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(Path(audit.__file__).parents[1]),
            "HTTPS_PROXY": proxy,
            "XDG_CACHE_HOME": str(folder),
        },
        capture_output=True,
        text=True,
        check=False,
    )
