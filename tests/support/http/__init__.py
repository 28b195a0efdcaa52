"""The API as clients use it, and as strangers with strange requests use it."""
