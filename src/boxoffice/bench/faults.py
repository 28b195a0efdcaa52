"""Failures of the benchmark itself, as opposed to its results."""

from boxoffice.vocabulary.faults import Fault


class BenchError(Fault):
    """A part of the benchmark failed. The message names the part, and quotes the end of its output."""
