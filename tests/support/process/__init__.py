"""Helpers that start, watch and end programs."""
