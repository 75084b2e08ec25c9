"""The center's own results: a registry of signed cases in an SQLite file, or on a PostgreSQL server by URL."""
