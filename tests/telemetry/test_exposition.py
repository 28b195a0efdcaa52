"""What is told to Prometheus while workers begin and end."""

from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from boxoffice.telemetry.exposition import exposition


def test_a_worker_that_just_begins_or_was_killed_then_hides_no_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    (tmp_path / "counter_12.db").touch()
    (tmp_path / "gauge_livesum_12.db").touch()
    counted = MmapedDict(str(tmp_path / "counter_11.db"))  # type: ignore[no-untyped-call]
    key = mmap_key("sold", "sold_total", [], [], "Seats.")
    counted.write_value(key, 3.0, 0.0)  # type: ignore[no-untyped-call]
    counted.close()  # type: ignore[no-untyped-call]
    assert b"\nsold_total 3.0\n" in exposition(None)
