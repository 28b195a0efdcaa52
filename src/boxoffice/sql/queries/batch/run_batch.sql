-- Runs a batch: $1 its id, $2 the commands as JSON, $3 whether the batch was sent before and its answer was
-- lost. One row for each command, in any order; with $3 there may be no row for a command without effect.
SELECT o.command_no, o.code, o.replayed, (o.booking).booking_id, (o.booking).show_id, (o.booking).user_id,
       (o.booking).status, (o.booking).places, (o.booking).expires_at, (o.booking).reason,
       (o.booking).retaken_from, (o.booking).created_at, (o.booking).updated_at,
       (o.booking).reference, (o.booking).metadata, o.details
FROM run_batch($1, $2, $3) AS o
