"""The API page: Swagger UI. This server serves all files of the page, so the page needs no other host."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from secure.headers import ContentSecurityPolicy

from boxoffice.access import policies
from boxoffice.web.http.caching import REVALIDATE
from boxoffice.web.http.documents import Document, as_it_is, made_once
from boxoffice.web.http.operation import unlisted
from boxoffice.web.http.request import ApiRequest

_ASSETS: Final = Path(__file__).with_name("assets")
_OPT: Final = as_it_is(unlisted(policies.PUBLIC))
_REVALIDATED: Final = {"Cache-Control": REVALIDATE}
_IMMUTABLE: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
"""An asset is asked for by its version, so browsers can keep it for a year."""

_DOCS_POLICY: Final = (
    ContentSecurityPolicy()
    .default_src("'none'")
    .script_src("'self'")
    .style_src("'self'")
    .img_src("'self'", "data:")
    .connect_src("'self'")
    .form_action("'none'")
    .frame_ancestors("'none'")
    .base_uri("'none'")
    .header_value
)
"""What the API page may do: run our own scripts and styles, and call this server."""


def docs_handlers(render: Callable[[], str], root_path: str) -> list[ControllerRouterHandler]:
    """The handlers of the page, its assets and the description; ``render`` makes it at the first request.

    ``root_path``: the path under which a proxy offers the server; empty if there is none.
    """
    description = made_once(lambda: Document(render().encode(), "application/json", _REVALIDATED))

    @get("/api/openapi.json", include_in_schema=False, opt=_OPT)
    async def get_openapi(request: ApiRequest) -> Response[bytes]:
        """The description of the API (OpenAPI 3.1)."""
        return (await description.get()).answer(request)

    page = made_once(lambda: _page(root_path))

    @get("/api-docs", include_in_schema=False, opt=_OPT)
    async def get_docs(request: ApiRequest) -> Response[bytes]:
        """The page itself; it asks for its assets by version."""
        return (await page.get()).answer(request)

    assets = made_once(_assets)

    @get("/api-docs/assets/{file_path:path}", include_in_schema=False, opt=_OPT)
    async def get_asset(request: ApiRequest, file_path: FromPath[str]) -> Response[bytes]:
        """A file of the page. Raises the framework's 404."""
        asset = (await assets.get()).get(file_path.lstrip("/"))
        if asset is None:
            raise NotFoundException
        return asset.answer(request)

    return [get_docs, get_openapi, get_asset]


def _files() -> list[Path]:
    return sorted(path for path in _ASSETS.rglob("*") if path.is_file())


def _assets() -> Mapping[str, Document]:
    """The files of the page by their paths."""
    return {
        path.relative_to(_ASSETS).as_posix(): Document(path.read_bytes(), _media_type(path), _IMMUTABLE)
        for path in _files()
    }


def _media_type(path: Path) -> str:
    return f"{guess_type(path.name)[0] or 'text/plain'}; charset=utf-8"


def _page(root_path: str) -> Document:
    digest = sha256()
    for path in _files():
        digest.update(path.read_bytes())
    html = (_ASSETS / "docs.html").read_text("utf-8")
    html = html.replace("{{version}}", digest.hexdigest()[:12]).replace("{{root}}", root_path)
    headers = _REVALIDATED | {"Content-Security-Policy": _DOCS_POLICY}
    return Document(html.encode(), "text/html; charset=utf-8", headers)
