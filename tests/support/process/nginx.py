"""A real nginx in front of a server, with nothing set but where to pass requests."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from tests.support.process.installed import installed
from tests.support.process.polling import wait_until
from tests.support.process.program import STOP_MAX_S, free_port

CONFIG: Final = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {upstream}; {more} }} {locations} }}
}}
"""


@contextmanager
def nginx(upstream: str, folder: Path, more: str = "", locations: str = "") -> Iterator[str]:
    """The address of an nginx before the server. ``more``: further lines; ``locations``: what goes elsewhere.
    Skips if nginx is not installed.
    """
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        CONFIG.format(folder=folder, port=port, upstream=upstream, more=more, locations=locations)
    )
    process = subprocess.Popen(
        [installed("nginx"), "-p", folder, "-e", folder / "error.log", "-c", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(url), "nginx")
        yield url
    finally:
        process.terminate()
        process.wait(STOP_MAX_S)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code < 500
    except httpx.TransportError:
        return False
