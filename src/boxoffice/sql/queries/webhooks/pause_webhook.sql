-- Pauses endpoint $1: nothing is sent, and its cursors stay. One that is disabled stays so: the reason is a
-- better answer than a pause. No row if there is none.
UPDATE feed_consumers SET state = CASE WHEN state = 'disabled' THEN state ELSE 'paused' END
WHERE consumer = 'webhook:' || $1::bigint AND kind = 'webhook'
RETURNING consumer
