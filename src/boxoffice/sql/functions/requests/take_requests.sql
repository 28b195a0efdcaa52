-- take_requests(requests, queued_max): notes bookings that are to be decided later, show by show. They are a
-- JSON array of objects, each with its show_id and its number in the array (no). One row for each, see
-- take_show_requests.
-- Locks: only new rows. Two processes that note the same key wait for each other by its unique key.
CREATE OR REPLACE FUNCTION take_requests(p_requests jsonb, p_queued_max integer) RETURNS SETOF taken_request
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_part record;
BEGIN
    FOR v_part IN
        SELECT (r ->> 'show_id')::bigint AS show_id, jsonb_agg(r ORDER BY (r ->> 'no')::integer) AS requests
        FROM jsonb_array_elements(p_requests) AS r
        GROUP BY 1
        ORDER BY 1
    LOOP
        RETURN QUERY SELECT * FROM take_show_requests(v_part.show_id, v_part.requests, p_queued_max);
    END LOOP;
END $$;
