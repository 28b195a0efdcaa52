-- Sets the state of consumer $1 to $2; a row if there is such a consumer.
UPDATE feed_consumers SET state = $2 WHERE consumer = $1 RETURNING consumer
