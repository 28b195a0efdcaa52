-- The shows with marks that were not visible to the snapshot $1 (as text), with the last event of each; and
-- the snapshot of this look, for the next one. A transaction that was under way at the last look is seen now,
-- however long it took; a reader waits for none.
SELECT pg_current_snapshot()::text AS snapshot, COALESCE(array_agg(m.show_id), '{}') AS show_ids,
       COALESCE(array_agg(m.last_seq), '{}') AS last_seqs
FROM (
    SELECT show_id, max(last_seq) AS last_seq
    FROM feed_marks
    WHERE xid >= pg_snapshot_xmin($1::text::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot)
    GROUP BY show_id
) AS m
