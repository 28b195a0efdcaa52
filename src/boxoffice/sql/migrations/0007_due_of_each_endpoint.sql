-- What is due is looked for at each endpoint by itself, so that one with much that is due hides no other.
-- Serves programs since 0.1.0.

DROP INDEX webhook_lanes_due;
CREATE INDEX webhook_lanes_due ON webhook_lanes (endpoint_id, next_try_at) WHERE attempts > 0;
DROP INDEX webhook_letters_due;
CREATE INDEX webhook_letters_due ON webhook_letters (endpoint_id, next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX feed_forks_untold ON feed_forks (consumer, show_id) WHERE NOT told;
