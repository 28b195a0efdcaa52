"""Wrong data that the tables of webhooks refuse."""

SOUND = """
    INSERT INTO feed_consumers (consumer, kind, born_at) VALUES ('webhook:1', 'webhook', now()),
        ('webhook:2', 'webhook', now());
    INSERT INTO webhook_endpoints (endpoint_id, creation_key, name, url, mode, ordering, created_at)
    VALUES (1, 'a', 'Shop', 'https://shop.example/', 'events', 'show', now());
    INSERT INTO webhook_lanes VALUES (1, 1, 1, 5, 5, now(), now(), '500', 2, 4);
    INSERT INTO webhook_letters VALUES (1, 1, 1, 'lane', 3, 4, 'x', 6, NULL, '500', now());
    INSERT INTO webhook_attempts VALUES (1, 1, 1, '1-5-00000000', now(), 500, '', 'no', 12);
"""

ENDPOINT = """
    INSERT INTO webhook_endpoints
        (endpoint_id, creation_key, name, url, kinds, mode, ordering, generation, failures, created_at)
    VALUES ({}, now())
"""
LANE = "INSERT INTO webhook_lanes VALUES ({})"
LETTER = "INSERT INTO webhook_letters VALUES ({}, 'x', {}, NULL, '500', now())"
URL = "'https://shop.example/'"

REFUSED = [
    ("webhook_endpoints_pkey", ENDPOINT.format(f"1, 'b', 'Shop', {URL}, NULL, 'events', 'show', 1, 0")),
    ("endpoint_made_once", ENDPOINT.format(f"2, 'a', 'Shop', {URL}, NULL, 'events', 'show', 1, 0")),
    ("endpoint_name_length", ENDPOINT.format(f"2, 'b', '', {URL}, NULL, 'events', 'show', 1, 0")),
    ("endpoint_url", ENDPOINT.format("2, 'b', 'Shop', 'ftp://x', NULL, 'events', 'show', 1, 0")),
    ("endpoint_kinds", ENDPOINT.format(f"2, 'b', 'Shop', {URL}, '{{}}', 'events', 'show', 1, 0")),
    ("endpoint_mode", ENDPOINT.format(f"2, 'b', 'Shop', {URL}, NULL, 'mail', 'show', 1, 0")),
    ("endpoint_ordering", ENDPOINT.format(f"2, 'b', 'Shop', {URL}, NULL, 'events', 'time', 1, 0")),
    ("endpoint_generation", ENDPOINT.format(f"2, 'b', 'Shop', {URL}, NULL, 'events', 'show', 0, 0")),
    ("endpoint_failures", ENDPOINT.format(f"2, 'b', 'Shop', {URL}, NULL, 'events', 'show', 1, -1")),
    ("endpoint_mode_fits", ENDPOINT.format(f"2, 'b', 'Shop', {URL}, NULL, 'batch', 'none', 1, 0")),
    (
        "endpoint_hints_are_of_all",
        ENDPOINT.format(f"2, 'b', 'Shop', {URL}, '{{held}}', 'hint', 'show', 1, 0"),
    ),
    ("webhook_lanes_pkey", LANE.format("1, 1, 1, 5, 5, now(), now(), '500', 2, 4")),
    ("lane_attempts", LANE.format("2, 1, -1, NULL, NULL, NULL, NULL, NULL, 2, 4")),
    ("lane_is_in_trouble", LANE.format("2, 1, 1, 5, NULL, now(), now(), '500', NULL, NULL")),
    ("lane_hole", LANE.format("2, 1, 0, NULL, NULL, NULL, NULL, NULL, 4, 4")),
    ("webhook_letters_pkey", LETTER.format("1, 1, 1, 'lane', 3, 4", "6")),
    ("letter_cause", LETTER.format("1, 2, 1, 'mail', 3, 4", "6")),
    ("letter_attempts", LETTER.format("1, 2, 1, 'lane', 3, 4", "-1")),
    ("letter_events", LETTER.format("1, 2, 1, 'lane', 4, 3", "6")),
    (
        "webhook_attempts_pkey",
        "INSERT INTO webhook_attempts VALUES (1, 1, 1, '1-5-00000000', now(), 500, '', 'no', 12)",
    ),
    (
        "attempt_excerpt",
        "INSERT INTO webhook_attempts VALUES (2, 1, 1, '1-5-00000000', now(), 500, '', repeat('x', 201), 12)",
    ),
]
