"""Django's backend for PostgreSQL, with an end to waiting for a server that is silent."""
