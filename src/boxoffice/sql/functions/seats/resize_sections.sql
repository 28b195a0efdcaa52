-- resize_sections(show, total): makes the show's map cover seats 1 to total; new seats are free. The
-- caller has made sure that seats beyond total are free. Locks: the caller holds the show's inventory row.
CREATE OR REPLACE FUNCTION resize_sections(p_show_id bigint, p_total integer) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    DELETE FROM seat_sections WHERE show_id = p_show_id AND section_no > section_of(p_total);

    UPDATE seat_sections AS s
    SET taken = substring(s.taken || repeat('0', 4096)::bit varying FOR t.seats),
        free_seats = s.free_seats + t.seats - length(s.taken)
    FROM (SELECT section_no, LEAST(4096, p_total - section_no * 4096) AS seats
          FROM seat_sections WHERE show_id = p_show_id) AS t
    WHERE s.show_id = p_show_id AND s.section_no = t.section_no AND length(s.taken) <> t.seats;

    INSERT INTO seat_sections (show_id, section_no, taken, free_seats)
    SELECT p_show_id, no, repeat('0', LEAST(4096, p_total - no * 4096))::bit varying, LEAST(4096, p_total - no * 4096)
    FROM generate_series(
        (SELECT COALESCE(max(section_no) + 1, 0) FROM seat_sections WHERE show_id = p_show_id), section_of(p_total)
    ) AS no;
END $$;
