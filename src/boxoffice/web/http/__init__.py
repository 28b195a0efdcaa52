"""What the operations share: bodies, parameters, answers and problems."""
