"""Boxoffice: a concurrency-safe booking engine for anything sold by the seat."""

from typing import Final

__version__: Final = "0.1.0"
