-- The schemas that this session finds names in, in their order, those without a name in the setting included.
SELECT pg_catalog.current_schemas(true)
