-- Those of the settings named $1 that do not have the values $2 in this session. A pooler may have dropped
-- them.
SELECT wanted.name
FROM unnest($1::text[], $2::text[]) AS wanted (name, value)
LEFT JOIN pg_settings AS s ON lower(s.name) = wanted.name
WHERE s.setting IS DISTINCT FROM wanted.value
