"""The statements of docs/operations.md do what the page says, to whom it says."""

import re
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from tandem.contracts.topics import CALENDAR_EVENTS, CRM_ACTIVITIES
from tandem.runtime.continuity import Continuity
from tandem.runtime.migrate import CREDENTIALS, SCHEMAS, bring_up_to_date
from tandem.runtime.postgres import open_pool
from tandem.runtime.publisher import Outgoing, Publisher
from tandem.runtime.settings import KafkaSettings

PAGE = (Path(__file__).parents[3] / "docs/operations.md").read_text("utf-8")
COMPANY, PERSON, OTHER = 7, 71, 72
TABLES = (
    "sync.history",
    "calendar.outcomes",
    "crm.outcomes",
    "crm.create_intents",
    "credentials.credentials",
    "settings.users",
)
ROWS = """
INSERT INTO settings.users VALUES ($1, $2, 'a@north.example', 'A', 'UTC', 'en_US', false, $4,
    'https://c.pipedrive.com', now());
INSERT INTO credentials.credentials VALUES ($4, 'sealed');
INSERT INTO sync.connections (connection_id, company_id, user_id, revision, removed)
    VALUES ($3, $1, $2, 2, true);
INSERT INTO sync.history (connection_id, at, side, title, action, reason, detail)
    VALUES ($3, now(), 'crm', 'Secret', 'created', 'created', '');
INSERT INTO calendar.outcomes VALUES ($5, $3, 1, '{}');
INSERT INTO crm.outcomes VALUES ($5, 1,
    json_build_object('user', json_build_object('company_id', $1, 'user_id', $2)));
INSERT INTO crm.create_intents (link_id, generation, company_id, leased_until, user_id)
    VALUES ($5, 1, $1, now(), $2)
"""


def statements(heading: str) -> list[str]:
    """The SQL of a section, with the ids of a person put in."""
    [section] = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"```sql\n(.*?)```", section, re.DOTALL)
    return [
        re.sub(r"(?<!:):company\b", str(COMPANY), re.sub(r"(?<!:):person\b", str(PERSON), block))
        for block in blocks
    ]


@pytest.fixture
async def database(database_url):
    for what in (*SCHEMAS, CREDENTIALS):
        await bring_up_to_date(database_url, what)
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO settings.companies VALUES ($1, 'C', 'c')", COMPANY)
    for person in (PERSON, OTHER):
        values = (COMPANY, person, uuid4(), uuid4(), uuid4())
        for statement in ROWS.split(";"):
            await connection.execute(_filled(statement, values))
    yield connection
    await connection.close()


def _filled(statement: str, values: tuple[object, ...]) -> str:
    for number, value in enumerate(values, start=1):
        shown = str(value) if isinstance(value, int) else f"'{value}'"
        statement = statement.replace(f"${number}", shown)
    return statement


async def _counted(database: asyncpg.Connection) -> dict[str, int]:
    return {
        table: await database.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - a constant
        for table in TABLES
    }


async def test_a_persons_data_are_deleted_and_nobody_elses(database):
    before = await _counted(database)
    [person] = statements("Delete a person's data")
    await database.execute(person)
    assert await _counted(database) == {table: count // 2 for table, count in before.items()}
    assert await database.fetchval("SELECT user_id FROM settings.users") == OTHER


async def test_nothing_is_deleted_while_a_calendar_is_connected(database):
    before = await _counted(database)
    await database.execute(
        "INSERT INTO settings.connections (connection_id, company_id, user_id, provider, email,"
        " calendar_credential_id, settings, created_at)"
        " VALUES ($3, $1, $2, 'google', '', $3, '{}', now())",
        COMPANY,
        PERSON,
        uuid4(),
    )
    [person] = statements("Delete a person's data")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await database.execute(person)
    await database.execute("ROLLBACK")
    assert await _counted(database) == before


@pytest.mark.parametrize("schema", ["crm", "calendar"])
async def test_lifted_marks_have_everything_read_again_once(database, database_url, kafka, schema):
    publisher = Publisher(kafka.bootstrap_servers, client_id="t", namespace=kafka.namespace)
    await publisher.start()
    await publisher.publish([Outgoing(CRM_ACTIVITIES.name, "7:71", b"{}")])
    await publisher.stop()
    continuity = Continuity(
        schema=schema,
        kafka=KafkaSettings(
            kafka_bootstrap_servers=kafka.bootstrap_servers, kafka_namespace=kafka.namespace
        ),
        topics=[CRM_ACTIVITIES, CALENDAR_EVENTS],
    )
    pool = await open_pool(database_url, connections_max=2)
    try:
        assert not await continuity.lost(pool)
        [lift] = statements("Replay from a time")
        await database.execute(lift)
        assert [await continuity.lost(pool) for _ in range(2)] == [True, False]
    finally:
        await pool.close()
