-- One command that goes through no lane: $1. One row.
SELECT o.code, o.replayed, o.details FROM run_desk_command($1) AS o
