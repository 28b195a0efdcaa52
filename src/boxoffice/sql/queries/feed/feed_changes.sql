-- The shows that have changed since transaction $1 (text; NULL: from now on), at most $2, in the order of
-- their last change, of the shows $3 (NULL: of all), with the last event of each. horizon: what to ask for
-- after all of them; last_xid: after those that are given. complete: whether the marks reach back so far; if
-- not, any show may have changed.
WITH changed AS (
    SELECT m.show_id, max(m.xid::text::numeric) AS xid
    FROM feed_marks AS m
    WHERE m.xid >= $1::text::xid8 AND ($3::bigint[] IS NULL OR m.show_id = ANY ($3))
    GROUP BY m.show_id ORDER BY 2 LIMIT $2
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
       $1::text IS NULL OR EXISTS (
           SELECT FROM feed_horizon
           WHERE since <= $1::text::xid8 AND $1::text::xid8 <= pg_snapshot_xmax(pg_current_snapshot())
       ) AS complete,
       COALESCE(array_agg(c.show_id ORDER BY c.xid), '{}') AS show_ids,
       COALESCE(array_agg(i.last_seq ORDER BY c.xid), '{}') AS seqs,
       COALESCE(array_agg(i.last_link ORDER BY c.xid), '{}') AS links,
       max(c.xid)::text AS last_xid
FROM changed AS c JOIN show_inventory AS i USING (show_id)
