-- Of the $2 users after $1 in caller_locks, deletes the rows of those without holds. One row: the last user
-- that was looked at (NULL: there are no more), and how many rows were deleted.
SELECT last_user_id, forgotten FROM forget_callers($1, $2)
