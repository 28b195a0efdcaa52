"""Webhooks: what happens in shows is told to other servers, signed, in order, and again until it arrives."""
