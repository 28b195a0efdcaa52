"""The feed: what happens is told in order to everybody who asks, from one reader."""
