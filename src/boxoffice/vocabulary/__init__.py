"""The words of the engine: commands, their outcomes, what can be read, faults, and every bound."""
