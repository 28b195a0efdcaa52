"""The targets, for two cores that load generator, server and PostgreSQL share."""

from collections.abc import Callable, Iterator, Sequence

from boxoffice.bench.access import KEYS, OPEN
from boxoffice.bench.company import INSTANCES
from boxoffice.bench.feed import MARKED
from boxoffice.bench.feed_live import watched_name
from boxoffice.bench.hot import BASELINES, ISOLATIONS, hot_name, pgbench_name
from boxoffice.bench.plan import CROWD, MANY, Plan
from boxoffice.bench.report import Figure, Target, Verdict
from boxoffice.bench.results import counted

Find = Callable[[str, str], Figure | None]


def verdicts(figures: Sequence[Figure], plan: Plan) -> list[Verdict]:
    """All targets, each with its value in this run."""

    def find(scenario: str, name: str) -> Figure | None:
        return next((f for f in figures if f.scenario == scenario and f.name == name), None)

    return [Verdict(target, target.reached) for target in _targets(find, plan)]


def _targets(find: Find, plan: Plan) -> Iterator[Target]:
    yield from _hot(find)
    yield from _crowd(find)
    yield from _mixed(find, plan)
    yield from _scaled(find, plan)
    yield from _told(find, plan)


def _hot(find: Find) -> Iterator[Target]:
    crowd = find("hot", hot_name(CROWD))
    goals = {"pgbench serializable": 30.0, "pgbench read committed": 10.0, "bare ASGI": 0.35, "database": 0.5}
    for label, goal in goals.items():
        text = f"hot show at {CROWD} connections, times {BASELINES[label]}"
        yield Target(text, _ratio(crowd, label), goal, at_least=True)
    alone = find("hot", hot_name(1))
    for isolation in ISOLATIONS:
        client = find("hot", pgbench_name(isolation, 1))
        value = _p50(alone) / _p50(client) if alone and client else None
        yield Target(
            f"a lone booking's median, times a lone pgbench client's, {isolation}", value, 2.5, at_least=False
        )


def _crowd(find: Find) -> Iterator[Target]:
    many = find("hot", hot_name(MANY))
    errors = float(sum(many.errors.values())) if many else None
    yield Target(f"{MANY:,} connections: errors", errors, 0, at_least=False)
    fair_ms = MANY / many.rate.median * 1_000 if many and many.rate.median else None
    p99 = many.latency.p99_ms / fair_ms if many and many.latency and fair_ms else None
    yield Target(f"{MANY:,} connections: p99, times connections / throughput", p99, 2.5, at_least=False)
    memory = many.more.get("server_memory_mb") if many else None
    yield Target(f"{MANY:,} connections: most memory of the server, MB", memory, 400, at_least=False)


def _mixed(find: Find, plan: Plan) -> Iterator[Target]:
    for law in ("uniform", "Zipf"):
        figure = find("spread", f"{plan.spread_shows:,} shows, {law}")
        for isolation in ISOLATIONS:
            text = f"{plan.spread_shows:,} shows, {law}, times pgbench on as many, {isolation}"
            yield Target(text, _ratio(figure, f"pgbench {isolation}"), 1.2, at_least=True)
    bare = find("real-life", f"bare ASGI, the same requests, {CROWD} connections")
    town = find("real-life", f"real life, {CROWD} connections")
    reads = town.more["reads_per_s"] / bare.rate.median if town and bare else None
    yield Target(
        "real life: reads, times all requests of the bare ASGI application", reads, 0.35, at_least=True
    )


def _scaled(find: Find, plan: Plan) -> Iterator[Target]:
    large = f"a hall of {plan.large_hall:,} seats, half taken at random"
    for scenario, name, label, goal in (
        ("growth", f"{plan.past_bookings:,} past bookings", "empty", 0.9),
        ("growth", large, "small halls", 0.7),
        ("instances", counted(max(INSTANCES), "instance"), "one instance", 0.9),
    ):
        yield Target(f"{name}, times {label}", _ratio(find(scenario, name), label), goal, at_least=True)
    for name in KEYS:
        value = _ratio(find("access", f"AUTH=on, {name}"), "open")
        yield Target(f"AUTH=on, {name}, times {OPEN}", value, 0.9, at_least=True)
    alone, beside = find("quiet", "quiet shows alone"), find("quiet", "quiet shows beside a storm")
    p99 = _p99(beside) / _p99(alone) if alone and beside else None
    yield Target("quiet shows beside a storm: p99, times p99 alone", p99, 5, at_least=False)


def _told(find: Find, plan: Plan) -> Iterator[Target]:
    yield Target(
        f"{MARKED}, times without", _ratio(find("feed-marks", MARKED), "unmarked"), 0.95, at_least=True
    )
    name = watched_name("live", plan.watchers[0])
    live = find("feed-live", name)
    for what, key, goal in (
        ("KB a watcher", "kb_a_watcher", 2.0),
        ("us a frame and watcher", "us_a_frame", 12.0),
    ):
        yield Target(f"{name}: {what}", live.more[key] if live else None, goal, at_least=False)


def _ratio(figure: Figure | None, label: str) -> float | None:
    ratio = figure.ratios.get(label) if figure else None
    return ratio.median if ratio else None


def _p50(figure: Figure) -> float:
    return figure.latency.p50_ms if figure.latency else float("nan")


def _p99(figure: Figure) -> float:
    return figure.latency.p99_ms if figure.latency else float("nan")
