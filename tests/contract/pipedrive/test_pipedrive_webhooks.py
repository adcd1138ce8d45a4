"""Subscriptions to webhooks."""

import pytest

from tandem_sandbox.app import create_app
from tandem_sandbox.settings import SandboxSettings

WEBHOOKS = "/api/v1/webhooks"
BODY = {
    "subscription_url": "http://127.0.0.1:9/hook",
    "event_action": "*",
    "event_object": "activity",
    "name": "Test",
}


async def test_a_webhook_is_made_listed_and_deleted(boris):
    made = await boris.call(
        "POST", WEBHOOKS, body={**BODY, "http_auth_user": "u", "http_auth_password": "secret"}
    )
    assert (made["owner_id"], made["user_id"], made["is_active"]) == (boris.user_id,) * 2 + (1,)
    assert (made["version"], made["last_delivery_time"]) == ("2.0", None)
    assert made["http_auth_password"] != "secret"
    assert await boris.call("GET", WEBHOOKS) == [made]
    await boris.call("DELETE", f"{WEBHOOKS}/{made['id']}")
    assert await boris.call("GET", WEBHOOKS) == []
    answer = await boris.ask("DELETE", f"{WEBHOOKS}/{made['id']}")
    assert (answer.status_code, answer.json()["errors"]) == (404, {"id": ["not found"]})


async def test_a_user_sees_his_own_webhooks_an_admin_all(admin, boris, chandra):
    made = await boris.subscribe(BODY["subscription_url"])
    assert await chandra.call("GET", WEBHOOKS) == []
    await chandra.refused(404, "DELETE", f"{WEBHOOKS}/{made['id']}")
    assert [one["id"] for one in await admin.call("GET", WEBHOOKS)] == [made["id"]]


async def test_a_user_has_at_most_forty_webhooks(boris, chandra):
    for _ in range(40):
        await boris.subscribe(BODY["subscription_url"])
    await boris.refused(422, "POST", WEBHOOKS, body=BODY)
    await chandra.subscribe(BODY["subscription_url"])
    first = (await boris.call("GET", WEBHOOKS))[0]
    await boris.call("DELETE", f"{WEBHOOKS}/{first['id']}")
    await boris.subscribe(BODY["subscription_url"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_action", "added"),
        ("event_object", "activityType"),
        ("name", "x" * 256),
        ("name", None),
        ("version", "3.0"),
        ("version", 2.0),
        ("user_id", 42),
        ("user_id", "1"),
        ("secret", "x"),
        ("subscription_url", "ftp://127.0.0.1/"),
        ("subscription_url", "http://"),
        ("subscription_url", "http://host:port/"),
        ("subscription_url", "http://[::1/"),
    ],
)
async def test_a_wrong_webhook_is_refused_by_name(admin, field, value):
    assert field in await admin.refused(400, "POST", WEBHOOKS, body={**BODY, field: value})
    assert await admin.call("GET", WEBHOOKS) == []


async def test_a_wrong_address_is_refused_in_the_vendors_shape(admin):
    answer = await admin.ask("POST", WEBHOOKS, body={**BODY, "subscription_url": "here"})
    assert answer.json() == {
        "status": "error",
        "success": False,
        "errors": {"subscription_url": ["invalid or non-reachable URL"]},
    }


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("http://127.0.0.1:9/hook", 400),
        ("http://localhost/hook", 400),
        ("https://10.0.0.8/hook", 400),
        ("https://[::1]/hook", 400),
        ("https://tandem.example.com/hook", 201),
        ("https://8.8.8.8/hook", 201),
    ],
)
async def test_a_sandbox_can_insist_on_public_addresses(admin, url, status):
    app = create_app(SandboxSettings(public_webhooks_only=True))
    admin.http._transport.app = app
    answer = await admin.ask("POST", WEBHOOKS, body={**BODY, "subscription_url": url})
    assert answer.status_code == status
    await app.state.world.aclose()
