-- Whether show $1 exists; a deleted one does: its bookings and events stay for the audit.
SELECT EXISTS (SELECT FROM shows WHERE show_id = $1)
