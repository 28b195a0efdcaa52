-- What each kind of event means, by the table of the schema in the search path; $1 is that schema.
SELECT 'event_kinds' AS name, format('event-kind %s: follows %s, status %s, owned %s',
                                     kind, COALESCE(follows::text, '-'), COALESCE(status, '-'), COALESCE(owned::text, '-'))
       AS line
FROM event_kinds
WHERE $1::text IS NOT NULL
