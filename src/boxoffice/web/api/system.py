"""How the service is, for people, load balancers and monitoring."""

from time import monotonic
from typing import Any, Final

import msgspec
from litestar import Controller, MediaType, Response, get
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler
from prometheus_client import CONTENT_TYPE_LATEST

from boxoffice import __version__
from boxoffice.access import policies
from boxoffice.vocabulary.faults import Fault, ShuttingDown
from boxoffice.web.http.answers import Health, HealthAnswer
from boxoffice.web.http.operation import ReadOperation, unlisted
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.troubles import Trouble, fault_code, retry_after

_LINKS: Final = {
    "shows": "/api/shows",
    "documentation": "/api-docs",
    "openapi": "/api/openapi.json",
    "health": "/health",
}


_ACCEPT_BYTES_MAX: Final = 512
"""Bytes of an Accept header that is read; browsers send some 150. To read 60 KB takes 50 ms."""


@get("/", include_in_schema=False, opt=unlisted(policies.PUBLIC))
async def get_root(request: ApiRequest) -> Response[Any]:
    """Shows a person the documentation, and a program where things are."""
    by_form = {"Vary": "Accept"}
    if _is_browser(request):
        return Redirect("/api-docs", headers=by_form)
    root_path = request.services.settings.server.root_path
    links = {name: root_path + path for name, path in _LINKS.items()}
    return Response({"service": "boxoffice", "version": __version__, "links": links}, headers=by_form)


def _is_browser(request: ApiRequest) -> bool:
    accept = request.head.accept
    if accept is None or len(accept) > _ACCEPT_BYTES_MAX:
        return False
    return request.accept.best_match(["application/json", "text/html"]) == "text/html"


class SystemController(Controller):
    """How the service is, as a client of the API may ask."""

    tags = ("System",)

    @ReadOperation(
        id="getHealth",
        path="/health",
        summary="Get the health of the service",
        policy=policies.CATALOGUE,
        refusals=("schema_mismatch",),
        is_probe=True,
        example=HealthAnswer(data=Health("boxoffice", __version__, "ok", 3600.0), message="Healthy"),
        meaning="Healthy",
    ).route
    async def get_health(self, request: ApiRequest) -> Response[Any]:
        """Whether the service can do its work, with its version and how long it has been up."""
        services = request.services
        uptime_s = round(monotonic() - services.started_at, 1)
        health = Health("boxoffice", __version__, "ok", uptime_s)
        try:
            await services.readiness.get()
        except Fault as fault:
            health.database = "unavailable"
            return services.problems.response(Trouble(fault_code(fault), msgspec.structs.asdict(health)))
        return Response(HealthAnswer(data=health, message="Healthy"))


@get(
    "/healthz",
    include_in_schema=False,
    media_type=MediaType.JSON,
    sync_to_thread=False,
    opt=unlisted(policies.PROBE),
)
def get_liveness() -> dict[str, str]:
    """The process answers. Nothing else is checked: trouble elsewhere must not restart this process."""
    return {"status": "ok"}


@get("/readyz", include_in_schema=False, opt=unlisted(policies.PROBE))
async def get_readiness(request: ApiRequest) -> Response[Any]:
    """Whether requests should come here: the server does not drain, its database answers and its schema fits.

    Raises ``Fault``. A drain is answered without a fault: otherwise every upgrade would raise an alarm.
    """
    services = request.services
    if services.drain.begun:
        return services.problems.response(Trouble("shutting_down", headers=retry_after(ShuttingDown())))
    await services.readiness.get()
    return Response({"status": "ready"})


@get(
    "/metrics",
    include_in_schema=False,
    media_type=CONTENT_TYPE_LATEST,
    opt=unlisted(policies.MONITORING),
)
async def get_metrics(request: ApiRequest) -> bytes:
    """The metrics in the text format of Prometheus; those of all workers of this server together."""
    return await request.services.metrics.get()


HANDLERS: Final[list[ControllerRouterHandler]] = [
    get_root,
    get_liveness,
    get_readiness,
    get_metrics,
]
