"""Asynchronous booking: a booking that is asked for now, and decided in its turn."""
