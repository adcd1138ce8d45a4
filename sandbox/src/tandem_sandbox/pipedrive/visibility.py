"""Who may see what: a record can be its owner's alone; activities follow what they are about."""

from typing import Final

from tandem_sandbox.pipedrive.model import Activity, Shared, User
from tandem_sandbox.pipedrive.state import Company

OWNER_ONLY: Final = 1


def may_see(user: User, record: Shared) -> bool:
    """The owner, an admin, and everybody where the record is shared."""
    return user.is_admin or record.owner_id == user.id or record.visible_to != OWNER_ONLY


def may_see_activity(user: User, activity: Activity, company: Company) -> bool:
    """The owner, an admin, and everybody who may see its deal, person and organisation."""
    if user.is_admin or activity.owner_id == user.id:
        return True
    about: tuple[Shared | None, ...] = (
        company.deals.get(activity.deal_id or 0),
        company.persons.get(activity.person_id or 0),
        company.organizations.get(activity.org_id or 0),
    )
    return all(record is None or may_see(user, record) for record in about)
