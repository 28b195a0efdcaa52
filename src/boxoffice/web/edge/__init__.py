"""What every request passes before a route is found, and what answers the most frequent ones early."""
