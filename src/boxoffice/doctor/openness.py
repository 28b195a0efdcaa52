"""Combinations of settings that let more callers in, or let callers do more, than was promised."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final
from urllib.parse import urlsplit

from boxoffice.doctor.verdicts import Rule, error, warning
from boxoffice.settings.settings import Settings
from boxoffice.settings.texts import Secret, is_loopback

PROXY_BITS_MIN: Final = {4: 8, 6: 16}
"""Leading bits that the network of a proxy has at least: 10.0.0.0/8 is the widest private one. A wider one
has clients in it, who would be believed whatever address they write."""

PRIVATE_BITS_MIN: Final = 7
"""The same for private networks of IPv6: fc00::/7 has all of them."""

RATE_PER_MINUTE_MAX: Final = 60_000
"""Requests a minute of one person above which a rate is none: a thousand a second. One process answers a few
thousand."""


def _believes_everybody(settings: Settings) -> bool:
    return any(_is_wide(ip_network(text)) for text in settings.access.trusted_proxies)


def _is_wide(network: IPv4Network | IPv6Network) -> bool:
    private = network.version == 6 and network.is_private
    return network.prefixlen < (PRIVATE_BITS_MIN if private else PROXY_BITS_MIN[network.version])


def _is_open_to_the_network(settings: Settings) -> bool:
    server = settings.server
    reached = server.app_env == "development" and not is_loopback(server.host)
    return settings.access.auth is False and reached


def _is_open_to_every_page(settings: Settings) -> bool:
    return not settings.authenticates and "*" in settings.server.cors_origins


def _shuts_out_its_proxy(settings: Settings) -> bool:
    sheltered = settings.access.auth is None and settings.server.is_sheltered
    return sheltered and bool(settings.access.trusted_proxies)


def _takes_pages_without_https(settings: Settings) -> bool:
    origins = [urlsplit(origin) for origin in settings.server.cors_origins]
    foreign = [origin for origin in origins if not is_loopback(origin.hostname or "localhost")]
    return settings.server.app_env == "production" and any(origin.scheme == "http" for origin in foreign)


def _has_a_provider_on_this_machine(settings: Settings) -> bool:
    url = settings.tokens.issuer
    here = url is not None and is_loopback(urlsplit(url).hostname or "")
    return settings.server.app_env == "production" and here


def _hardly_limits(settings: Settings) -> bool:
    most = max(settings.rates.reads_per_minute, settings.rates.writes_per_minute)
    return settings.authenticates and most > RATE_PER_MINUTE_MAX


def _counts_over_a_bare_network(settings: Settings) -> bool:
    return _tells_its_password(settings.rates.redis_url)


def _caches_over_a_bare_network(settings: Settings) -> bool:
    return _tells_its_password(settings.cache.redis_url)


def _tells_its_password(redis: Secret | None) -> bool:
    if redis is None:
        return False
    url = urlsplit(redis.reveal())
    return url.scheme == "redis" and url.password is not None and not is_loopback(url.hostname or "")


OPENNESS: Final = (
    Rule(
        _believes_everybody,
        error(
            "TRUSTED_PROXIES has a network with clients in it: they write any address, and escape rates",
            "name the proxies' own networks, as 10.1.2.0/24",
        ),
    ),
    Rule(
        _is_open_to_the_network,
        error(
            "AUTH=off, and other machines reach HOST: everybody there may do everything",
            "set AUTH=on, or HOST to 127.0.0.1",
        ),
    ),
    Rule(
        _is_open_to_every_page,
        error(
            "no authentication, and CORS_ORIGINS=*: any page that somebody here opens may do everything",
            "set AUTH=on, or name the origins in CORS_ORIGINS",
        ),
    ),
    Rule(
        _shuts_out_its_proxy,
        warning(
            "AUTH is not set, so requests that come through TRUSTED_PROXIES get 403",
            "set AUTH=on; or AUTH=off, if the proxy decides who comes in",
        ),
    ),
    Rule(
        _takes_pages_without_https,
        warning(
            "CORS_ORIGINS has pages that come without HTTPS: whoever is in between can change them",
            "serve the pages by HTTPS, and name them as https://",
        ),
    ),
    Rule(
        _has_a_provider_on_this_machine,
        warning(
            "JWT_ISSUER is this machine: in production a provider for tests makes anybody an admin",
            "set JWT_ISSUER to the provider of production",
        ),
    ),
    Rule(
        lambda settings: settings.access.auth is False and settings.tokens.issuer is not None,
        warning("AUTH=off, so JWT_ISSUER is of no effect: nobody's token is looked at", "set AUTH=on"),
    ),
    Rule(
        lambda settings: settings.tokens.roles_claim is not None and settings.tokens.issuer is None,
        warning("JWT_ROLES_CLAIM without JWT_ISSUER: no token is taken", "set JWT_ISSUER and JWT_AUDIENCE"),
    ),
    Rule(
        _hardly_limits,
        warning(
            "RATE_READS_PER_MINUTE or RATE_WRITES_PER_MINUTE is too high: one person may keep a server busy",
            "set them to what people ask for: some thousands a minute for an office behind one address",
        ),
    ),
    Rule(
        _counts_over_a_bare_network,
        warning(
            "RATE_LIMIT_REDIS_URL sends its password unencrypted", "use rediss://, or a Redis on this machine"
        ),
    ),
    Rule(
        _caches_over_a_bare_network,
        warning(
            "CACHE_REDIS_URL sends its password unencrypted", "use rediss://, or a Redis on this machine"
        ),
    ),
)
