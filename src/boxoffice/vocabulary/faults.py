"""What can go wrong on our side. A fault is an exception; a refusal (``outcomes``) is a value."""


class Fault(Exception):
    """Base of all faults. ``retry_after_s``: when it is worth trying again, in seconds."""

    retry_after_s: float = 1.0


class Overloaded(Fault):
    """The queue is full. The command had no effect."""


class TimedOut(Fault):
    """The command waited too long for its turn. It had no effect."""


class ShuttingDown(Fault):
    """The engine no longer takes commands. The command had no effect."""


class Unavailable(Fault):
    """The database could not do it within the retry budget, or lacks room. The command had no effect."""


class Busy(Unavailable):
    """A lock or a statement took longer than its timeout. The command had no effect."""


class OutcomeUnknown(Fault):
    """The answer to a commit was lost and could not be found out: it may have had its effect.

    The same request with the same Idempotency-Key tells, once the database is back.
    """


class SchemaMismatch(Fault):
    """The database's schema is not the one that this program needs."""


class IdentityUnavailable(Fault):
    """The identity provider's keys cannot be had, so nobody can be recognised. Without effect."""
