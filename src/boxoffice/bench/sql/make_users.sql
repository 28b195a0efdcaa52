-- Registers users $1 to $2.
INSERT INTO users (name, email, created_at, updated_at)
SELECT 'User ' || n, 'user' || n || '@example.com', now(), now()
FROM generate_series($1::integer, $2::integer) AS n
