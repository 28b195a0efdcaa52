-- For how many seconds the hold that ran out first has been over without being ended; 0 if there is none.
SELECT COALESCE(extract(epoch FROM engine_now() - min(expires_at))::float8, 0) AS seconds
FROM bookings
WHERE status = 'PENDING' AND expires_at <= engine_now()
