-- engine_now(): the engine's clock. Every rule about time asks here, a show's rules after its lock was
-- taken. A command without a show asks before any lock (run_desk_command). A test that moves time on
-- replaces this function in its own database.
CREATE OR REPLACE FUNCTION engine_now() RETURNS timestamptz
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN clock_timestamp();
