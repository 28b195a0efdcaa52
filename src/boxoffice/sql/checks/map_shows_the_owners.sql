-- I1, I2: the map has a seat as taken if and only if somebody owns it.
SELECT m.show_id,
       format('seats taken on the map but without owner: %s; with owner but free on the map: %s',
              array_agg(m.seat) FILTER (WHERE m.taken), array_agg(m.seat) FILTER (WHERE NOT m.taken)) AS violation
FROM (
    SELECT s.show_id, s.section_no * 4096 + bit + 1 AS seat, get_bit(s.taken, bit) = 1 AS taken
    FROM seat_sections AS s CROSS JOIN generate_series(0, length(s.taken) - 1) AS bit
) AS m
LEFT JOIN all_seats AS o ON o.show_id = m.show_id AND o.seat_number = m.seat
WHERE m.taken <> (o.seat_number IS NOT NULL)
GROUP BY m.show_id
