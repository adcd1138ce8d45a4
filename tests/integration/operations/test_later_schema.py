"""A release starts on the schema of the next one, and leaves it as it is."""

import asyncpg
import pytest

from tandem.runtime.migrate import CREDENTIALS, SCHEMAS, bring_up_to_date

LATER = "9999"


@pytest.mark.parametrize("what", [*SCHEMAS, CREDENTIALS])
async def test_a_schema_of_a_later_release_is_left_alone(database_url, what):
    await bring_up_to_date(database_url, what)
    schema = SCHEMAS.get(what, CREDENTIALS)
    database = await asyncpg.connect(database_url)
    try:
        version = f"{schema}.alembic_version"
        known = await database.fetchval(f"SELECT version_num FROM {version}")  # noqa: S608
        assert known < LATER
        await database.execute(f"UPDATE {version} SET version_num = '{LATER}'")  # noqa: S608
        await bring_up_to_date(database_url, what)
        assert await database.fetchval(f"SELECT version_num FROM {version}") == LATER  # noqa: S608
    finally:
        await database.close()
