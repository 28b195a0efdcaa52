"""The headers that are added to every answer, unless the answer has its own."""

from secure import Secure
from secure.headers import (
    CacheControl,
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)


def default_headers(*, https: bool) -> list[tuple[bytes, bytes]]:
    """The headers of answers that are data: a browser must not run, frame or keep them.

    ``https``: the headers also tell browsers to come by HTTPS only.
    """
    secure = Secure(
        cache=CacheControl().no_store(),
        csp=ContentSecurityPolicy()
        .default_src("'none'")
        .form_action("'none'")
        .frame_ancestors("'none'")
        .base_uri("'none'"),
        coop=CrossOriginOpenerPolicy().same_origin(),
        corp=CrossOriginResourcePolicy().same_origin(),
        hsts=StrictTransportSecurity().max_age(31_536_000) if https else None,
        permissions=PermissionsPolicy().geolocation().microphone().camera(),
        referrer=ReferrerPolicy().no_referrer(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
    )
    return [(name.lower().encode(), value.encode()) for name, value in secure.header_items()]
