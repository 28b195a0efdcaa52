"""Where a command goes in and its outcome comes out: lanes, batches, and the reads beside them."""
