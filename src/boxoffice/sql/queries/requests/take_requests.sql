-- Notes requests $1 (JSON), if fewer than $2 wait in their show. One row for each, in any order.
SELECT no, ticket_id, fate, ahead, asked_at, answer_by FROM take_requests($1, $2)
