"""Wrong data that the tables of the core refuse."""

# A show with ten seats: 1 and 2 are sold, 3 is held, 10 is blocked; booking 4 has ended.
SOUND = """
    INSERT INTO users (name, email, created_at, updated_at) VALUES ('John', 'john@example.com', now(), now());
    INSERT INTO shows (name, show_type, start_time, created_at, updated_at)
    SELECT name, 'movie', now(), now(), now() FROM unnest('{One,Two,Three}'::text[]) AS name;
    INSERT INTO show_inventory (show_id, total_places, free_places, held_places, sold_places, blocked_places)
    VALUES (1, 10, 6, 1, 2, 1), (2, 10, 10, 0, 0, 0);
    INSERT INTO map_chunks VALUES (1, 0, B'1110000001', 6);
    INSERT INTO bookings
    SELECT 1, (1 << 24) + no, 1, status, places::int[], expires_at, NULL, retaken_from, now(), now()
    FROM (VALUES
        (1, 'CONFIRMED', '{1,2}', NULL, NULL),
        (2, 'PENDING', '{3}', now(), NULL),
        (3, 'EXPIRED', '{4}', now(), NULL),
        (4, 'CANCELLED', '{4}', NULL, (1 << 24) + 3)
    ) AS b (no, status, places, expires_at, retaken_from);
    INSERT INTO booking_seats VALUES
    (1, 1, (1 << 24) + 1, NULL), (1, 2, (1 << 24) + 1, NULL), (1, 3, (1 << 24) + 2, NULL),
    (1, 10, NULL, 'house');
    INSERT INTO show_events (show_id, seq, kind, places, actor, at, link)
    VALUES (1, 1, 'show_created', '{}', 'me', now(), '');
    INSERT INTO show_batches VALUES (1, '00000000-0000-0000-0000-000000000001', 1, 1, now());
    INSERT INTO idempotency_keys VALUES (1, 'me', sha256('key'), '', '{}', now());
    INSERT INTO schema_migrations VALUES ('x', '', '');
    INSERT INTO logins VALUES ('https://id.example', 'john', 1, now());
    INSERT INTO api_keys VALUES ('key', 'Shop', 'service', NULL, sha256('a'), now());
    INSERT INTO caller_locks VALUES (1, '{}');
"""

USER = "INSERT INTO users (name, email, created_at, updated_at) VALUES ({}, now(), now())"
VERIFIED = (
    "INSERT INTO users (name, email, email_verified, created_at, updated_at) VALUES ({}, true, now(), now());"
)
SHOW = (
    "INSERT INTO shows (name, show_type, start_time, created_at, updated_at) VALUES ({}, now(), now(), now())"
)
NEW_INVENTORY = "INSERT INTO show_inventory (show_id, total_places, free_places) VALUES ({})"
INVENTORY = "UPDATE show_inventory SET {} WHERE show_id = 1"
BOOKING = "UPDATE bookings SET {} WHERE booking_id = (1 << 24) + 1"
NEW_BOOKING = """
    INSERT INTO bookings (show_id, booking_id, user_id, status, places, created_at, updated_at)
    VALUES ({}, 'CONFIRMED', '{{5}}', now(), now())
"""
SEAT = "INSERT INTO booking_seats VALUES ({})"
EVENT = """
    INSERT INTO show_events (show_id, seq, kind, places, actor, at, link)
    VALUES ({}, '{{}}', 'me', now(), '')
"""
EVENT_TEXT = """
    INSERT INTO show_events (show_id, seq, kind, places, actor, at, link, details, reason)
    VALUES (1, 2, 'cancelled', '{{}}', 'me', now(), '', {})
"""
LOGIN = "INSERT INTO logins VALUES ({}, now())"
TWICE = "INSERT INTO {0} SELECT * FROM {1} UNION ALL SELECT * FROM {1}"
KEY = "INSERT INTO api_keys VALUES ({}, now())"

REFUSED = [
    ("users_pkey", USER.replace("(name", "(user_id, name").format("1, 'Jane', 'jane@example.com'")),
    ("users_email_key", USER.format("'Jane', 'John@EXAMPLE.com'")),
    (
        "users_email_key",
        VERIFIED.format("'Ann', 'ann@example.com'") + VERIFIED.format("'X', 'ANN@example.com'"),
    ),
    ("users_name_length", USER.format("'', 'jane@example.com'")),
    ("users_name_length", USER.format("repeat('x', 256), 'jane@example.com'")),
    ("users_email_length", USER.format("'Jane', 'ab'")),
    ("users_email_length", USER.format("'Jane', repeat('x', 255)")),
    ("shows_pkey", "UPDATE shows SET show_id = 3 WHERE show_id = 2"),
    ("shows_id_leaves_room_for_bookings", "UPDATE shows SET show_id = 0 WHERE show_id = 3"),
    ("shows_id_leaves_room_for_bookings", "UPDATE shows SET show_id = 536870912 WHERE show_id = 3"),
    ("shows_start_is_a_moment", "UPDATE shows SET start_time = '-infinity' WHERE show_id = 3"),
    ("shows_start_is_a_moment", "UPDATE shows SET start_time = '3000-01-01Z' WHERE show_id = 3"),
    ("shows_name_length", SHOW.format("'', 'movie'")),
    ("shows_name_length", SHOW.format("repeat('x', 256), 'movie'")),
    ("shows_reference_length", "UPDATE shows SET reference = '' WHERE show_id = 2"),
    ("shows_reference_length", "UPDATE shows SET reference = repeat('x', 101) WHERE show_id = 2"),
    ("shows_metadata", "UPDATE shows SET metadata = '[]' WHERE show_id = 2"),
    *(
        ("shows_type_is_a_slug", SHOW.format(f"'X', '{slug}'"))
        for slug in ("", "Movie", "-a", "a b", "a" * 51)
    ),
    (
        "show_inventory_pkey",
        NEW_INVENTORY.format("1, 1, 1"),
    ),
    (
        "show_inventory_show_id_fkey",
        NEW_INVENTORY.format("99, 1, 1"),
    ),
    ("inventory_layout", INVENTORY.format("layout = 'none'")),
    ("inventory_total", NEW_INVENTORY.format("3, 0, 0")),
    ("inventory_layout", INVENTORY.format("layout = 'none'")),
    (
        "inventory_total",
        NEW_INVENTORY.format("3, 1000001, 1000001"),
    ),
    ("inventory_free", INVENTORY.format("free_places = -1, sold_places = 9")),
    ("inventory_held", INVENTORY.format("held_places = -1, sold_places = 4")),
    ("inventory_sold", INVENTORY.format("sold_places = -1, held_places = 4")),
    ("inventory_blocked", INVENTORY.format("blocked_places = -1, sold_places = 4")),
    ("inventory_seq", INVENTORY.format("last_seq = -1")),
    ("inventory_booking_numbers", INVENTORY.format("last_booking_number = 16777216")),
    ("inventory_booking_numbers", INVENTORY.format("last_booking_number = -1")),
    ("inventory_hints", INVENTORY.format("run_hints = '{1}'")),
    ("inventory_adds_up", INVENTORY.format("free_places = free_places - 1")),
    ("inventory_adds_up", INVENTORY.format("total_places = total_places + 1")),
    ("deleted_show_has_no_active_places", INVENTORY.format("deleted_at = now()")),
    ("archived_show_holds_nothing", INVENTORY.format("archived_at = now()")),
    ("map_chunks_pkey", "INSERT INTO map_chunks VALUES (1, 0, B'0', 1)"),
    ("map_chunks_show_id_fkey", "INSERT INTO map_chunks VALUES (3, 0, B'0', 1)"),
    ("chunk_number", "INSERT INTO map_chunks VALUES (1, -1, B'0', 1)"),
    ("chunk_length", "INSERT INTO map_chunks VALUES (1, 1, B'', 0)"),
    ("chunk_length", "INSERT INTO map_chunks VALUES (1, 1, repeat('0', 4097)::varbit, 4097)"),
    ("chunk_adds_up", "UPDATE map_chunks SET free_places = free_places - 1"),
    ("chunk_adds_up", "UPDATE map_chunks SET taken = set_bit(taken, 5, 1)"),
    ("bookings_pkey", NEW_BOOKING.format("1, (1 << 24) + 1, 1")),
    ("bookings_show_id_fkey", NEW_BOOKING.format("99, (99 << 24) + 1, 1")),
    ("bookings_user_id_fkey", NEW_BOOKING.format("1, (1 << 24) + 9, 99")),
    ("bookings_user_id_fkey", "DELETE FROM logins; DELETE FROM users"),
    ("booking_id_carries_its_show", NEW_BOOKING.format("1, (2 << 24) + 9, 1")),
    ("booking_status", BOOKING.format("status = 'LOST'")),
    ("booking_size", BOOKING.format("places = '{}'")),
    ("booking_size", BOOKING.format("places = array_fill(1, '{1001}')")),
    ("booking_reason_length", BOOKING.format("reason = repeat('x', 501)")),
    ("booking_counts_somewhere", BOOKING.format("counts_in = '{2,3}'")),
    ("booking_reference_length", BOOKING.format("reference = ''")),
    ("booking_reference_length", BOOKING.format("reference = repeat('x', 101)")),
    ("booking_metadata", BOOKING.format("metadata = '\"text\"'")),
    ("hold_has_an_end", BOOKING.format("status = 'PENDING'")),
    ("sale_has_no_end", BOOKING.format("expires_at = now()")),
    ("booking_retaken_from", BOOKING.format("retaken_from = (1 << 24) + 99")),
    ("bookings_retaken_once", BOOKING.format("retaken_from = (1 << 24) + 3")),
    ("booking_seats_pkey", SEAT.format("1, 1, (1 << 24) + 2, NULL")),  # two owners
    ("booking_seats_pkey", SEAT.format("1, 1, NULL, 'house'")),  # sold and blocked
    ("place_from_one", SEAT.format("1, 0, (1 << 24) + 1, NULL")),
    ("place_is_booked_or_blocked", SEAT.format("1, 5, (1 << 24) + 1, 'house'")),
    ("place_is_booked_or_blocked", SEAT.format("1, 5, NULL, NULL")),
    ("block_reason_length", SEAT.format("1, 5, NULL, repeat('x', 501)")),
    ("booking_seats_show_id_booking_id_fkey", SEAT.format("1, 5, (1 << 24) + 99, NULL")),
    ("booking_seats_show_id_booking_id_fkey", SEAT.format("2, 5, (1 << 24) + 1, NULL")),  # of another show
    ("show_events_pkey", EVENT.format("1, 1, 'booked'")),
    ("event_seq", EVENT.format("1, 0, 'booked'")),
    ("event_reason_length", EVENT_TEXT.format("'{}', repeat('x', 501)")),
    ("details_tell_no_reason", EVENT_TEXT.format("'{\"reason\": null}', NULL")),
    ("event_kinds_pkey", "INSERT INTO event_kinds SELECT * FROM event_kinds"),
    ("archived_bookings_pkey", TWICE.format("archived_bookings", "bookings")),
    ("archived_seats_pkey", TWICE.format("archived_seats", "booking_seats")),
    ("archived_events_pkey", TWICE.format("archived_events", "show_events")),
    ("show_batches_pkey", "INSERT INTO show_batches SELECT * FROM show_batches"),
    ("idempotency_keys_pkey", "INSERT INTO idempotency_keys SELECT * FROM idempotency_keys"),
    ("key_is_a_hash", "INSERT INTO idempotency_keys VALUES (1, 'me', 'the text', '', '{}', now())"),
    ("logins_pkey", LOGIN.format("'https://id.example', 'john', 1")),
    ("login_once_an_issuer", LOGIN.format("'https://id.example', 'johnny', 1")),
    ("logins_user_id_fkey", LOGIN.format("'https://id.example', 'jane', 99")),
    ("login_issuer_length", LOGIN.format("repeat('x', 256), 'jane', 1")),
    ("login_subject_length", LOGIN.format("'https://other.example', '', 1")),
    ("login_subject_length", LOGIN.format("'https://other.example', repeat('x', 256), 1")),
    ("api_keys_pkey", KEY.format("'key', 'Shop', 'service', NULL, sha256('b')")),
    ("api_keys_secret_hash_key", KEY.format("'other', 'Shop', 'service', NULL, sha256('a')")),
    ("key_name_length", KEY.format("'other', '', 'service', NULL, sha256('b')")),
    ("key_role", KEY.format("'other', 'Shop', 'king', NULL, sha256('b')")),
    ("key_shows", KEY.format("'other', 'Shop', 'service', '{}', sha256('b')")),
    ("key_hash_length", KEY.format("'other', 'Shop', 'service', NULL, 'secret'")),
    ("caller_locks_pkey", "INSERT INTO caller_locks VALUES (1, '{}')"),
    ("schema_migrations_pkey", "INSERT INTO schema_migrations VALUES ('x', '', '')"),
]
