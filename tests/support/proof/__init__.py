"""What proofs rest on: books kept by clients, stories, rules."""
