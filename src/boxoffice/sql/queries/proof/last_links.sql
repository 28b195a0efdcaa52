-- The link of each show's last event, as the show keeps it.
SELECT show_id, last_link FROM show_inventory ORDER BY show_id
