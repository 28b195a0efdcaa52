-- Runs command $1 (JSON), which belongs to no lane. One row.
SELECT o.code, o.replayed, o.details FROM run_desk_command($1) AS o
