"""The only door to the database: connections, retries, migrations and the checks of the data."""
