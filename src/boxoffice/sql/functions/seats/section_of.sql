-- section_of(seat): the section that a seat lies in, from 0 on. 4096 is limits.SECTION_SEATS.
CREATE OR REPLACE FUNCTION section_of(p_seat integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_seat - 1) / 4096;
