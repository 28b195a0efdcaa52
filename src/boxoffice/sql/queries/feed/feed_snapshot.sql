-- The snapshot from which a reader begins to look at marks.
SELECT pg_current_snapshot()::text AS snapshot
