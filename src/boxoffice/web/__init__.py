"""The HTTP edge: what arrives becomes a command or a read, what comes out becomes an answer."""
