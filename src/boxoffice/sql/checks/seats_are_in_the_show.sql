-- I1: the map covers seats 1 to the total without a gap, and nobody owns a seat outside.
SELECT i.show_id, format('the map ends at section %s of %s, or one is too short', max(s.section_no), (i.total_seats - 1) / 4096) AS violation
FROM show_inventory AS i LEFT JOIN seat_sections AS s USING (show_id)
GROUP BY i.show_id, i.total_seats
HAVING count(*) FILTER (WHERE length(s.taken) = LEAST(4096, i.total_seats - s.section_no * 4096))
       <> (i.total_seats - 1) / 4096 + 1
UNION ALL
SELECT o.show_id, format('seats %s are owned but not in the show', array_agg(o.seat_number))
FROM all_seats AS o JOIN show_inventory AS i USING (show_id)
WHERE o.seat_number > i.total_seats
GROUP BY o.show_id
