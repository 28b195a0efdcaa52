"""The PostgreSQL that comes along: its binaries, its cluster, and its life."""
