-- places_of_runs(map, length, runs): the places of the lowest runs of so many free places ('0') of a map, in
-- order; fewer than `runs` if there are no more. Only as much of the map is cut into pieces as has the runs:
-- a large hall may have half a million of them.
CREATE OR REPLACE FUNCTION places_of_runs(p_map text, p_length integer, p_runs integer) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_run   text := repeat('0', p_length);
    v_size  integer := 4096;
    v_part  text;
    v_found integer;
BEGIN
    LOOP
        v_part := left(p_map, v_size);
        v_found := (length(v_part) - length(replace(v_part, v_run, ''))) / p_length;
        EXIT WHEN v_found >= p_runs OR v_size >= length(p_map);
        v_size := v_size * 4;
    END LOOP;
    RETURN ARRAY(
        SELECT (s.taken + (s.no - 1) * p_length + n)::integer
        FROM (
            SELECT sum(length(c.piece)) OVER (ORDER BY c.no) AS taken, c.no
            FROM string_to_table(v_part, v_run) WITH ORDINALITY AS c (piece, no)
        ) AS s
        CROSS JOIN generate_series(1, p_length) AS n
        WHERE s.no <= LEAST(p_runs, v_found)
        ORDER BY s.no, n
    );
END $$;
