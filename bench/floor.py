"""The floor of the drain: the same consume, one bulk upsert and produce, without any logic.

`python -m bench.floor` is started by the drain benchmark with the service's own settings.
"""

from collections.abc import Sequence

from starlette.applications import Starlette

from tandem.contracts.activities import ACTIVITY_MESSAGES, ActivityMessage
from tandem.contracts.topics import CALENDAR_COMMANDS, CRM_ACTIVITIES
from tandem.runtime.app import Runtime, serve
from tandem.runtime.publisher import Outgoing
from tandem.runtime.settings import RuntimeSettings, from_environment
from tandem.runtime.subscriptions import Delivery

_TABLE = """
CREATE TABLE IF NOT EXISTS sync.floor (
    company_id bigint, user_id bigint, activity_id bigint, body json,
    PRIMARY KEY (company_id, user_id, activity_id)
)
"""
_UPSERT = """
INSERT INTO sync.floor SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::json[])
ON CONFLICT (company_id, user_id, activity_id) DO UPDATE SET body = excluded.body
"""


def create_app(settings: RuntimeSettings) -> Starlette:
    """A service that stores each batch in one statement and sends one record on for each."""
    runtime = Runtime(settings, service="floor", schema="sync", package="reconciler")

    async def make_table() -> None:
        await runtime.pool.execute(_TABLE)

    async def on_batch(deliveries: Sequence[Delivery[ActivityMessage]]) -> None:
        bodies = [delivery.body for delivery in deliveries]
        latest = {
            (body.user.company_id, body.user.user_id, body.activity.activity_id): body
            for body in bodies
            if body.kind == "activity_observed"
        }
        if not latest:
            return
        values = [body.model_dump_json() for body in latest.values()]
        await runtime.pool.execute(
            _UPSERT,
            *(list(column) for column in zip(*latest, strict=True)),
            values,
        )
        await runtime.publisher.publish(
            Outgoing(CALENDAR_COMMANDS.name, body.key, value.encode())
            for body, value in zip(latest.values(), values, strict=True)
        )

    runtime.on_start(make_table)
    runtime.subscribe(
        CRM_ACTIVITIES,
        purpose="drain",
        title="Stores and sends on",
        messages=ACTIVITY_MESSAGES,
        handle=on_batch,
    )
    return Starlette(routes=runtime.health.routes(), lifespan=runtime.lifespan)


if __name__ == "__main__":
    environment = from_environment(RuntimeSettings)
    serve(create_app(environment), environment, service="floor")
