-- For monitoring: endpoints that are disabled, shows that wait behind a failed message, and parked letters.
SELECT (SELECT count(*) FROM webhook_endpoints JOIN feed_consumers USING (consumer) WHERE state = 'disabled') AS disabled,
       (SELECT count(*) FROM webhook_lanes WHERE attempts > 0) AS lanes_blocked,
       (SELECT count(*) FROM webhook_letters WHERE next_try_at IS NULL) AS parked
