"""What holds for a company as a whole: its activity types, and whether an account has access."""

from crm_ingest.adapters.pipedrive.client import PipedriveClient
from crm_ingest.crm import Account, ActivityKind


class PipedriveCompany:
    """Activity types and users, which only API v1 has."""

    def __init__(self, client: PipedriveClient) -> None:
        self._client = client

    async def activity_kinds(self, account: Account) -> tuple[ActivityKind, ...]:
        """See `Company`."""
        answer = await self._client.read(account, "activityTypes.list", "/api/v1/activityTypes")
        kinds = [kind for kind in answer.get("data") or () if kind.get("active_flag")]
        kinds.sort(key=lambda kind: (kind.get("order_nr") or 0, kind.get("id") or 0))
        return tuple(
            ActivityKind(
                key=kind["key_string"],
                name=kind.get("name") or kind["key_string"],
                icon=kind.get("icon_key") or "",
                color=kind.get("color"),
            )
            for kind in kinds
        )

    async def probe(self, account: Account) -> None:
        """See `Company`."""
        await self._client.read(account, "users.me", "/api/v1/users/me")
