"""Bearer tokens of people: signed by the one provider that is set, meant for us, and not over (RFC 8725).

What a token says about keys (``jku``, ``jwk``, ``x5u``, ``x5c``) is ignored: an attacker could name own keys
there. The ``kid`` only picks one of the provider's keys, and the ``alg`` must be the one that is set.
"""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from time import time
from typing import Any, Final, Protocol

import jwt
import msgspec
from msgspec import Struct

from boxoffice.access.callers import Person, Role, Unauthenticated
from boxoffice.access.jwks import FixedKey, Key, ProviderKeys
from boxoffice.settings.texts import SettingsError
from boxoffice.settings.tokens import TokenSettings
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.texts import address_in_form, seen

TOKEN_BYTES_MAX: Final = 8_192
"""Most bytes of a token: those of real providers have one or two thousand."""

SUBJECT_CHARS_MAX: Final = 255
"""Most characters of a subject, by OpenID Connect."""

LEEWAY_S: Final = 30.0
"""Seconds that the clocks of the provider and this machine may differ."""

TOKEN_CACHE_S: Final = 60.0
"""Seconds for which a checked token is not checked again: so few that a withdrawn key ends soon."""

TOKENS_CACHED_MAX: Final = 20_000
"""Checked tokens that a process remembers, some 20 MB."""

_FORM: Final = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt", "application/jwt"})
_CLAIMS: Final = ("iss", "aud", "exp", "sub")
_TEXTS: Final = ("sub", "name", "email")
_CONTROL: Final = re.compile(r"[\u0000-\u001f\u007f-\u009f]")
_LONE_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
"""Half a character: JSON can write one, and no database can keep it."""
_HIGHEST_FIRST: Final = (Role.ADMIN, Role.OPERATOR, Role.SERVICE)


class _Header(Struct):
    """The members of a token's header that are read; all others are ignored on purpose."""

    alg: str
    kid: str | None = None
    typ: str | None = None


class _Keys(Protocol):
    async def find(self, key_id: str | None) -> Key:
        """The public key of this id."""


class Tokens:
    """The checker of tokens, which finds the person that a token names."""

    def __init__(self, settings: TokenSettings, keys: _Keys, clock: Callable[[], float] = time) -> None:
        assert settings.issuer is not None
        assert settings.audience is not None
        self._issuer: Final = settings.issuer
        self._audience: Final = settings.audience
        self._algorithm: Final = settings.algorithm
        self._roles_claim: Final = settings.roles_claim
        self._keys = keys
        self._clock = clock
        self._checked: dict[bytes, tuple[float, Person]] = {}

    def remembered(self, token: bytes) -> Person | None:
        """The person that the token names, if the token was checked a moment ago."""
        kept = self._checked.get(sha256(token).digest())
        return kept[1] if kept is not None and kept[0] > self._clock() else None

    async def person(self, token: bytes) -> Person:
        """The person that the token names.

        Raises ``Unauthenticated``, or ``IdentityUnavailable`` while the provider's keys cannot be had.
        """
        if len(token) > TOKEN_BYTES_MAX:
            raise Unauthenticated("malformed", f"the token has more than {TOKEN_BYTES_MAX} bytes")
        if (person := self.remembered(token)) is not None:
            return person
        header = _header(token)
        if header.alg != self._algorithm:
            raise Unauthenticated("untrusted", f"the token is not signed by {self._algorithm}")
        if (header.typ or "jwt").lower() not in _TYPES:
            raise Unauthenticated("untrusted", "the token is of another kind (typ) than JWT or at+jwt")
        claims = self._claims(token, await self._keys.find(header.kid))
        person = self._person(claims)
        self._keep(token, min(self._clock() + TOKEN_CACHE_S, claims["exp"] + LEEWAY_S), person)
        return person

    def _claims(self, token: bytes, key: Key) -> Mapping[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[self._algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": list(_CLAIMS), "enforce_minimum_key_length": True},
            )
            claims["exp"] = float(claims["exp"])
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("expired") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise Unauthenticated("untrusted", _why(error)) from None
        if "events" in claims:
            raise Unauthenticated("untrusted", "a logout token ends a login, and proves none")
        return claims

    def _person(self, claims: Mapping[str, Any]) -> Person:
        subject = claims["sub"]
        if not subject or len(subject) > SUBJECT_CHARS_MAX or _CONTROL.search(subject):
            raise Unauthenticated("untrusted", "the subject (sub) of the token cannot be kept")
        if any(_LONE_SURROGATE.search(str(claims.get(name))) for name in _TEXTS):
            raise Unauthenticated("untrusted", "a text of the token cannot be kept")
        email = _verified_email(claims)
        return Person(self._issuer, subject, self._role(claims), email, _name(claims, email))

    def _role(self, claims: Mapping[str, Any]) -> Role:
        listed = _at_path(claims, self._roles_claim) if self._roles_claim else None
        names = listed.split() if isinstance(listed, str) else listed if isinstance(listed, list) else []
        return next((role for role in _HIGHEST_FIRST if role.value in names), Role.CUSTOMER)

    def _keep(self, token: bytes, until: float, person: Person) -> None:
        if len(self._checked) >= TOKENS_CACHED_MAX:
            del self._checked[next(iter(self._checked))]  # the oldest
        self._checked[sha256(token).digest()] = (until, person)


def tokens_of(settings: TokenSettings) -> Tokens | None:
    """The checker of tokens under these settings; None if no provider is set. Raises ``SettingsError``."""
    issuer = settings.issuer
    if issuer is None:
        if settings.public_key or settings.jwks_url or settings.audience:
            raise SettingsError("JWT_ISSUER is not set; expected the provider's address, as `iss` names it")
        return None
    if settings.audience is None:
        raise SettingsError("JWT_AUDIENCE is not set; expected the name of this service in the tokens' `aud`")
    if settings.public_key is not None:
        return Tokens(settings, FixedKey(settings.public_key, settings.algorithm))
    return Tokens(settings, ProviderKeys(issuer, settings.jwks_url, settings.algorithm))


def _at_path(claims: Any, path: str) -> Any:
    """The claim of this name; or that of its beginning, and in there the rest: ``realm_access.roles``.

    A name may have dots itself, as the address in ``https://shop.example/roles`` or a client of Keycloak in
    ``resource_access.box.office.roles``: the longest name that is there is taken.
    """
    if not isinstance(claims, Mapping):
        return None
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        name, rest = ".".join(parts[:count]), ".".join(parts[count:])
        if name in claims:
            return _at_path(claims[name], rest) if rest else claims[name]
    return None


def _why(error: Exception) -> str:
    """What is wrong with a token, quoting nothing of it."""
    match error:
        case jwt.InvalidSignatureError():
            return "the signature of the token does not fit the key of the identity provider"
        case jwt.MissingRequiredClaimError():
            return f"the token has no {error.claim}"
        case jwt.InvalidAudienceError():
            return "the token is for another audience (aud) than this service"
        case jwt.InvalidIssuerError():
            return "the token is of another issuer (iss) than the identity provider"
        case jwt.ImmatureSignatureError():
            return "the token is not valid yet (nbf, iat)"
        case _:
            return "the token or one of its claims is malformed"


def _header(token: bytes) -> _Header:
    if not _FORM.fullmatch(token):
        raise Unauthenticated("malformed")
    try:
        return msgspec.convert(jwt.get_unverified_header(token), _Header)
    except (jwt.PyJWTError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        raise Unauthenticated("malformed") from None


def _verified_email(claims: Mapping[str, Any]) -> str | None:
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        return None
    return address_in_form(email)


def _name(claims: Mapping[str, Any], email: str | None) -> str:
    """A name for the profile: the token's own, or the beginning of the address."""
    given = claims.get("name")
    name = seen(given)[: limits.NAME_CHARS_MAX].strip() if isinstance(given, str) else ""
    return name or (email or "").partition("@")[0] or "Customer"
