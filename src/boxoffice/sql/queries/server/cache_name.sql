-- A name for this database and schema, so that several can share a Redis without sharing answers.
SELECT md5(concat_ws(':', (SELECT system_identifier FROM pg_control_system()), d.oid, current_schema())) AS name
FROM pg_database AS d
WHERE d.datname = current_database()
