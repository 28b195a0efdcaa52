"""The API page: Swagger UI, with all that it needs served from here."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from litestar import MediaType, Response, get
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from boxoffice.web.api import openapi
from boxoffice.web.edge.headers import DOCS_POLICY
from boxoffice.web.http.caching import REVALIDATE

_ASSETS: Final = Path(__file__).with_name("assets")


@get("/api-docs", include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=False)
def get_docs() -> Response[str]:
    """The page itself; its assets are asked for by version, so that they can be kept for long."""
    headers = {"Content-Security-Policy": DOCS_POLICY, "Cache-Control": REVALIDATE}
    return Response(_page(), headers=headers, media_type=MediaType.HTML)


@get("/api/openapi.json", include_in_schema=False, sync_to_thread=False)
def get_openapi() -> Response[bytes]:
    """The description of the API (OpenAPI 3.1)."""
    return Response(_document(), headers={"Cache-Control": REVALIDATE}, media_type=MediaType.JSON)


@cache
def _document() -> bytes:
    return openapi.render().encode()


@cache
def _page() -> str:
    digest = sha256()
    for file in sorted(_ASSETS.rglob("*.*")):
        digest.update(file.read_bytes())
    return (_ASSETS / "docs.html").read_text("utf-8").replace("{{version}}", digest.hexdigest()[:12])


HANDLERS: Final[list[ControllerRouterHandler]] = [
    get_docs,
    get_openapi,
    create_static_files_router(
        "/api-docs/assets",
        [_ASSETS],
        cache_control=CacheControlHeader(max_age=31_536_000, public=True, immutable=True),
        name="api-docs-assets",
    ),
]
