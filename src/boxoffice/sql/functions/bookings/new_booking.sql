-- new_booking(command, now, number, places): the booking that a retake or book command makes; of a block
-- command the same without id, which only carries the places and the reason to the owners. It must stay one
-- expression, so that it costs no call.
CREATE OR REPLACE FUNCTION new_booking(
    p_command engine_command, p_now timestamptz, p_number integer, p_places integer[]
) RETURNS bookings
LANGUAGE sql STABLE PARALLEL SAFE
RETURN ROW(
    p_command.show_id,
    CASE WHEN p_command.kind <> 'block' THEN p_command.show_id << 24 | p_number END,
    p_command.user_id,
    CASE WHEN p_command.kind = 'block' THEN NULL WHEN p_command.hold_seconds IS NULL THEN 'CONFIRMED' ELSE 'PENDING' END,
    p_places,
    p_now + make_interval(secs => p_command.hold_seconds),
    CASE WHEN p_command.kind = 'block' THEN p_command.reason END,
    CASE WHEN p_command.kind = 'retake' THEN p_command.booking_id END,
    p_now,
    p_now,
    p_command.caps IS NOT NULL OR p_command.kind = 'retake'
)::bookings;
