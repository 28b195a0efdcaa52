"""The check that the settings say who may come in. A server without this decision refuses to start."""

from boxoffice.access.redis_rates import rates_of
from boxoffice.access.tokens import tokens_of
from boxoffice.settings.settings import Settings
from boxoffice.settings.texts import SettingsError


def check_access(settings: Settings) -> str:
    """One line that says how open the server will be. Raises ``SettingsError`` if the settings do not say."""
    if settings.access.auth is None and not settings.server.is_sheltered:
        where = "in production" if settings.server.app_env == "production" else f"on {settings.server.host}"
        raise SettingsError(
            f"AUTH is not set {where}; expected on (API keys: `boxoffice keys create`; people: JWT_ISSUER "
            "and JWT_AUDIENCE), or off, if everybody who reaches this port may do everything"
        )
    if settings.access.auth is None:
        return "authentication is off: open to this machine alone, as AUTH is not set"
    if not settings.authenticates:
        return "authentication is off: everybody who reaches this port may do everything"
    rates_of(settings.rates)
    tokens = tokens_of(settings.tokens)
    people = "API keys" if tokens is None else f"API keys, and tokens of {settings.tokens.issuer}"
    return f"authentication is on: {people}"
