"""The engine, on a database of the test's own."""
