-- Makes the leases $3 of process $2 in duty $1 free; $4: the process leaves the duty.
SELECT give_back_leases($1, $2, $3, $4)
