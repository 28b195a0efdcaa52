-- scattered_places(map, count): `count` free places of a map in which no run of free places is that long. The
-- map is one character a place, '0' for free. The longest runs are taken until there are enough places, which
-- gives the fewest parts; of runs of one length the lowest comes first. What is still wanted in the end is
-- the lowest run that is long enough. longest: how long the longest run was.
-- How: no run is longer than v_length, so each match of as many zeros is a whole run, and all runs of one
-- length are taken at once. A search is a search in a text: some ns a place. The budget is 20 lengths, as
-- each searches the whole map; what is still wanted after them are the lowest free places.
CREATE OR REPLACE FUNCTION scattered_places(p_map text, p_count integer, OUT places integer[], OUT longest integer)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_left   integer := p_count;  -- so many places are still wanted
    v_length integer := p_count;  -- no run is as long as this
    v_taken  integer[];
    v_end    integer;
BEGIN
    places := '{}';
    FOR budget IN 1 .. 20 LOOP
        v_length := longest_run(p_map, LEAST(v_length, v_left));
        longest := COALESCE(longest, v_length);
        EXIT WHEN v_length <= 1;
        v_taken := places_of_runs(p_map, v_length, (v_left - 1) / v_length);
        v_end := v_taken[cardinality(v_taken)];
        p_map := replace(left(p_map, v_end), repeat('0', v_length), repeat('1', v_length)) || substr(p_map, v_end + 1);
        places := places || v_taken;
        v_left := p_count - cardinality(places);
        EXIT WHEN v_left <= v_length AND position(repeat('0', v_left) IN p_map) > 0;
    END LOOP;
    IF position(repeat('0', v_left) IN p_map) > 0 THEN
        places := places || places_of_runs(p_map, v_left, 1);
    ELSE
        places := places || places_of_runs(p_map, 1, v_left);
    END IF;
    IF cardinality(places) < p_count THEN  -- a wrong counter must not give fewer places than were asked for
        RAISE data_corrupted USING MESSAGE = format('%s places are said to be free, and %s are', p_count, cardinality(places));
    END IF;
    places := ARRAY(SELECT p FROM unnest(places) AS p ORDER BY p);
END $$;
