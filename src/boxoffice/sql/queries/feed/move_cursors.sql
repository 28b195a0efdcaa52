-- Moves the cursors of consumer $4 in the shows $5 from the events $6 to the events $7, whose links are $8,
-- under the epochs $3 of the slices $2 of duty $1. moved: the shows whose cursor is there now.
SELECT move_cursors($1, $2, $3, $4, $5, $6, $7, $8) AS moved
