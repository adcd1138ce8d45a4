"""Operations on deals, persons and organisations (API v2), as far as their visibility allows."""

from typing import Any, Literal

from tandem_sandbox.pipedrive.announcer import Announcer, Change
from tandem_sandbox.pipedrive.ask import Answer, Ask, checked, page
from tandem_sandbox.pipedrive.errors import PipedriveError, invalid, not_found
from tandem_sandbox.pipedrive.gate import Operation
from tandem_sandbox.pipedrive.kinds import FILTERS, KINDS, Kind
from tandem_sandbox.pipedrive.model import Shared
from tandem_sandbox.pipedrive.paging import Order, cut_page
from tandem_sandbox.pipedrive.representation import shown_shared
from tandem_sandbox.pipedrive.visibility import may_see


def contact_operations(announcer: Announcer) -> list[Operation]:
    """What can be done with the three kinds."""
    return [one for kind in KINDS for one in Records(kind, announcer).operations()]


class Records:
    """The operations of one kind."""

    def __init__(self, kind: Kind, announcer: Announcer) -> None:
        self._kind = kind
        self._announcer = announcer

    def operations(self) -> list[Operation]:
        """What can be done."""
        kind = self._kind
        path = f"/api/v2/{kind.plural}"
        one = path + "/{id:int}"
        return [
            Operation(f"{kind.plural}.list", "GET", path, 10, self.list),
            Operation(f"{kind.plural}.get", "GET", one, 1, self.get),
            Operation(f"{kind.plural}.create", "POST", path, 5, self.create),
            Operation(f"{kind.plural}.update", "PATCH", one, 5, self.update),
            Operation(f"{kind.plural}.delete", "DELETE", one, 3, self.delete),
        ]

    def list(self, ask: Ask) -> Answer:
        """A page of what the caller may see."""
        asked = ask.asked(self._kind.asked)
        wanted = asked.given(*(FILTERS & self._kind.asked.model_fields.keys()))
        records, cursor = cut_page(
            (
                one
                for one in self._kind.records(ask.company).values()
                if not one.is_deleted
                and (asked.ids is None or one.id in asked.ids)
                and asked.in_time(one.update_time)
                and all(getattr(one, name) == value for name, value in wanted)
                and may_see(ask.user, one)
            ),
            Order(asked.sort_by, asked.sort_direction),
            limit=asked.limit,
            cursor=asked.cursor,
        )
        return page([shown_shared(one) for one in records], cursor)

    def get(self, ask: Ask) -> Answer:
        """One record."""
        return Answer(shown_shared(self._found(ask)))

    def create(self, ask: Ask) -> Answer:
        """Make a record, the caller's unless it says otherwise."""
        given = ask.given(self._kind.body).model_dump(exclude_unset=True)
        if not given.get(self._kind.needs):
            raise invalid(self._kind.needs, "is required")
        _check_owner(ask, given)
        number = ask.company.next_id(self._kind.name)
        values = {
            "owner_id": ask.user.id,
            **given,
            "id": number,
            "add_time": ask.now,
            "update_time": ask.now,
        }
        made = checked(self._kind.model, values, strict=False)
        self._kind.records(ask.company)[number] = made
        self._tell(ask, "create", made, None)
        return Answer(shown_shared(made))

    def update(self, ask: Ask) -> Answer:
        """Change the given fields."""
        known = self._found(ask)
        given = ask.given(self._kind.body).model_dump(exclude_unset=True)
        _check_owner(ask, given)
        changed = self._put(ask, known, given)
        if changed is not known:
            self._tell(ask, "change", changed, known)
        return Answer(shown_shared(changed))

    def delete(self, ask: Ask) -> Answer:
        """Mark as deleted."""
        known = self._found(ask)
        self._put(ask, known, {"is_deleted": True})
        self._tell(ask, "delete", None, known)
        return Answer({"id": known.id})

    def _put(self, ask: Ask, known: Shared, changes: dict[str, Any]) -> Shared:
        """Keep the record with the changes; the same record where there are none."""
        values = {**known.model_dump(), **changes}
        changed = checked(self._kind.model, values, strict=False)
        if changed == known:
            return known
        changed.update_time = ask.now
        self._kind.records(ask.company)[known.id] = changed
        return changed

    def _tell(
        self,
        ask: Ask,
        action: Literal["create", "change", "delete"],
        after: Shared | None,
        before: Shared | None,
    ) -> None:
        told = after or before
        if told is None or not ask.company.webhooks:
            return
        self._announcer.tell(
            ask,
            Change(
                action=action,
                entity=self._kind.name,
                entity_id=told.id,
                after=shown_shared(after) if after else None,
                before=shown_shared(before) if before else None,
                seen_by=tuple(
                    user.id for user in ask.company.users.values() if may_see(user, told)
                ),
            ),
        )

    def _found(self, ask: Ask) -> Any:
        record = self._kind.records(ask.company).get(int(ask.path["id"]))
        if record is None or record.is_deleted:
            raise not_found(self._kind.name.capitalize())
        if not may_see(ask.user, record):
            raise PipedriveError(403, f"{self._kind.name.capitalize()} is not visible to you")
        return record


def _check_owner(ask: Ask, given: dict[str, Any]) -> None:
    if given.get("owner_id", ask.user.id) not in ask.company.users:
        raise invalid("owner_id", "does not exist")
