-- The present time by the database server's clock.
SELECT clock_timestamp()
