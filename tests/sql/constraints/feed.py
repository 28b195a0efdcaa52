"""Wrong data that the tables of the feed refuse."""

SOUND = """
    INSERT INTO feed_horizon VALUES (true, '3');
    INSERT INTO feed_consumers VALUES ('shop', 'pull', 'active', NULL, false, '{}', now());
    INSERT INTO feed_cursors VALUES (1, 'shop', 1, 'x');
    INSERT INTO feed_forks VALUES (1, 'shop', 1, 'x', now());
    INSERT INTO feed_leases VALUES ('relay', 1);
    INSERT INTO feed_holders VALUES ('relay', 'me', now());
"""

CONSUMER = "INSERT INTO feed_consumers VALUES ({}, now())"

REFUSED = [
    ("feed_horizon_pkey", "INSERT INTO feed_horizon VALUES (true, '4')"),
    ("one_horizon", "INSERT INTO feed_horizon VALUES (false, '4')"),
    ("feed_consumers_pkey", CONSUMER.format("'shop', 'pull', 'active', NULL, false, '{}'")),
    ("consumer_is_a_name", CONSUMER.format("'The Shop', 'pull', 'active', NULL, false, '{}'")),
    ("consumer_kind", CONSUMER.format("'other', 'push', 'active', NULL, false, '{}'")),
    ("consumer_state", CONSUMER.format("'other', 'pull', 'asleep', NULL, false, '{}'")),
    ("consumer_shows", CONSUMER.format("'other', 'pull', 'active', '{}', false, '{}'")),
    ("consumer_config", CONSUMER.format("'other', 'pull', 'active', NULL, false, '[]'")),
    ("feed_cursors_pkey", "INSERT INTO feed_cursors VALUES (1, 'shop', 2, 'y')"),
    ("cursor_seq", "INSERT INTO feed_cursors VALUES (2, 'shop', 0, 'y')"),
    ("feed_forks_pkey", "INSERT INTO feed_forks VALUES (1, 'shop', 2, 'y', now())"),
    ("feed_leases_pkey", "INSERT INTO feed_leases VALUES ('relay', 1)"),
    ("lease_slice", "INSERT INTO feed_leases VALUES ('relay', 16)"),
    ("feed_holders_pkey", "INSERT INTO feed_holders VALUES ('relay', 'me', now())"),
]
