-- Deletes the rows of batches older than $1 (an interval): no process tries such a batch again.
DELETE FROM show_batches WHERE created_at < (SELECT engine_now()) - $1::interval
