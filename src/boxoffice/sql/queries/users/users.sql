-- Users in the order of their ids: those after user $1, with the text $2 in name, e-mail address or id (NULL:
-- all), $3 at most.
SELECT user_id AS id, name, email, email_verified, created_at, updated_at FROM users
WHERE user_id > $1
  AND ($2::text IS NULL OR position(text_folded($2) IN text_folded(name)) > 0
       OR position(text_folded($2) IN text_folded(email COLLATE "default")) > 0 OR position($2 IN user_id::text) > 0)
ORDER BY user_id
LIMIT $3
