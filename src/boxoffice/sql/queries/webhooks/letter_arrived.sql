-- Letter $2 of show $1 has arrived up to event $3: the rest stays, or the whole letter goes.
SELECT letter_arrived($1, $2, $3)
