-- How much the checks look at.
SELECT (SELECT count(*) FROM show_inventory) AS shows, (SELECT count(*) FROM all_bookings) AS bookings
