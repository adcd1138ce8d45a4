"""Alembic environment that all services share; each keeps its own versions in its own package."""
