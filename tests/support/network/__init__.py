"""Ways to a server that fail on purpose."""
