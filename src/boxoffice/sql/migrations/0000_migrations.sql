-- What was applied. Made first, every time; so it changes nothing that is there, alone among the migrations.
-- serves_since: the oldest program that can work with it; NULL: only one that knows it.
CREATE TABLE IF NOT EXISTS schema_migrations (
    name         text PRIMARY KEY,
    checksum     text NOT NULL,
    applied_by   text NOT NULL,
    applied_at   timestamptz NOT NULL DEFAULT now(),
    serves_since text
);
-- Asked before, for ALTER TABLE would lock the table even if there is nothing to do, and readiness reads it.
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = 'schema_migrations'::regclass AND attname = 'serves_since'
    ) THEN
        ALTER TABLE schema_migrations ADD COLUMN serves_since text;
    END IF;
END $$;
