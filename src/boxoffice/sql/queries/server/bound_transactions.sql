-- Bounds this session's transactions: PostgreSQL (17 or newer) ends each after $1 milliseconds, even one that
-- waits for the client.
SELECT set_config('transaction_timeout', $1, false)
