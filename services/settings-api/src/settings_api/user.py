"""A Pipedrive user who has signed in."""

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from tandem.contracts.message import SyncUser
from tandem.runtime.postgres import as_uuid


@dataclass(frozen=True)
class User:
    """Who he is, and where his access to Pipedrive is kept."""

    key: SyncUser
    company_name: str
    company_domain: str
    email: str
    name: str
    time_zone: str
    locale: str
    is_admin: bool
    crm_credential_id: UUID
    crm_api_url: str

    @classmethod
    def of(cls, row: Any) -> Self:
        """The user of a row of `settings.users`."""
        return cls(
            key=SyncUser(company_id=row["company_id"], user_id=row["user_id"]),
            company_name=row["company_name"],
            company_domain=row["company_domain"],
            email=row["email"],
            name=row["name"],
            time_zone=row["time_zone"],
            locale=row["locale"],
            is_admin=row["is_admin"],
            crm_credential_id=as_uuid(row["crm_credential_id"]),
            crm_api_url=row["crm_api_url"],
        )
