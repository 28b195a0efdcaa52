"""The API, as a client and as a stranger meets it."""
