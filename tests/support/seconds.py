"""The seconds that each folder of tests took, told at the end of a run: a new part has a budget
(CONTRIBUTING.md), and who exceeds it should see it.
"""

from collections import defaultdict
from pathlib import PurePosixPath

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table, the longest first; nothing for a run in one folder."""
    seconds: defaultdict[str, float] = defaultdict(float)
    tests: defaultdict[str, int] = defaultdict(int)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                folder = "/".join(PurePosixPath(report.nodeid).parts[:2])
                seconds[folder] += report.duration
                tests[folder] += report.when == "call"
    if len(seconds) > 1:
        terminalreporter.section("seconds by folder")
        for folder in sorted(seconds, key=lambda name: -seconds[name]):
            terminalreporter.line(f"{seconds[folder]:7.1f} s  {tests[folder]:5} tests  {folder}")
