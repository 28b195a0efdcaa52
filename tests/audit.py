"""Whether a vulnerability is known of anything in requirements.lock: ``python -m tests.audit``.

Ends with status 1 if there is one, or if the lock cannot be read; where the data cannot be reached,
one line says that it was skipped.
"""

import json
import subprocess
import sys
from typing import Any, Final

from msgspec import Struct

AUDIT_MAX_S: Final = 120.0
"""Longest wait for the audit of all packages, in seconds: a good connection needs ten."""

ANSWER_MAX_S: Final = 10
"""Longest wait for the data of one package, in seconds."""

COMMAND: Final = (
    *(sys.executable, "-m", "pip_audit", "--requirement", "requirements.lock"),
    *("--require-hashes", "--disable-pip", "--format", "json"),
    *("--progress-spinner", "off", "--timeout", str(ANSWER_MAX_S)),
)
_UNREACHABLE: Final = ("requests.exceptions.", "network may be blocking")
"""How pip-audit tells that it could not ask: a traceback, or a tip."""


class Audit(Struct, frozen=True):
    """What to print, and the status to end with."""

    text: str
    status: int


def main() -> int:
    """Audits the lock of the current folder; the status to end with."""
    try:
        ended = subprocess.run(COMMAND, capture_output=True, text=True, timeout=AUDIT_MAX_S, check=False)
    except subprocess.TimeoutExpired:
        audit = skipped(f"no answer within {AUDIT_MAX_S:g} s")
    else:
        audit = judged(ended.stdout, ended.stderr)
    sys.stdout.write(f"{audit.text}\n")
    return audit.status


def skipped(why: str) -> Audit:
    """The one line for an audit that could not be done."""
    return Audit(f"dependency audit: SKIPPED, nothing was checked: {why}", 0)


def judged(stdout: str, stderr: str) -> Audit:
    """What pip-audit found, by what it printed."""
    try:
        packages: list[dict[str, Any]] = json.loads(stdout)["dependencies"]
    except json.JSONDecodeError:
        last = stderr.strip().splitlines()[-1:]
        if any(sign in stderr for sign in _UNREACHABLE):
            return skipped(f"its data cannot be reached: {''.join(last)[:200]}")
        return Audit(f"dependency audit: failed:\n{stderr}", 1)
    known = [package for package in packages if "skip_reason" not in package]
    if not known:
        return skipped("its data know none of our packages (is this a mirror?)")
    found = [f"{one['name']} {one['version']}: {_named(one)}" for one in known if one["vulns"]]
    if found:
        return Audit("\n".join(["dependency audit: known vulnerabilities:", *found]), 1)
    return Audit(f"dependency audit: nothing known of {len(known)} of {len(packages)} packages", 0)


def _named(package: dict[str, Any]) -> str:
    return ", ".join(
        f"{one['id']} (fixed in {' or '.join(one['fix_versions']) or 'no version yet'})"
        for one in package["vulns"]
    )


if __name__ == "__main__":
    sys.exit(main())
