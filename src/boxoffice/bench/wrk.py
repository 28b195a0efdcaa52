"""wrk, a load generator in C. Where wrk is installed, it takes the place of the built-in one."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Final, Self

from boxoffice.bench import programs
from boxoffice.bench.faults import BenchError
from boxoffice.bench.load import ANSWER_MAX_S, Load, environment, sample_of, write_requests
from boxoffice.bench.results import Latency, Sample

_SCRIPT: Final = Path(__file__).with_name("load.lua")
_RESULT: Final = re.compile(r"^RESULT\t(\w+)\t(-?\d+)$", re.MULTILINE)


class Wrk:
    """Runs wrk with ``load.lua``. When the time is over, wrk drops the requests that have no answer yet.

    wrk corrects its percentiles for requests that were sent late because an answer was slow.
    """

    def __init__(self, program: str) -> None:
        self._program = program
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        self._version = (told.splitlines() or ["wrk"])[0].split(" Copyright")[0].strip()

    @classmethod
    def find(cls) -> Self | None:
        """The wrk on PATH; None if there is none."""
        program = shutil.which("wrk")
        return None if program is None else cls(program)

    @property
    def name(self) -> str:
        """wrk and its version, as it prints them."""
        return self._version

    async def send(self, load: Load, ports: Sequence[int], folder: Path) -> Sample:
        """As ``LoadGenerator.send``."""
        file = folder / f"requests-{id(load)}.tsv"
        write_requests(load, file)
        settings = {
            "BENCH_REQUESTS": str(file),
            "BENCH_PORTS": ",".join(map(str, ports)),
            "BENCH_INSPECT": load.inspect,
            "BENCH_PAUSE_MS": str(load.pause_ms),
            "BENCH_AUTHORIZATION": load.authorization,
        }
        output = await programs.run(
            self._command(load, ports), seconds=load.seconds, env=environment(**settings)
        )
        file.unlink()
        told: dict[str, int] = {}
        for name, number in _RESULT.findall(output):
            told[name] = told.get(name, 0) + int(number)
        if "requests" not in told:
            raise BenchError(f"wrk told no result: {output[-300:]}")
        return _sample(load, told)

    def _command(self, load: Load, ports: Sequence[int]) -> list[str]:
        return [
            *(self._program, "--threads", str(min(len(ports), load.connections))),
            *("--connections", str(load.connections), "--duration", f"{ceil(load.seconds)}s"),
            *("--timeout", f"{ANSWER_MAX_S}s", "--script", str(_SCRIPT), f"http://127.0.0.1:{ports[0]}"),
        ]


def _sample(load: Load, told: dict[str, int]) -> Sample:
    answers = _named(told, "status_")
    if load.inspect == "none":
        answers = {"2xx": told["requests"] - told["refused"], "4xx or 5xx": told["refused"]}
    return sample_of(
        load,
        seconds=told["duration_us"] / 1_000_000,
        latency=Latency(*(told[f"{name}_us"] / 1_000 for name in ("p50", "p90", "p99", "max"))),
        answers=answers,
        effects=_named(told, "effect_"),
        broken=_named(told, "broken_"),
        in_flight=load.connections,
    )


def _named(told: dict[str, int], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): n for name, n in told.items() if name.startswith(prefix) and n}
