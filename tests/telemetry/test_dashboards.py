"""The dashboard, the alerts and the documentation only name metrics that a running server has."""

import json
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from prometheus_client import REGISTRY, Metric

from boxoffice.relay import metrics as relay
from boxoffice.serve.vitals import Vitals
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.views import ReplicationSlot
from boxoffice.web.http.services import services_of
from tests.support.http.api import problem_of
from tests.support.http.callers import callers_of, closed
from tests.support.http.fixtures import vitals_of
from tests.support.http.scrape import Scrape
from tests.support.process.installed import installed
from tests.support.proof.promql import unknown_in

ROOT: Final = Path(__file__).parents[2]
PROMETHEUS: Final = ROOT / "deploy" / "prometheus"
ALERTS: Final = PROMETHEUS / "alerts.yml"
OPERATIONS: Final = ROOT / "docs" / "operations.md"


async def _one_slot(*_args: Any) -> list[ReplicationSlot]:
    """A slot as a server with logical replication has; that of the tests has none."""
    return [ReplicationSlot("s", "pgoutput", True, False, "extended", 1e9, 60.0, False, -1)]


@pytest.fixture
async def scrape(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scrape]:
    """The metrics of a server that has counted something under every label."""
    settings = closed(database, SLOW_QUERY_SECONDS=0, RATE_READS_PER_MINUTE=2)
    async with callers_of(settings) as callers, callers.api("admin") as api, callers.api("nobody") as nobody:
        show, user = await api.show(), await api.user()
        await api.hold(show["id"], user["id"])
        body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 11}
        problem_of(await api.http.post("/api/bookings", json=body), 409, "insufficient_seats")
        for headers in ({}, {"Authorization": "Bearer nonsense"}):
            problem_of(await nobody.http.get("/api/users", headers=headers), 401, "unauthenticated")
        for _ in range(3):
            await nobody.http.get("/api/shows")
        await services_of(callers.app).feed.cursors.create("relay:redis", "relay")
        for gauge in (relay.SINK_UP, relay.SINK_REFUSES, metrics.FEED_SENT, relay.ALREADY_THERE):
            gauge.labels("relay:redis")
        metrics.SHARED_CACHE.labels("error")
        monkeypatch.setattr(services_of(callers.app).reads, "slots", _one_slot)
        await vitals_of(callers.app).take_sample()
        services_of(callers.app).engine.tell_load()
        await services_of(callers.app).engine.stop()
        problem_of(await api.http.post("/api/bookings", json=body), 503, "shutting_down")
        yield Scrape((await api.http.get("/metrics")).text)


def panels() -> Iterator[tuple[str, list[str]]]:
    """Each expression of the dashboard, with the text that shows its labels."""
    board = json.loads((ROOT / "deploy" / "grafana" / "boxoffice.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"], [target["legendFormat"]]


def alerts() -> Iterator[tuple[str, list[str]]]:
    """Each expression of the alerts, with its summary."""
    for rule in ALERTS.read_text().split("- alert: ")[1:]:
        found = re.search(r"expr: (.*?)\n        (?:for|labels):", rule, re.DOTALL)
        summary = re.search(r"summary: (.*)", rule)
        assert found is not None
        assert summary is not None, rule
        yield found[1], [summary[1]]


MADE_UP: Final = (
    ("rate(boxoffice_bookings_total[5m])", ""),
    ("boxoffice_pool_connections_in_use > 3", "{{ $labels.show }}"),
    ('boxoffice_pool_connections_in_use{pool="swimming"}', ""),
    ('boxoffice_pool_connections_in_use{color!="blue"}', ""),
    ("sum by (color) (boxoffice_waiting_commands)", ""),
    ("vector(1)", ""),
)


async def test_every_metric_and_label_of_dashboard_and_alerts_exists(scrape: Scrape) -> None:
    expressions = [*panels(), *alerts()]
    assert len(expressions) > 40
    assert {e: wrong for e, texts in expressions if (wrong := unknown_in(e, texts, scrape))} == {}
    # The test notices a metric or label that does not exist.
    assert [e for e, shown in MADE_UP if not unknown_in(e, [shown], scrape)] == []


def test_every_alert_leads_to_a_heading_of_the_runbook() -> None:
    anchors = re.findall(r"runbook_url: docs/operations\.md#([a-z-]+)", ALERTS.read_text())
    assert len(anchors) == len(list(alerts()))
    headings = re.findall(r"^#+ (.+)$", OPERATIONS.read_text(), re.MULTILINE)
    assert set(anchors) <= {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in headings}


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "rules", "alerts.yml"],
        ["check", "config", "prometheus.yml"],
        ["check", "config", "--syntax-only", "compose.yml"],
        ["test", "rules", "alerts_test.yml"],
    ],
)
def test_prometheus_takes_the_files_and_the_alerts_fire(arguments: list[str]) -> None:
    command = [installed("promtool"), *arguments]
    run = subprocess.run(command, cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def families() -> Iterator[tuple[Metric, list[str]]]:
    """All metrics of ours, with the names of their labels."""
    for collector in list(REGISTRY._collector_to_names):
        for family in collector.collect():
            if family.name.startswith("boxoffice_"):
                yield family, list(getattr(collector, "_labelnames", ()))
    vital: Any = Vitals(None, None, None)  # type: ignore[arg-type]
    for family in vital.collect():
        yield family, list(family._labelnames)


def test_the_documentation_lists_every_metric_as_it_is() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text()
    listed = re.findall(
        r"^\| `(boxoffice_\w+)` \| (\w+) \| ([^|]+) \| ([^|]*) \| (.+) \|$", page, re.MULTILINE
    )
    told = {
        family.name + ("_total" if family.type == "counter" else ""): (
            family.type,
            labels,
            family.documentation,
        )
        for family, labels in families()
    }
    assert {
        name: (kind, re.findall(r"`(\w+)`", labels), meaning) for name, kind, _, labels, meaning in listed
    } == told
    assert {name: "seconds" in unit for name, _, unit, _, _ in listed} == {
        name: "_seconds" in name for name in told
    }
