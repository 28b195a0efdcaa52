-- The version of the program whose functions this database has.
SELECT applied_by FROM schema_migrations WHERE name = 'functions'
