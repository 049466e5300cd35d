"""The schema's history (Alembic): one file a change, in `versions/`."""
