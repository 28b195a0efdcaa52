"""The command ``boxoffice openapi``."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from boxoffice.cli.output import fail
from boxoffice.serve.operations import render

OPENAPI_FILE: Final = Path("openapi.json")

app = typer.Typer(add_completion=False)


@app.command()
def openapi(
    check: Annotated[
        bool, typer.Option("--check", help="Compare with ./openapi.json instead; status 1 if it differs.")
    ] = False,
) -> None:
    """Print the OpenAPI document."""
    text = render()
    if not check:
        sys.stdout.write(text)
    elif not OPENAPI_FILE.exists() or OPENAPI_FILE.read_text("utf-8") != text:
        fail(f"{OPENAPI_FILE} is not up to date; run: boxoffice openapi > {OPENAPI_FILE}")
