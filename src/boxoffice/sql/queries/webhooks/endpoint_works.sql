-- An attempt at endpoint $1 has arrived after failures; from $2 in a row on it counted as broken.
SELECT endpoint_works($1, $2)
