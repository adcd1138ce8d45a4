"""Owns everything the emulated Pipedrive knows: companies with their records, and grants.

Ids are counted per company and never used twice.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, Field, PrivateAttr

from tandem_sandbox.accounts import CompanySeed
from tandem_sandbox.pipedrive.budget import Budget, Plan
from tandem_sandbox.pipedrive.grants import Grants
from tandem_sandbox.pipedrive.model import (
    Activity,
    ActivityType,
    Deal,
    Organization,
    Person,
    Stage,
    User,
    Waiting,
    Webhook,
)
from tandem_sandbox.pipedrive.seeds import furnish

PURGE_AFTER = timedelta(days=30)
PURGE_EVERY = timedelta(hours=1)


class Company(BaseModel):
    """One company account."""

    id: int
    name: str
    domain: str
    plan: Plan = Field(default_factory=Plan)
    users: dict[int, User] = Field(default_factory=dict)
    activity_types: dict[int, ActivityType] = Field(default_factory=dict)
    activities: dict[int, Activity] = Field(default_factory=dict)
    persons: dict[int, Person] = Field(default_factory=dict)
    organizations: dict[int, Organization] = Field(default_factory=dict)
    deals: dict[int, Deal] = Field(default_factory=dict)
    stages: dict[int, Stage] = Field(default_factory=dict)
    webhooks: dict[int, Webhook] = Field(default_factory=dict)
    waiting: dict[str, Waiting] = Field(default_factory=dict)
    last_ids: dict[str, int] = Field(default_factory=dict)
    _by_owner: dict[int, dict[int, Activity]] = PrivateAttr(default_factory=dict)
    _purged_at: datetime | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:  # noqa: ARG002 - pydantic's signature
        """Sort the activities by owner."""
        for activity in self.activities.values():
            self._by_owner.setdefault(activity.owner_id, {})[activity.id] = activity

    def next_id(self, kind: str) -> int:
        """An id that no record of ``kind`` ever had."""
        number = self.last_ids.get(kind, 0) + 1
        self.last_ids[kind] = number
        return number

    def type_keys(self) -> set[str]:
        """The keys of the active activity types."""
        return {one.key_string for one in self.activity_types.values() if one.active_flag}

    def put_activity(self, activity: Activity) -> None:
        """Keep an activity in place of what it was before."""
        before = self.activities.get(activity.id)
        if before is not None and before.owner_id != activity.owner_id:
            del self._by_owner[before.owner_id][before.id]
        self.activities[activity.id] = activity
        self._by_owner.setdefault(activity.owner_id, {})[activity.id] = activity

    def activities_of(self, owner_id: int) -> Iterable[Activity]:
        """The activities of one owner, deleted ones too."""
        return self._by_owner.get(owner_id, {}).values()

    def drop_webhook(self, webhook_id: int) -> None:
        """End a webhook with all that still waited for it."""
        self.webhooks.pop(webhook_id, None)
        self.waiting = {
            key: one for key, one in self.waiting.items() if one.webhook_id != webhook_id
        }

    def purge(self, now: datetime) -> None:
        """Drop activities that were deleted more than 30 days ago; looks at most once an hour."""
        if self._purged_at is not None and abs(now - self._purged_at) < PURGE_EVERY:
            return
        self._purged_at = now
        for activity in [one for one in self.activities.values() if is_purged(one, now)]:
            del self.activities[activity.id]
            del self._by_owner[activity.owner_id][activity.id]


def is_purged(activity: Activity, now: datetime) -> bool:
    """Whether an activity was deleted so long ago that nothing is left of it."""
    return activity.is_deleted and activity.update_time + PURGE_AFTER <= now


class PipedriveState:
    """All companies."""

    def __init__(self) -> None:
        self.companies: dict[int, Company] = {}
        self.grants = Grants()
        self.budget = Budget()
        self.deleted_reads: Literal["soft", "gone"] = "soft"
        """Whether a deleted activity can still be read by its id."""
        self._by_token: dict[str, tuple[Company, User]] = {}

    def seed(self, companies: Iterable[CompanySeed], now: datetime) -> None:
        """Add companies that are not there yet, with a few records each."""
        for seed in companies:
            company = Company(id=seed.id, name=seed.name, domain=seed.domain)
            for user in seed.users:
                company.users[user.id] = User(
                    **user.model_dump(), created=now.replace(microsecond=0)
                )
            furnish(company, now.replace(microsecond=0))
            self.companies[company.id] = company
            self._index(company)

    def users(self) -> Iterator[tuple[Company, User]]:
        """Every user with his company."""
        for company in self.companies.values():
            for user in company.users.values():
                yield company, user

    def user_of(self, email: str) -> tuple[Company, User] | None:
        """The user with this e-mail address."""
        return next((found for found in self.users() if found[1].email == email), None)

    def by_api_token(self, token: str) -> tuple[Company, User] | None:
        """Whose personal token this is."""
        found = self._by_token.get(token)
        return None if found is None or found[1].token_revoked else found

    def revoke(self, email: str) -> int:
        """End all grants of a user and his personal token; tells how many ended."""
        found = self.user_of(email)
        if found is None:
            return 0
        company, user = found
        ended = self.grants.revoke_user(company.id, user.id) + (not user.token_revoked)
        user.token_revoked = True
        return ended

    def restore(self, email: str) -> bool:
        """Make the personal token of a user good again; ended grants stay ended."""
        found = self.user_of(email)
        if found is not None:
            found[1].token_revoked = False
        return found is not None

    def reset(self) -> None:
        """Forget everything."""
        self.companies.clear()
        self._by_token.clear()
        self.grants = Grants()
        self.budget = Budget()
        self.deleted_reads = "soft"

    def dump(self) -> dict[str, Any]:
        """The state, its records as they are: they become JSON faster all at once."""
        return {
            "deleted_reads": self.deleted_reads,
            "grants": self.grants,
            "companies": list(self.companies.values()),
        }

    def load(self, kept: dict[str, Any]) -> None:
        """Take over what ``dump`` gave."""
        self.deleted_reads = kept["deleted_reads"]
        self.grants = Grants.model_validate(kept["grants"])
        for one in kept["companies"]:
            company = Company.model_validate(one)
            self.companies[company.id] = company
            self._index(company)

    def _index(self, company: Company) -> None:
        for user in company.users.values():
            self._by_token[user.token] = (company, user)
