"""What may be asked, what can happen, what can be read, what can go wrong, and every bound."""
