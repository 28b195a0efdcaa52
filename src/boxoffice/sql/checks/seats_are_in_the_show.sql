-- I1: the map covers the places from 1 to the show's total without a gap, and no place above the total has an
-- owner.
SELECT i.show_id, format('the map ends at chunk %s of %s, or one is too short', max(c.chunk_no), (i.total_places - 1) / 4096) AS violation
FROM show_inventory AS i LEFT JOIN map_chunks AS c USING (show_id)
GROUP BY i.show_id, i.total_places
HAVING count(*) FILTER (WHERE length(c.taken) = LEAST(4096, i.total_places - c.chunk_no * 4096))
       <> (i.total_places - 1) / 4096 + 1
UNION ALL
SELECT o.show_id, format('places %s are owned but not in the show', array_agg(o.place))
FROM all_seats AS o JOIN show_inventory AS i USING (show_id)
WHERE o.place > i.total_places
GROUP BY o.show_id
