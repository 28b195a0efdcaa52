-- Lets consumer $1 be told again what happened in show $2 (NULL: in all) after event $3.
SELECT rewind_cursors($1, $2, $3) AS shows
