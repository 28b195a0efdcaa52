-- Deletes attempts older than $1 days, $2 at most, and what belongs to no endpoint.
SELECT forget_webhooks($1, $2) AS attempts
