-- Pauses endpoint $1: nothing is sent, and its cursors stay. No row if there is none.
UPDATE feed_consumers SET state = 'paused' WHERE consumer = 'webhook:' || $1::bigint AND kind = 'webhook'
RETURNING consumer
