-- Users in the order of their ids: those after user $1, $2 at most.
SELECT user_id AS id, name, email, created_at, updated_at FROM users
WHERE user_id > $1
ORDER BY user_id
LIMIT $2
