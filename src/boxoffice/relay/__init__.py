"""The relay: events go to brokers, at least once and in order per show (docs/relay.md)."""
