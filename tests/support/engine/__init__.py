"""Helpers that run the engine on a database of the test's own."""
