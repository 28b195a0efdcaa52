-- Renews the leases of duty $1 that process $2 holds, for the time $3, and takes more up to its share.
SELECT * FROM take_leases($1, $2, $3)
