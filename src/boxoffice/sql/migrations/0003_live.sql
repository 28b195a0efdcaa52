-- A show can be kept out of the live seats: nobody is told the states of its places, as for the diary of a
-- practice, where a place that is taken says that somebody has a visit.
ALTER TABLE shows ADD COLUMN live boolean NOT NULL DEFAULT true;
