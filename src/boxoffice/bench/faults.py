"""What can go wrong in a benchmark that is not a result of it."""

from boxoffice.vocabulary.faults import Fault


class BenchError(Fault):
    """A part of the benchmark did not work. The message says which one, and what it said last."""
