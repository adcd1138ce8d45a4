"""The schema was put back to a backup: what it says of connections is told, and sessions end."""

import json

from tests.integration.settings_api.house import House, until

from tandem.contracts.connections import ConnectionChanged, ConnectionRemoved
from tandem.runtime.restored import note_restore


async def test_what_the_backup_says_takes_the_place_of_what_was_told_since(lone_house: House):
    house = lone_house
    async with house.service():
        anna = await house.signed_in(admin=True)
        kept = await anna.connected("anna@gmail.com")
        gone = await anna.connected("other@gmail.com")
        await anna.delete(gone)
        await until(lambda: house.told_of(ConnectionRemoved), what="the removal")
        backup = (await anna.get(kept)).json()["settings"]
        for days in (5, 6):
            await anna.patch(kept, json={"horizon_days": days})
        last = max(one.revision for one in house.told_of(ConnectionChanged))
    await house.query(
        "UPDATE settings.connections SET revision = 1,"
        " settings = settings || $1::jsonb WHERE removed_at IS NULL",
        json.dumps({"horizon_days": backup["horizon_days"]}),
    )
    heard = len(house.told)

    assert await house.count("settings.sessions") == 1
    await note_restore(house.database_url, "settings-api")
    assert await house.count("settings.sessions") == 0
    async with house.service():
        await until(lambda: len(house.told) >= heard + 2, what="what the backup says")
        changed, removed = sorted(house.told[heard:], key=lambda one: one.kind)
        assert isinstance(changed, ConnectionChanged)
        assert isinstance(removed, ConnectionRemoved)
        assert changed.revision > last
        assert changed.settings.horizon_days == backup["horizon_days"]
