-- engine_now(): the engine's clock. Every rule about time asks here, after the show's lock was taken;
-- a test that moves time on replaces this function in its own database.
CREATE OR REPLACE FUNCTION engine_now() RETURNS timestamptz
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN clock_timestamp();
