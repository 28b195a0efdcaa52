-- Writes answers $1 (a JSON array) into the requests that still wait. One row for each that was answered now.
SELECT answered_show_id AS show_id, answered_ticket_id AS ticket_id, answered_state AS state FROM answer_requests($1)
