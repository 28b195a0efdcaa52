-- User $1.
SELECT user_id AS id, name, email, created_at, updated_at FROM users WHERE user_id = $1
