-- User $1.
SELECT user_id AS id, name, email, email_verified, created_at, updated_at FROM users WHERE user_id = $1
