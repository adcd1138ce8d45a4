"""Runs a service's versions in its own schema, one process at a time (advisory lock)."""

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

schema = str(context.config.attributes["schema"])
engine = create_engine(context.config.attributes["url"], poolclass=NullPool)

with engine.connect() as connection:
    connection.execute(
        text("SELECT pg_advisory_lock(hashtext(:name))"), {"name": f"migrate:{schema}"}
    )
    connection.execute(
        text(
            f"DO $$ BEGIN IF to_regnamespace('{schema}') IS NULL"
            f" THEN CREATE SCHEMA {schema}; END IF; END $$"
        )
    )
    connection.commit()
    context.configure(connection=connection, target_metadata=None, version_table_schema=schema)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
