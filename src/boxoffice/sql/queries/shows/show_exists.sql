-- Whether show $1 exists. A deleted show counts as existing: its bookings and events stay for the audit.
SELECT EXISTS (SELECT FROM shows WHERE show_id = $1)
