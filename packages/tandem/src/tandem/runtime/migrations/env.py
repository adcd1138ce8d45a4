"""Runs a service's versions in its own schema, one process at a time (advisory lock).

A schema at a version that this release does not know belongs to the next one, on which this one
works: it is left alone, so that a pod of this release can be started anew, or rolled back to.
"""

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tandem.runtime.logs import LOG

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
    known = {version.revision for version in context.script.walk_revisions()}
    ahead = set(context.get_context().get_current_heads()) - known
    if ahead:
        LOG.warning("schema_is_of_a_later_release", schema=schema, versions=sorted(ahead))
    else:
        with context.begin_transaction():
            context.run_migrations()
    connection.commit()
