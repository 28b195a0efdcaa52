"""The engine: lanes collect commands, batches run the commands, and reads answer beside both."""
