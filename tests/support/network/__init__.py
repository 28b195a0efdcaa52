"""Proxies before a server or a database that fail on purpose."""
