-- refuse(command, code, details): the outcome of a command that is refused, with the code and what it tells.
CREATE OR REPLACE FUNCTION refuse(p_command engine_command, p_code text, p_details jsonb) RETURNS command_outcome
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ROW(p_command.command_no, p_code, false, NULL, p_details)::command_outcome;
