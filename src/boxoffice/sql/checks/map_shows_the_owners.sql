-- I1, I2: a place is marked as taken on the map if and only if the place has an owner.
SELECT m.show_id,
       format('places taken on the map but without owner: %s; with owner but free on the map: %s',
              array_agg(m.place) FILTER (WHERE m.taken), array_agg(m.place) FILTER (WHERE NOT m.taken)) AS violation
FROM (
    SELECT c.show_id, c.chunk_no * 4096 + bit + 1 AS place, get_bit(c.taken, bit) = 1 AS taken
    FROM map_chunks AS c CROSS JOIN generate_series(0, length(c.taken) - 1) AS bit
) AS m
LEFT JOIN all_seats AS o ON o.show_id = m.show_id AND o.place = m.place
WHERE m.taken <> (o.place IS NOT NULL)
GROUP BY m.show_id
