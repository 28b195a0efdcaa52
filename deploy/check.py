"""Lints what cannot be run here: Dockerfile, compose file, Helm chart, systemd units (`make check-deploy`).

The chart is rendered by Helm's own library, and every object held to the schemas of Kubernetes.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import helm_python
import kubernetes_validate
import yaml
from compose_spec import PyCompose

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
KUBERNETES = "1.37"
UNIT_EXPOSURE_MAX = 25
"""Tenths of systemd's exposure level, 0 to 100; a service that does nothing about it has 96."""


def check_dockerfile() -> None:
    """By hadolint."""
    subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], check=True)


def check_compose() -> None:
    """By the model of the Compose specification."""
    merged = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())  # the model knows no merge keys
    PyCompose.from_json(json.dumps(merged)).validate()


def check_chart() -> None:
    """Rendered with and without autoscaling, each object by its schema."""
    chart = ROOT / "deploy/helm/boxoffice"
    told = helm_python.lint(str(chart), strict=True)
    if told.get("errors"):
        raise SystemExit(f"helm lint: {told}")
    for values in ({}, {"autoscaling": {"enabled": False}, "extraSecrets": ["more"]}):
        rendered = helm_python.Chart.load(str(chart)).render(values, name="shop", namespace="default")
        for name, text in rendered.items():
            for item in filter(None, yaml.safe_load_all(text)) if name.endswith(".yaml") else ():
                kubernetes_validate.validate(item, KUBERNETES, strict=True)


def check_units() -> None:
    """By systemd itself; skipped without systemd."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return
    for unit in (ROOT / "deploy/systemd").glob("*.service"):
        subprocess.run(
            [analyze, "security", "--offline=yes", f"--threshold={UNIT_EXPOSURE_MAX}", unit],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
        )


def check_platforms() -> None:
    """Render's and Railway's files can be read."""
    yaml.safe_load((ROOT / "render.yaml").read_text())
    json.loads((ROOT / "railway.json").read_text())


if __name__ == "__main__":
    for check in (check_dockerfile, check_compose, check_chart, check_units, check_platforms):
        check()
        sys.stdout.write(f"{check.__name__}: fine\n")
