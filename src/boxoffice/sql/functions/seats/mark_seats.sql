-- mark_seats(show, seats, value): marks seats as taken (1) or free (0) on the show's map.
-- A seat that is marked so already breaks the constraint section_adds_up: the bits would not match
-- the count. Locks: the caller holds the show's inventory row; then its sections.
CREATE OR REPLACE FUNCTION mark_seats(p_show_id bigint, p_seats integer[], p_value integer) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE seat_sections AS s
    SET taken = flip_bits(s.taken, t.bits, p_value),
        free_seats = s.free_seats + CASE p_value WHEN 1 THEN -t.seats ELSE t.seats END
    FROM (
        SELECT section_of(u.seat) AS section_no, array_agg(bit_of(u.seat)) AS bits, count(*)::integer AS seats
        FROM unnest(p_seats) AS u (seat)
        GROUP BY 1
    ) AS t
    WHERE s.show_id = p_show_id AND s.section_no = t.section_no;
END $$;
