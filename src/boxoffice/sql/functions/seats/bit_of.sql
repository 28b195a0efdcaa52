-- bit_of(seat): the seat's place in its section's map, from 0 on.
CREATE OR REPLACE FUNCTION bit_of(p_seat integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_seat - 1) % 4096;
