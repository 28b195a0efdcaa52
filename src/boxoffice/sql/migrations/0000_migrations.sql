-- The ledger: which migrations were applied, by which version. It is made first, on every run, so this file
-- alone must be able to run again. serves_since: the oldest program that can work with the migration; NULL:
-- only a program that knows it.
CREATE TABLE IF NOT EXISTS schema_migrations (
    name         text PRIMARY KEY,
    checksum     text NOT NULL,
    applied_by   text NOT NULL,
    applied_at   timestamptz NOT NULL DEFAULT now(),
    serves_since text
);
