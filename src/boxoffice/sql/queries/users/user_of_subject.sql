-- The user that the login with issuer $1 and subject $2 belongs to.
SELECT user_id FROM logins WHERE issuer = $1 AND subject = $2
