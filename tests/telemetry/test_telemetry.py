"""The logs of a running program, seen from outside."""

import json
import subprocess
import sys

PROGRAM = """
import logging
import structlog
from boxoffice.settings.server import ServerSettings
from boxoffice.telemetry.logs import configure_logging
from boxoffice.telemetry.requests import LogIds, begin_request

configure_logging(ServerSettings(app_env="{app_env}", log_level="info"))
log = structlog.get_logger("boxoffice.test")
begin_request(LogIds("req-1", "trace-1"))
log.debug("too fine")
log.info("told", seats=3)
logging.getLogger("library").warning("from a %s", "library")
try:
    password = "hunter2"
    raise ValueError("broken")
except ValueError as error:
    log.error("failed", exc_info=error)
"""


def logged(app_env: str) -> str:
    """What the program writes to standard error."""
    program = PROGRAM.format(app_env=app_env)
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == ""
    return run.stderr


def test_production_logs_one_json_object_a_line() -> None:
    text = logged("production")
    told, library, failed = [json.loads(line) for line in text.splitlines()]
    assert (told["event"], told["seats"], told["level"]) == ("told", 3, "info")
    assert told["timestamp"].endswith("Z")
    assert (library["event"], library["logger"]) == ("from a library", "library")
    assert failed["exception"][0]["exc_value"] == "broken"
    assert {entry["request_id"] for entry in (told, library, failed)} == {"req-1"}
    assert "hunter2" not in text


def test_development_logs_lines_to_read() -> None:
    text = logged("development")
    assert "told" in text
    assert "ValueError: broken" in text
    assert "request_id=req-1" in text
    assert "too fine" not in text
    assert "\x1b" not in text  # colours are for terminals
