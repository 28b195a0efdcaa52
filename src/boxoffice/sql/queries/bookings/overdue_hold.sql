-- How many seconds ago the oldest hold ran out that is not ended yet; 0 if there is no such hold.
SELECT COALESCE(extract(epoch FROM engine_now() - min(expires_at))::float8, 0) AS seconds
FROM bookings
WHERE status = 'PENDING' AND expires_at <= engine_now()
