-- Ends this session's transactions after $1 milliseconds, whatever they wait for. PostgreSQL 17 or newer.
SELECT set_config('transaction_timeout', $1, false)
