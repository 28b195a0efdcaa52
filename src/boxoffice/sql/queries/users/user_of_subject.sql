-- The user whom the subject $2 of the issuer $1 is linked to.
SELECT user_id FROM logins WHERE issuer = $1 AND subject = $2
