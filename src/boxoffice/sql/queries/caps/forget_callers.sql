-- Deletes rows of caller_locks: of the $2 users after user $1, the rows of users without a hold. One row:
-- last_user_id, the last user that was checked (NULL: no more users), and forgotten, how many rows were
-- deleted.
SELECT last_user_id, forgotten FROM forget_callers($1, $2)
