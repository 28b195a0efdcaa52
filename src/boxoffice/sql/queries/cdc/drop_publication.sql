-- Ends the publication of events.
DROP PUBLICATION boxoffice_events
