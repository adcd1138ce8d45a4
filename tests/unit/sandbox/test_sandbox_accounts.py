"""Who is seeded, and which seeds make no sense."""

import pytest
from pydantic import ValidationError

from tandem_sandbox.accounts import Seed, company, default_seed, load_seed, static_token
from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World


def test_two_sandboxes_take_the_same_clients():
    assert default_seed() == default_seed()
    user = default_seed().companies[0].users[0]
    assert user.token == static_token("pipedrive", user.email)
    assert static_token("google", user.email) != user.token


def test_everybody_of_the_default_seed_has_a_mailbox_of_the_same_address():
    seed = default_seed()
    users = [user for one in seed.companies for user in one.users]
    google = [one.email for one in seed.mailboxes if one.provider == "google"]
    assert google == [user.email for user in users]
    assert [user.is_admin for user in users] == [True, False, False] * 2
    assert len({user.timezone for user in users}) == 3


def test_joining_adds_only_what_is_new():
    north = company(1001, "North")
    joined = default_seed().joined(north).joined(company(3, "West", users=1))
    assert [one.id for one in joined.companies] == [1001, 2002, 3]
    assert len(joined.mailboxes) == len(default_seed().mailboxes) + 1


def test_a_load_seed_is_as_large_as_asked_for():
    seed = load_seed(companies=4, users=5, mailboxes=2)
    assert [len(one.users) for one in seed.companies] == [5] * 4
    assert len(seed.mailboxes) == 8


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda user: {**user, "timezone": "Europe/Atlantis"}, "no time zone"),
        (lambda user: {**user, "timezone": "../etc/passwd"}, "no time zone"),
        (lambda user: {**user, "id": 1001002}, "users.id"),
        (lambda user: {**user, "email": "sales2@north.example"}, "users.email"),
        (
            lambda user: {**user, "token": static_token("pipedrive", "sales2@north.example")},
            "token",
        ),
        (lambda user: {**user, "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_user_is_refused_by_name(change, told):
    seed = company(1001, "North").model_dump(mode="json")
    seed["companies"][0]["users"][0] = change(seed["companies"][0]["users"][0])
    with pytest.raises(ValidationError, match=told):
        Seed.model_validate(seed)


def test_a_company_without_users_is_refused():
    seed = company(1001, "North").model_dump(mode="json")
    seed["companies"][0]["users"] = []
    with pytest.raises(ValidationError, match="users"):
        Seed.model_validate(seed)


def test_a_company_of_one_user_is_furnished_too():
    world = World(SandboxSettings())
    world.seed(company(3, "West", users=1))
    assert {deal.owner_id for deal in world.pipedrive.companies[3].deals.values()} == {3001}
