-- Consumer $1 has the events of the shows $2 up to the numbers $3, whose links begin with $4.
SELECT acknowledge($1, $2, $3, $4) AS unfit
