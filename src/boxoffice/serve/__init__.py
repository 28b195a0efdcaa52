"""The application, put together from its parts, and the process that serves it."""
