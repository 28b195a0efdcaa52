-- bit_of(place): the bit of a place in its chunk of the map, from 0 on.
CREATE OR REPLACE FUNCTION bit_of(p_place integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_place - 1) % 4096;
