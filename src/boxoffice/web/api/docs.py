"""The API page: Swagger UI. This server serves all files of the page, so the page needs no other host."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from litestar import MediaType, Response, get
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from boxoffice.access import policies
from boxoffice.web.edge.headers import DOCS_POLICY
from boxoffice.web.http.caching import REVALIDATE
from boxoffice.web.http.operation import unlisted

_ASSETS: Final = Path(__file__).with_name("assets")


@get(
    "/api-docs",
    include_in_schema=False,
    media_type=MediaType.HTML,
    sync_to_thread=False,
    opt=unlisted(policies.PUBLIC),
)
def get_docs() -> Response[str]:
    """The page itself; its assets are asked for by version, so that they can be kept for long."""
    headers = {"Content-Security-Policy": DOCS_POLICY, "Cache-Control": REVALIDATE}
    return Response(_page(), headers=headers, media_type=MediaType.HTML)


def docs_handlers(render: Callable[[], str]) -> list[ControllerRouterHandler]:
    """The handlers of the page, its assets and the description; ``render`` makes it at the first request."""
    document = cache(lambda: render().encode())

    @get("/api/openapi.json", include_in_schema=False, sync_to_thread=False, opt=unlisted(policies.PUBLIC))
    def get_openapi() -> Response[bytes]:
        """The description of the API (OpenAPI 3.1)."""
        return Response(document(), headers={"Cache-Control": REVALIDATE}, media_type=MediaType.JSON)

    assets = create_static_files_router(
        "/api-docs/assets",
        [_ASSETS],
        cache_control=CacheControlHeader(max_age=31_536_000, public=True, immutable=True),
        name="api-docs-assets",
        opt=unlisted(policies.PUBLIC),
    )
    return [get_docs, get_openapi, assets]


@cache
def _page() -> str:
    digest = sha256()
    for file in sorted(_ASSETS.rglob("*.*")):
        digest.update(file.read_bytes())
    return (_ASSETS / "docs.html").read_text("utf-8").replace("{{version}}", digest.hexdigest()[:12])
