-- Keeps an attempt $3 (JSON) at endpoint $2, about show $1 (0: about none).
SELECT note_attempt($1, $2, $3::text::jsonb)
