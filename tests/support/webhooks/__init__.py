"""What tests of webhooks share: a real receiver, and what it has got."""
