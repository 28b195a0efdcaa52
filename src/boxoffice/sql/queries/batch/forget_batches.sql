-- Deletes the records of batches older than $1 (an interval): nobody asks for their answers any more.
DELETE FROM show_batches WHERE created_at < (SELECT engine_now()) - $1::interval
