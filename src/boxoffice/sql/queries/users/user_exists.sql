-- Whether user $1 exists.
SELECT EXISTS (SELECT FROM users WHERE user_id = $1)
