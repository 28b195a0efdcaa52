-- Forgets consumer $1.
SELECT drop_consumer($1) AS dropped
