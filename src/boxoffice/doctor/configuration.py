"""Checks of the settings: combinations that are allowed but dangerous."""

from collections.abc import Iterator

from boxoffice.access.startup import check_access
from boxoffice.doctor.openness import OPENNESS
from boxoffice.doctor.promises import PROMISES
from boxoffice.doctor.verdicts import Situation, Verdict, error, ok, warning
from boxoffice.settings.texts import SettingsError


def judge_settings(situation: Situation) -> list[Verdict]:
    """One verdict for each dangerous combination, or a single 'ok' if there is none."""
    production = situation.settings.server.app_env == "production"
    found = [*_anywhere(situation), *(_in_production(situation) if production else ())]
    found += [rule.verdict for rule in (*OPENNESS, *PROMISES) if rule.found(situation.settings)]
    return found or [ok(f"{situation.settings.server.app_env}, no dangerous combination")]


def _anywhere(situation: Situation) -> Iterator[Verdict]:
    settings = situation.settings
    try:
        check_access(settings)
    except SettingsError as refused:
        yield error("`serve` will refuse to start", str(refused))
    if situation.processes > 1 and settings.authenticates and settings.rates.redis_url is None:
        yield warning(
            f"{situation.processes} processes count requests each for itself",
            f"set RATE_LIMIT_REDIS_URL, or divide RATE_*_PER_MINUTE by {situation.processes}",
        )
    if settings.holds.sweep_interval_seconds > settings.holds.seconds_max:
        yield warning(
            "holds are swept less often than they run out",
            "set SWEEP_INTERVAL_SECONDS to a few seconds; sales do not wait for it, but reads do",
        )


def _in_production(situation: Situation) -> Iterator[Verdict]:
    settings = situation.settings
    if settings.access.auth is False:
        yield error("AUTH=off in production: everybody may do everything", "set AUTH=on, and make API keys")
    if settings.database.dsn is None:
        yield warning(
            "an embedded PostgreSQL in production: it ends with this program, and nothing backs it up",
            "set DATABASE_URL to a PostgreSQL of its own",
        )
    if not settings.access.trusted_proxies:
        yield warning(
            "TRUSTED_PROXIES is empty: behind a proxy all strangers are one, and share one rate",
            "set it to the proxies' networks; leave it empty if clients come directly",
        )
    if "*" in settings.server.cors_origins:
        yield warning("pages of any origin may call the API", "name the origins in CORS_ORIGINS")
    if not settings.server.asks_for_https:
        yield warning("HSTS=false in production", "leave HSTS unset where people come by HTTPS")
