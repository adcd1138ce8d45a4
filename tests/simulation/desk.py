"""The user at the settings page: he looks at the state of his connection, and presses buttons.

What the buttons do is done by settings-api. He does one thing after another, each until he is
answered.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from starlette.responses import Response
from tests.simulation.people import CALENDAR, ME, MY_EMAIL
from tests.simulation.service import PIPEDRIVE_URL, RunningService
from tests.simulation.tables.settings import SettingsTables
from tests.simulation.wire import COMPANY

from settings_api.api import connections as calls
from settings_api.api import decisions
from settings_api.api.caller import Caller
from settings_api.api.changes import SettingsChange
from settings_api.api.shown import ShownConnection
from settings_api.oauth.states import RoundTrip
from settings_api.parts import Parts
from settings_api.problem import ProblemError
from settings_api.user import User
from tandem.contracts.connections import ConnectionSettings, ConnectionStatus, Provider
from tandem.contracts.message import SyncUser

USER: Final = SyncUser(company_id=COMPANY, user_id=ME)
CONNECTION_ID: Final = UUID(int=0xC0)
PATIENCE_S: Final = 30.0
"""How long the user waits for an answer before he tries again."""
AGAIN_S: Final = 5.0
SILENT: Final = 503
AT_REST: Final = 409
"""Nothing can be decided while the connection is paused or has lost its grant."""
_ME: Final = User(
    key=USER,
    company_name="",
    company_domain="",
    email=MY_EMAIL,
    name="",
    time_zone="Europe/Berlin",
    locale="en_US",
    is_admin=False,
    crm_credential_id=UUID(int=1),
    crm_api_url=PIPEDRIVE_URL,
)
_CALLER: Final = Caller(_ME, session=None)
_WORDS: Final = {"confirm": decisions.confirm_held, "reject": decisions.reject_held}
AnswerT = TypeVar("AnswerT")


class Desk:
    """One connection as its user has it; `refused` is told what he should have been let do."""

    def __init__(
        self,
        settings_api: Callable[[], RunningService],
        *,
        note: Callable[[str], None],
        refused: Callable[[str], None],
        tables: SettingsTables,
        settings: dict[str, Any],
    ) -> None:
        self._settings_api = settings_api
        self._note = note
        self._refused = refused
        self._tables = tables
        self._settings = ConnectionSettings(calendar_id=CALENDAR, **settings)
        self._hand = asyncio.Lock()

    def sign_up(self, now: datetime) -> None:
        """The user has signed in, connected a calendar and made his choices before the run."""
        tables = self._tables
        tables.put_company(company_id=COMPANY, name="", domain="")
        tables.put_user(
            **USER.model_dump(),
            email=_ME.email,
            name=_ME.name,
            time_zone=_ME.time_zone,
            locale=_ME.locale,
            is_admin=_ME.is_admin,
            crm_credential_id=_ME.crm_credential_id,
            crm_api_url=_ME.crm_api_url,
            now=now,
        )
        tables.add_connection(
            connection_id=CONNECTION_ID,
            **USER.model_dump(),
            provider=Provider.GOOGLE.value,
            email=MY_EMAIL,
            calendar_credential_id=UUID(int=2),
            settings=self._settings.model_dump(mode="json"),
            now=now,
        )

    async def start(self) -> None:
        """The connection, which is told of as it is, begins."""
        await self._press("connect", lambda parts: parts.connections.publish_all())
        await self._press("start", lambda parts: calls.start(CONNECTION_ID, *_call(parts)))

    async def pause(self) -> None:
        """Write nothing for a while."""
        await self._press("pause", lambda parts: calls.pause(CONNECTION_ID, *_call(parts)))

    async def resume(self) -> None:
        """Go on, also with what rests because it was written again and again."""
        await self._press("resume", lambda parts: calls.resume(CONNECTION_ID, *_call(parts)))

    async def change(self, **values: Any) -> None:
        """Choose other values of settings, which are saved by themselves."""
        change = SettingsChange.model_validate({name: _sent(one) for name, one in values.items()})
        await self._press(
            f"change {', '.join(values)}",
            lambda parts: calls.change(CONNECTION_ID, change, *_call(parts)),
        )

    async def change_back(self, names: set[str]) -> None:
        """Choose again what was there first."""
        await self.change(**{name: getattr(self._settings, name) for name in sorted(names)})

    async def reconnect(self, side: str) -> None:
        """Allow us again what the account of a side no longer allowed."""
        if side == "crm":
            await self._press("sign in", lambda parts: parts.pipedrive.sign_in("code"))
            return
        trip = RoundTrip(USER, MY_EMAIL, "verifier")
        await self._press(
            "reconnect", lambda parts: parts.oauth[Provider.GOOGLE].connect(trip, "code")
        )

    async def choose_calendar(self) -> None:
        """Choose the calendar again, which was not there for a while."""
        await self.change(calendar_id=CALENDAR)

    async def remove_app(self) -> None:
        """Take our app out of Pipedrive, which tells us."""
        await self._press("remove app", lambda parts: parts.pipedrive.let_go(USER))

    async def resync(self) -> None:
        """Have both sides read again."""
        await self._press("resync", lambda parts: calls.resync(CONNECTION_ID, *_call(parts)))

    async def clear(self) -> None:
        """Remove the events of types that are not ticked any more."""
        await self._press(
            "remove unticked",
            lambda parts: decisions.remove_unticked(CONNECTION_ID, _CALLER, parts),
        )

    async def mend(self, *, held: str) -> None:
        """Look at the page, and do what it asks for; `held` is the word on held deletions.

        He has mended his accounts before, so it should not ask for these.
        """
        shown = await self._look()
        if shown is None:
            return
        for account in shown.reconnect:
            self._refused(f"the page says that {account} is lost, which it is not")
            await self.reconnect("crm" if account == "pipedrive" else "calendar")
        if shown.status is ConnectionStatus.CALENDAR_GONE:
            self._refused("the page says that the calendar is gone, which it is not")
            await self.choose_calendar()
        if shown.status is ConnectionStatus.NEEDS_CONFIRMATION:
            settle = _WORDS[held]
            await self._press(f"{held} held", lambda parts: settle(CONNECTION_ID, _CALLER, parts))
        await self.resume()

    async def see_all_well(self) -> None:
        """Nothing is left to be done in the end."""
        shown = await self._look()
        if shown is None or shown.status is not ConnectionStatus.ACTIVE:
            self._refused(f"the connection is {shown.status if shown else 'not there'} in the end")

    async def _look(self) -> ShownConnection | None:
        return await self._press(
            "look", lambda parts: calls.connection(CONNECTION_ID, *_call(parts))
        )

    async def _press(
        self, button: str, act: Callable[[Parts], Awaitable[AnswerT]]
    ) -> AnswerT | None:
        """Press until there is an answer; None where it is no."""
        async with self._hand:
            while True:
                try:
                    answer = await self._answer(act)
                except (TimeoutError, ProblemError) as error:
                    if not self._is_silence(button, error):
                        return None
                    await asyncio.sleep(AGAIN_S)
                else:
                    if button != "look":
                        self._note(f"user: {button}")
                    return answer

    def _is_silence(self, button: str, error: TimeoutError | ProblemError) -> bool:
        """Whether nobody has answered, so that it must be tried again."""
        if isinstance(error, TimeoutError) or error.status == SILENT:
            return True
        self._note(f"user: {button}: {error.status} {error.title}")
        if error.status != AT_REST:
            self._refused(f"{button} was answered by {error.status} {error.title}")
        return False

    async def _answer(self, act: Callable[[Parts], Awaitable[AnswerT]]) -> AnswerT:
        running = self._settings_api()
        pressed = running.begin(_carry_out(act, running.parts))
        done, _ = await asyncio.wait({pressed}, timeout=PATIENCE_S)
        if not done:
            raise TimeoutError
        answer: AnswerT = pressed.result()
        return answer


def _sent(value: Any) -> Any:
    """A value of a setting as a client sends it."""
    return sorted(value) if isinstance(value, frozenset) else value


def _call(parts: Parts) -> tuple[Response, Caller, Parts]:
    """What endpoints are called with besides what is asked."""
    return Response(), _CALLER, parts


async def _carry_out(act: Callable[[Parts], Awaitable[AnswerT]], parts: Parts) -> AnswerT:
    return await act(parts)
