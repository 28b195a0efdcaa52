-- The logins of user $1.
SELECT issuer, subject, created_at FROM logins WHERE user_id = $1 ORDER BY created_at, issuer
