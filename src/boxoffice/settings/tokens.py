"""The settings of tokens."""

from typing import Annotated, Literal

from boxoffice.settings.group import Group, prefixed
from boxoffice.settings.texts import Claim, HttpsUrl, Issuer


class TokenSettings(Group, frozen=True, kw_only=True, rename=prefixed("JWT_")):
    """The OpenID Connect provider whose tokens people bring, and how these tokens are checked."""

    issuer: Annotated[
        Issuer | None,
        "The OpenID Connect provider whose tokens people bring, as its tokens name it in `iss`. Without it "
        "only API keys are known.",
    ] = None
    audience: Annotated[
        str | None, "The name of this service in the `aud` of the tokens; needed with `JWT_ISSUER`."
    ] = None
    jwks_url: Annotated[
        HttpsUrl | None,
        "Where the provider's public keys are. Default: what the provider itself says, under "
        "`/.well-known/openid-configuration`.",
    ] = None
    public_key: Annotated[
        str | None, "One public key instead of the provider's list: PEM, or the path of a PEM file."
    ] = None
    algorithm: Annotated[
        Literal["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"],
        "The one algorithm that tokens may be signed with.",
    ] = "RS256"
    roles_claim: Annotated[
        Claim | None,
        "The claim that lists a person's roles (`service`, `operator`, `admin`), or its path, such as "
        "`realm_access.roles`. Without it all people are customers.",
    ] = None
