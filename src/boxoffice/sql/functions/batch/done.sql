-- done(command, booking, details): the outcome of a command that had its effect.
CREATE OR REPLACE FUNCTION done(p_command engine_command, p_booking bookings, p_details jsonb) RETURNS command_outcome
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ROW(p_command.command_no, 'done', false, p_booking, p_details)::command_outcome;
