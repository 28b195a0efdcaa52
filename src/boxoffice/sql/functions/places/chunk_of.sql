-- chunk_of(place): the chunk of the map that a place lies in, from 0 on. 4096 is limits.CHUNK_PLACES.
CREATE OR REPLACE FUNCTION chunk_of(p_place integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_place - 1) / 4096;
