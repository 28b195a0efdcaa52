-- Removes what is left of the erased user $1, up to $2 rows of each kind. more: whether more may be left.
SELECT more FROM erase_traces($1, $2)
