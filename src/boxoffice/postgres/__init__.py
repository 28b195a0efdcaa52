"""The embedded PostgreSQL: finding its programs, making its cluster, starting and stopping its server."""
