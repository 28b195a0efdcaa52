-- Skips for consumer $1 what has happened so far in show $2 (NULL: in all).
SELECT skip_to_end($1, $2) AS shows
