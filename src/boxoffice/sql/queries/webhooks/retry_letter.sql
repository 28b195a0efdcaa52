-- Lets letter $2 of endpoint $1 be tried at once. found: there is such a letter.
SELECT retry_letter($1, $2) AS found
